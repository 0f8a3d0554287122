import Agent
import Model
import Storage

// The thread that writes what is large: checkpoints and segments of samples. One after the other,
// so that they never compete with each other for the disk, and never with the owner for its time.

/// What the storekeeper is to do.
enum KeepJob: Sendable {
    case checkpoint(AgentSnapshot)
    case segment(SegmentDraft)
    case removeSegments([UInt32])
    case stop
}

/// What it did; goes to the owner.
enum KeptNews: Sendable {
    case checkpointed(CheckpointFolder.Written, seconds: Double)
    case checkpointFailed(reason: String)
    case segmentWritten(Segment)
    case segmentDamaged(UInt32, SegmentFault)
    case segmentFailed(SegmentDraft, reason: String)
}

/// Writes checkpoints and segments.
final class Storekeeper: @unchecked Sendable {
    // Sound: `worker` is written once, by `start`, before anybody can stop it.
    private let jobs = Mailbox<KeepJob>(capacity: .max)
    private let checkpoints: CheckpointFolder
    private let segments: SegmentFolder
    private let report: @Sendable (KeptNews) -> Void
    private var worker: Worker?

    /// `report` is called on the storekeeper's thread.
    init(folder: String, report: @escaping @Sendable (KeptNews) -> Void) {
        checkpoints = CheckpointFolder(folder: folder)
        segments = SegmentFolder(in: folder)
        self.report = report
    }

    func start() { worker = Worker { [self] in run() } }

    /// Queues a job. The owner asks for one checkpoint at a time, and segments are as few as full
    /// chunks make them, so the queue stays short.
    func keep(_ job: KeepJob) { jobs.postAlways(job) }

    /// Ends the thread after what it is at.
    func stop() {
        jobs.postAlways(.stop)
        worker?.join()
    }

    private func run() {
        while true {
            for job in jobs.drain(until: nil) {
                switch job {
                case .stop: return
                case .checkpoint(let snapshot): write(snapshot)
                case .segment(let draft): write(draft)
                case .removeSegments(let numbers): segments.remove(numbers)
                }
            }
        }
    }

    private func write(_ snapshot: AgentSnapshot) {
        let start = wallClock()
        do throws(LogFault) {
            let written = try checkpoints.write(snapshot)
            report(.checkpointed(written, seconds: (wallClock() - start).seconds))
        } catch {
            report(.checkpointFailed(reason: error.reason))
        }
    }

    private func write(_ draft: SegmentDraft) {
        do throws(LogFault) {
            let region = try segments.write(draft)
            // Checked here: the owner has no time for megabytes.
            do throws(SegmentFault) {
                report(.segmentWritten(try Segment(region, number: draft.number)))
            } catch {
                report(.segmentDamaged(draft.number, error))
            }
        } catch {
            report(.segmentFailed(draft, reason: error.reason))
        }
    }
}
