public import Agent
public import Storage

// Data folders made by hand: what the benchmark of back-tests reads.

extension HistoryFolder {
    /// Writes a segment of an agent's samples.
    public static func write(_ draft: SegmentDraft, in folder: String) throws(FileFault) {
        do throws(LogFault) {
            _ = try SegmentFolder(in: folder).write(draft)
        } catch { throw FileFault(path: folder, reason: error.reason) }
    }

    /// Writes an agent as its checkpoint.
    public static func write(_ agent: AgentCore, in folder: String) throws(FileFault) {
        guard makeFolder(folder) else { throw FileFault(folder) }
        do throws(LogFault) {
            _ = try CheckpointFolder(folder: folder).write(agent.snapshot())
        } catch { throw FileFault(path: folder, reason: error.reason) }
    }

    /// Writes a file of a recording.
    public static func write(
        recording bytes: [UInt8], number: Int, in folder: String
    ) throws(FileFault) {
        guard makeFolder(folder) else { throw FileFault(folder) }
        let digits = String(number)
        let name =
            String(repeating: "0", count: max(0, 10 - digits.count)) + digits
            + RecordingFolder.suffix
        do throws(LogFault) {
            try writeNew(bytes, to: folder + "/" + name)
        } catch { throw FileFault(path: folder, reason: error.reason) }
    }
}
