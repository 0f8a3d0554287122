import Agent
import Ingest
import Model
import Storage

// Checkpoints as the owner sees them: it takes points in time and hands them to the storekeeper,
// and begins with the newest one that is whole.

extension Owner {
    /// Begins with the newest checkpoint that is whole. A damaged one costs time: the one before it
    /// is kept, and the log from there on.
    func restore() {
        let checkpoints = CheckpointFolder(folder: log.folder)
        for position in checkpoints.positions() {
            if let restored = checkpoints.read(position) {
                agent = restored
                logger.info(
                    "checkpoint restored", ("position", String(position.index)),
                    ("series", String(agent.seriesCount)))
                return
            }
            logger.warn("checkpoint damaged, put aside", ("position", String(position.index)))
            checkpoints.putAside(position)
            figures.withLock { $0.checkpointsDamaged += 1 }
        }
    }

    /// Maps the segments that the agent knows, and removes files it does not.
    func openSegments() {
        let folder = SegmentFolder(in: log.folder)
        let numbers = agent.segmentNumbers
        folder.removeAllBut(Set(numbers))
        for number in numbers {
            do throws(LogFault) {
                open(number, try folder.map(number))
            } catch {
                // Those of drafts in the checkpoint are written now.
                logger.warn("segment not there", ("reason", error.reason))
            }
        }
    }

    private func open(_ number: UInt32, _ region: Region) {
        do throws(SegmentFault) {
            _ = agent.attach(try Segment(region, number: number))
        } catch {
            tell(error, of: number)
        }
    }

    private func tell(_ fault: SegmentFault, of number: UInt32) {
        figures.withLock { $0.segmentsDamaged += 1 }
        logger.error(
            "segment damaged, its samples are missing from queries",
            ("segment", String(number)), ("fault", String(describing: fault)))
    }

    /// Hands segments that could not be written to the storekeeper again.
    func retrySegments() {
        for draft in failedDrafts { storekeeper.keep(.segment(draft)) }
        failedDrafts = []
    }

    /// Takes a point in time and has it written, when enough has come since the last.
    func checkpointIfDue() {
        let stored = agent.intake.totals.stored - storedAtCheckpoint
        guard
            stored >= limits.checkpointSamples || tailBytes >= agent.configuration.checkpointBytes,
            !isCheckpointing, !isFailing, !agent.isBackfilling, durable == agent.position
        else { return }
        isCheckpointing = true
        storedAtCheckpoint = agent.intake.totals.stored
        tailBytes = 0
        log.roll()
        storekeeper.keep(.checkpoint(agent.snapshot()))
    }

    func note(_ news: KeptNews) {
        switch news {
        case .checkpointed(let written, let seconds):
            isCheckpointing = false
            figures.withLock {
                $0.checkpoints += 1
                $0.checkpointBytes = written.bytes
                $0.checkpointSeconds = seconds
            }
            do throws(LogFault) {
                try log.removeSegments(upTo: written.oldestKept)
            } catch {
                logger.warn("old segments of the log stay", ("reason", error.reason))
            }
        case .segmentWritten(let segment):
            figures.withLock { $0.segmentsWritten += 1 }
            if !agent.attach(segment) { storekeeper.keep(.removeSegments([segment.number])) }
        case .segmentDamaged(let number, let fault): tell(fault, of: number)
        case .segmentFailed(let draft, let reason):
            // Its samples stay in memory, and in the log; it is tried again with the next job.
            figures.withLock { $0.segmentsFailed += 1 }
            logger.error("segment not written", ("reason", reason))
            failedDrafts.append(draft)
        case .checkpointFailed(let reason):
            isCheckpointing = false
            figures.withLock { $0.checkpointsFailed += 1 }
            logger.error("checkpoint not written", ("reason", reason))
        }
    }
}
