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

    private let folder: String
    private let segmentBytesMax: Int
    private var file: Int32 = -1
    private var path = ""
    private var durableBytes = 0
    /// Whether bytes of a failed append may stand behind the durable ones.
    private var hasDebris = false
    private var lock: Int32

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

    /// Reads every good record in order. What is torn or corrupt is cut off, segments that do not
    /// join on are put aside as `.cut`, and appending goes on behind the last good record.
    func recover(_ take: (LogRecord) -> Void) throws(LogFault) -> LogRecovery {
        var recovery = LogRecovery()
        var position = LogPosition.start.next
        var isCut = false
        for name in try segments() {
            let segment = folder + "/" + name
            if isCut {
                try putAside(segment)
                continue
            }
            guard let bytes = readFile(segment) else { throw LogFault("read", segment) }
            var reader = LogReader(bytes, from: position)
            while let record = reader.next() {
                take(record)
                recovery.records += 1
                position = record.position.next
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
        if path.isEmpty { return recovery }
        file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard file >= 0 else { throw LogFault("open", path) }
        return recovery
    }

    private func putAside(_ segment: String) throws(LogFault) {
        guard rename(segment, segment + ".cut") == 0 else { throw LogFault("rename", segment) }
    }

    /// Appends whole records and makes them durable. On a fault nothing of them remains.
    func append(_ bytes: [UInt8], first position: LogPosition) throws(LogFault) {
        precondition(lock >= 0, "a closed log is not appended to")
        try cutDebris()
        if file < 0 || durableBytes >= segmentBytesMax { try begin(position) }
        do throws(LogFault) {
            try write(bytes)
            guard fdatasync(file) == 0 else { throw LogFault("fdatasync", path) }
        } catch {
            hasDebris = true
            // Should that fail too, the next append tries it first. Both faults have one cause, and
            // the first says more.
            try? cutDebris()
            throw error
        }
        durableBytes += bytes.count
    }

    /// Takes back what may be there in part: recovery ends at it, whatever good stood behind.
    private func cutDebris() throws(LogFault) {
        guard hasDebris else { return }
        guard ftruncate(file, durableBytes) == 0 else { throw LogFault("truncate", path) }
        hasDebris = false
    }

    private func write(_ bytes: [UInt8]) throws(LogFault) {
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
    private func syncFolder() throws(LogFault) {
        let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw LogFault("open", folder) }
        defer { Glibc.close(directory) }
        guard fsync(directory) == 0 else { throw LogFault("fsync", folder) }
    }

    private func segments() throws(LogFault) -> [String] {
        guard let names = listFolder(folder) else { throw LogFault("list", folder) }
        return names.filter { $0.hasSuffix(".log") && $0.utf8.count == 24 }.sorted()
    }
}
