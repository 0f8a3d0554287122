import Glibc
import Model
import Storage

// The event log on disk: segments named by the position of their first record, appended to,
// fdatasynced before anything that depends on them is carried out (DESIGN §4.5). A write that fails
// is taken back to the last durable byte and tried again, so a torn record is never followed by
// another.

/// What kept the log from being written or read.
public struct LogFault: Error, Sendable {
    public let operation: String
    public let path: String
    public let code: Int32

    init(_ operation: String, _ path: String) {
        self.operation = operation
        self.path = path
        code = errno
    }

    public var reason: String { "\(operation) \(path): \(String(cString: strerror(code)))" }
}

/// What reading the log found.
struct LogRecovery: Sendable {
    var records = 0
    var bytes = 0
    /// Bytes cut off behind the last good record.
    var cutBytes = 0
    var cutReason: String?
}

/// The open log. Owned by one thread.
final class EventLog {
    static let segmentBytesMax = 128 << 20

    let folder: String
    private let segmentBytesMax: Int
    private var file: Int32 = -1
    private var path = ""
    private var durableBytes = 0
    /// Whether bytes of a failed append may stand behind the durable ones.
    private var hasDebris = false
    private var lock: Int32
    private var isRollDue = false

    /// Opens the folder, creating it, and holds its lock as long as the process lives.
    init(
        folder: String, segmentBytesMax: Int = EventLog.segmentBytesMax
    ) throws(LogFault) {
        self.folder = folder
        self.segmentBytesMax = segmentBytesMax
        guard makeFolder(folder) else { throw LogFault("create", folder) }
        let lockPath = folder + "/lock"
        lock = open(lockPath, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw LogFault("open", lockPath) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            throw LogFault("lock (is another agent using it?)", lockPath)
        }
    }

    deinit { close() }

    /// Gives the folder back; nothing can be appended any more.
    func close() {
        if file >= 0 { Glibc.close(file) }
        if lock >= 0 { Glibc.close(lock) }
        file = -1
        lock = -1
    }

    /// Reads every good record after `known` in order. What is torn or corrupt is cut off, segments
    /// that do not join on are put aside as `.cut`, and appending goes on behind the last good
    /// record.
    func recover(
        after known: LogPosition = .start, _ take: (LogRecord) -> Void
    ) throws(LogFault) -> LogRecovery {
        var recovery = LogRecovery()
        var position = known.next
        var isCut = false
        var names = try segments()
        // A checkpoint stands for what came before it.
        if let first = names.lastIndex(where: { firstPosition($0) <= position }) {
            names.removeFirst(first)
            position = firstPosition(names[0])
        }
        for name in names {
            let segment = folder + "/" + name
            if isCut {
                try putAside(segment)
                continue
            }
            guard let bytes = readFile(segment) else { throw LogFault("read", segment) }
            let expected = position
            var reader = LogReader(bytes, from: expected)
            while let record = reader.next() {
                position = record.position.next
                guard record.position > known else { continue }
                take(record)
                recovery.records += 1
            }
            recovery.bytes += reader.goodBytes
            switch reader.end {
            case .clean: break
            case .torn(let at), .corrupt(let at):
                isCut = true
                recovery.cutBytes += bytes.count - at
                recovery.cutReason = "\(reader.end) in \(name)"
                if at == 0 && !bytes.isEmpty {
                    try putAside(segment)
                    continue
                }
                guard truncate(segment, at) == 0 else { throw LogFault("truncate", segment) }
            }
            path = segment
            durableBytes = reader.goodBytes
        }
        // All that is left may lie before the checkpoint: a new segment begins behind it.
        if path.isEmpty || position <= known {
            path = ""
            durableBytes = 0
            return recovery
        }
        file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw LogFault("open", path) }
        return recovery
    }

    /// Removes the segments of which every record is at or before `position`.
    func removeSegments(upTo position: LogPosition) throws(LogFault) {
        let names = try segments()
        for (name, next) in zip(names, names.dropFirst())
        where firstPosition(next) <= position.next {
            let segment = folder + "/" + name
            guard segment != path, unlink(segment) == 0 else { continue }
        }
    }

    /// Bytes of all segments.
    func size() -> Int {
        ((try? segments()) ?? []).reduce(0) { $0 + (fileSize(folder + "/" + $1) ?? 0) }
    }

    /// What a segment's name says of its first record.
    private func firstPosition(_ name: String) -> LogPosition {
        LogPosition(UInt64(name.dropLast(4)) ?? 0)
    }

    private func putAside(_ segment: String) throws(LogFault) {
        guard rename(segment, segment + ".cut") == 0 else { throw LogFault("rename", segment) }
    }

    /// Appends whole records and makes them durable, at once or with the next that are. On a fault
    /// nothing of them remains.
    func append(
        _ bytes: [UInt8], first position: LogPosition, isSynced: Bool = true
    ) throws(LogFault) {
        precondition(lock >= 0, "a closed log is not appended to")
        try cutDebris()
        if file < 0 || durableBytes >= segmentBytesMax || isRollDue {
            try sync()
            try begin(position)
            isRollDue = false
        }
        do throws(LogFault) {
            try writeAll(bytes, to: file, path)
            if isSynced {
                guard fdatasync(file) == 0 else { throw LogFault("fdatasync", path) }
            }
        } catch {
            hasDebris = true
            // Should that fail too, the next append tries it first. Both faults have one cause, and
            // the first says more.
            try? cutDebris()
            throw error
        }
        durableBytes += bytes.count
    }

    /// Begins a new segment with the next append. After a checkpoint the ones before are not read
    /// any more, so damage to them does no harm.
    func roll() { isRollDue = durableBytes > 0 }

    /// Makes durable what was appended without.
    func sync() throws(LogFault) {
        guard file >= 0 else { return }
        guard fdatasync(file) == 0 else { throw LogFault("fdatasync", path) }
    }

    /// Takes back what may be there in part: recovery ends at it, whatever good stood behind.
    private func cutDebris() throws(LogFault) {
        guard hasDebris else { return }
        guard ftruncate(file, durableBytes) == 0 else { throw LogFault("truncate", path) }
        hasDebris = false
    }

    private func begin(_ position: LogPosition) throws(LogFault) {
        let digits = String(position.index)
        let name = String(repeating: "0", count: 20 - digits.count) + digits + ".log"
        let next = folder + "/" + name
        // A segment that is there already holds records that were not read.
        let opened = open(next, O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw LogFault("create", next) }
        do throws(LogFault) {
            try syncFolder()
        } catch {
            Glibc.close(opened)
            unlink(next)
            throw error
        }
        if file >= 0 { Glibc.close(file) }
        file = opened
        path = next
        durableBytes = 0
    }

    /// A segment's name must survive a crash as well as its bytes.
    private func syncFolder() throws(LogFault) { try Server.syncFolder(folder) }

    private func segments() throws(LogFault) -> [String] {
        guard let names = listFolder(folder) else { throw LogFault("list", folder) }
        return names.filter { $0.hasSuffix(".log") && $0.utf8.count == 24 }.sorted()
    }
}

/// Makes the names in a folder durable.
func syncFolder(_ folder: String) throws(LogFault) {
    let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw LogFault("open", folder) }
    defer { close(directory) }
    guard fsync(directory) == 0 else { throw LogFault("fsync", folder) }
}
