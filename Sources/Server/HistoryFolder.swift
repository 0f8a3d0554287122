public import Agent
import Backtest
import Glibc
import Model
import Storage

// A data folder read for a back-test: a copy, or one that an agent is using. Nothing in it is
// changed, no lock is taken.

/// What a folder holds for a back-test.
public enum HistoryFolder {
    /// The files of a recording, oldest first; none when the folder is no recording.
    public static func recordings(in folder: String) -> [String] {
        RecordingFolder(folder: folder).files() ?? []
    }

    /// The agent of a data folder: newest whole checkpoint, the log behind it, segments mapped.
    public static func agent(in folder: String) throws(FileFault) -> AgentCore {
        let checkpoints = CheckpointFolder(folder: folder)
        var agent = AgentCore(seed: randomBits())
        for position in checkpoints.positions() {
            if let restored = checkpoints.read(position) {
                agent = restored
                break
            }
        }
        let logs = (listFolder(folder) ?? []).filter { $0.hasSuffix(".log") && $0.utf8.count == 24 }
            .sorted()
        guard !logs.isEmpty || agent.position > .start else {
            throw FileFault(
                path: folder, reason: "neither a recording nor the data folder of an agent")
        }
        replay(logs, in: folder, into: &agent)
        let segments = SegmentFolder(in: folder)
        for number in agent.segmentNumbers {
            // One that is missing is still in memory, or its samples are gone as for the agent.
            guard let region = try? segments.map(number),
                let segment = try? Segment(region, number: number)
            else { continue }
            _ = agent.attach(segment)
        }
        return agent
    }

    private static func replay(_ logs: [String], in folder: String, into agent: inout AgentCore) {
        var effects: [PlannedEffect] = []
        for name in logs {
            guard let first = UInt64(name.dropLast(4)),
                let bytes = readFile(folder + "/" + name)
            else { continue }
            var reader = LogReader(bytes, from: LogPosition(first))
            while let record = reader.next() {
                guard record.position > agent.position else { continue }
                // A record that does not join on: the rest has nothing to stand on.
                guard record.position == agent.position.next else { return }
                _ = agent.replay(record, into: &effects)
                effects.removeAll(keepingCapacity: true)
            }
        }
    }
}
