import Foundation
import Glibc
import Model
import Storage
import Testing

@testable import Server

// Records, segments and faults for the tests of the event log.

func logRecord(_ index: UInt64, _ payload: [UInt8] = [1, 2, 3]) -> LogRecord {
    LogRecord(
        kind: 1, position: LogPosition(index), now: Timestamp(millis: Int64(index)),
        payload: payload)
}

func framed(_ records: [LogRecord]) -> [UInt8] {
    var bytes: [UInt8] = []
    for record in records { record.encode(into: &bytes) }
    return bytes
}

extension EventLog {
    func append(_ records: [LogRecord]) throws(LogFault) {
        try append(framed(records), first: records[0].position)
    }

    /// What a recovery finds.
    func read() throws(LogFault) -> (records: [LogRecord], recovery: LogRecovery) {
        var records: [LogRecord] = []
        let recovery = try recover { records.append($0) }
        return (records, recovery)
    }
}

/// A recovery by an agent that starts anew.
func recovered(_ folder: String) throws -> (records: [LogRecord], recovery: LogRecovery) {
    try EventLog(folder: folder).read()
}

/// The segments in a folder, by name.
func segments(_ folder: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0 != "lock" }.sorted()
}

/// The records in the segments of a folder that an agent still holds.
func recordsOnDisk(_ folder: String) throws -> [LogRecord] {
    var records: [LogRecord] = []
    for name in segments(folder) where name.hasSuffix(".log") {
        let bytes = try #require(readFile(folder + "/" + name))
        var reader = LogReader(
            bytes, from: LogPosition(UInt64(name.dropLast(4)) ?? 0))
        while let record = reader.next() { records.append(record) }
    }
    return records
}

func segmentName(_ position: Int) -> String {
    let digits = String(position)
    return String(repeating: "0", count: 20 - digits.count) + digits + ".log"
}

/// Runs `body` while no file of this process can grow over `bytes`, as on a full disk. The limit is
/// the whole process's, so it is large against what other tests write, and short.
func withFileSizeLimit(_ bytes: UInt, _ body: () throws -> Void) throws {
    signal(SIGXFSZ, SIG_IGN)
    let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    var old = rlimit()
    try #require(getrlimit(resource, &old) == 0)
    var new = rlimit(rlim_cur: bytes, rlim_max: old.rlim_max)
    try #require(setrlimit(resource, &new) == 0)
    defer { setrlimit(resource, &old) }
    try body()
}

/// Runs `body` with this thread's file access that of nobody: root may read everything.
func asNobody<Result>(_ body: () throws -> Result) rethrows -> Result {
    // The Glibc module does not show setfsuid, which acts on one thread.
    typealias Call = @convention(c) (UInt32) -> Int32
    guard let symbol = dlsym(nil, "setfsuid") else { return try body() }
    let setfsuid = unsafeBitCast(symbol, to: Call.self)
    let before = setfsuid(65_534)
    defer { _ = setfsuid(UInt32(bitPattern: before)) }
    return try body()
}

/// Sets an attribute of a file with chattr(1); false where that is not possible, which needs root
/// and a file system that knows them.
@discardableResult
func setAttribute(_ attribute: String, _ path: String) -> Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/chattr")
    process.arguments = [attribute, path]
    process.standardError = FileHandle.nullDevice
    do { try process.run() } catch { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
}
