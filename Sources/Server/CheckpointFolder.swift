import Agent
import Glibc
import Model
import Storage

// Checkpoints on disk: `<position>.checkpoint`, the position of the newest log record each holds
// the effect of. Written under another name, made durable, then renamed: what has the name is
// whole. The newest two are kept, and the log from the older one on, so that a damaged checkpoint
// costs time and nothing else.

/// The checkpoints of a data folder.
struct CheckpointFolder: Sendable {
    static let kept = 2
    private static let suffix = ".checkpoint"
    private static let bufferBytes = 1 << 20

    let folder: String

    /// What was written.
    struct Written: Sendable {
        let position: LogPosition
        let bytes: Int
        /// The oldest checkpoint that is kept: the log before it is not needed any more.
        let oldestKept: LogPosition
    }

    /// The positions of the checkpoints there are, newest first.
    func positions() -> [LogPosition] {
        (listFolder(folder) ?? []).compactMap { name in
            guard name.hasSuffix(Self.suffix) else { return nil }
            return UInt64(name.dropLast(Self.suffix.count)).map { LogPosition($0) }
        }.sorted(by: >)
    }

    func path(of position: LogPosition) -> String {
        let digits = String(position.index)
        let zeros = String(repeating: "0", count: max(0, 20 - digits.count))
        return folder + "/" + zeros + digits + Self.suffix
    }

    /// Writes a point in time, and removes what it makes superfluous.
    func write(_ snapshot: AgentSnapshot) throws(LogFault) -> Written {
        let path = path(of: snapshot.position)
        let draft = path + ".tmp"
        var bytes = 0
        do throws(LogFault) {
            bytes = try writeDraft(snapshot, to: draft)
        } catch {
            unlink(draft)
            throw error
        }
        guard rename(draft, path) == 0 else { throw LogFault("rename", draft) }
        try syncFolder(folder)
        let all = positions()
        for position in all.dropFirst(Self.kept) { unlink(self.path(of: position)) }
        let oldest = all.prefix(Self.kept).last ?? snapshot.position
        return Written(position: snapshot.position, bytes: bytes, oldestKept: oldest)
    }

    private func writeDraft(
        _ snapshot: AgentSnapshot, to path: String
    ) throws(LogFault) -> Int {
        let file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw LogFault("create", path) }
        defer { close(file) }
        var snapshot = snapshot
        var total = 0
        var buffer: [UInt8] = []
        while let record = snapshot.next() {
            record.encode(into: &buffer)
            guard buffer.count >= Self.bufferBytes else { continue }
            try writeAll(buffer, to: file, path)
            total += buffer.count
            buffer.removeAll(keepingCapacity: true)
        }
        try writeAll(buffer, to: file, path)
        guard fdatasync(file) == 0 else { throw LogFault("fdatasync", path) }
        return total + buffer.count
    }

    /// The agent of a checkpoint, or nil when it is damaged.
    func read(_ position: LogPosition) -> AgentCore? {
        let path = path(of: position)
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var restorer = AgentRestorer(seed: randomBits())
        var next = LogPosition.start.next
        while let frame = readExactly(LogRecord.frameBytes, from: file) {
            var reader = ByteReader(frame)
            guard let length = reader.fixed32(),
                Int(length) <= LogRecord.headerBytes + LogRecord.payloadBytesMax,
                let body = readExactly(Int(length), from: file)
            else { return nil }
            var records = LogReader(frame + body, from: next)
            guard let record = records.next(), restorer.take(record) else { return nil }
            next = next.next
        }
        guard let agent = restorer.finish(), agent.position == position else { return nil }
        return agent
    }

    /// Puts a damaged one aside, where a person can look at it.
    func putAside(_ position: LogPosition) {
        rename(path(of: position), path(of: position) + ".damaged")
    }

    private func readExactly(_ count: Int, from file: Int32) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress.map { $0 + filled }, count - filled)
            }
            if got < 0 && errno == EINTR { continue }
            guard got > 0 else { return nil }
            filled += got
        }
        return bytes
    }
}

/// Writes all bytes to a file.
func writeAll(_ bytes: [UInt8], to file: Int32, _ path: String) throws(LogFault) {
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes {
            Glibc.write(file, $0.baseAddress.map { $0 + written }, bytes.count - written)
        }
        if count < 0 {
            if errno == EINTR { continue }
            throw LogFault("write", path)
        }
        written += count
    }
}
