import Foundation
import Glibc
import Model
import Storage
import Testing

@testable import Server

/// Appends that fail leave nothing behind, and the log goes on when the disk does.
@Suite(.serialized) struct EventLogFaultTests {
    private static let limit: UInt = 1 << 20
    private let folder: TemporaryFolder
    private let large = logRecord(2, [UInt8](repeating: 7, count: 2 << 20))

    init() throws { folder = try TemporaryFolder() }

    @Test func aFullDiskLeavesNoPartOfARecord() throws {
        let log = try EventLog(folder: folder.path)
        try log.append([logRecord(1)])
        try withFileSizeLimit(Self.limit) {
            for _ in 0..<3 {
                do throws(LogFault) {
                    try log.append([large])
                    Issue.record("two megabytes went into one")
                } catch {
                    #expect(error.operation == "write" && error.code == EFBIG)
                }
                #expect(
                    readFile(folder.path(segmentName(1))) == framed([logRecord(1)]))
            }
            try log.append([logRecord(2)])
        }
        try log.append([logRecord(3, large.payload)])
        #expect(
            try recordsOnDisk(folder.path)
                == [logRecord(1), logRecord(2), logRecord(3, large.payload)])
    }

    /// Should even taking back fail, nothing good is ever written behind the debris.
    @Test func debrisIsCutBeforeAnythingElseIsWritten() throws {
        let path = folder.path(segmentName(1))
        let log = try EventLog(folder: folder.path)
        try log.append([logRecord(1)])
        guard setAttribute("+a", path) else { return }
        defer { setAttribute("-a", path) }
        try withFileSizeLimit(Self.limit) {
            #expect(throws: LogFault.self) { try log.append([large]) }
        }
        #expect((readFile(path) ?? []).count == Int(Self.limit))
        #expect(throws: LogFault.self) { try log.append([logRecord(2)]) }
        setAttribute("-a", path)
        try log.append([logRecord(2)])
        #expect(try recordsOnDisk(folder.path) == [logRecord(1), logRecord(2)])
    }

    /// /dev/null takes every write and cannot be synced.
    @Test func aFailedSyncIsAFault() throws {
        try folder.link(segmentName(1), to: "/dev/null")
        let log = try EventLog(folder: folder.path)
        #expect(try log.read().records == [])
        for _ in 0..<2 {
            do throws(LogFault) {
                try log.append([logRecord(1)])
                Issue.record("what cannot be synced was taken")
            } catch {
                #expect(error.code == EINVAL && error.path == folder.path(segmentName(1)))
            }
        }
    }

    @Test func aSegmentThatCannotBeMadeIsAFaultUntilItCan() throws {
        let log = try EventLog(folder: folder.path, segmentBytesMax: 1)
        try log.append([logRecord(1)])
        let away = folder.path + ".away"
        try #require(rename(folder.path, away) == 0)
        for _ in 0..<2 {
            do throws(LogFault) {
                try log.append([logRecord(2)])
                Issue.record("a segment in no folder")
            } catch {
                #expect(error.operation == "create" && error.code == ENOENT)
            }
        }
        try #require(rename(away, folder.path) == 0)
        try log.append([logRecord(2)])
        #expect(try recordsOnDisk(folder.path) == [logRecord(1), logRecord(2)])
    }

    /// A segment that is there already holds somebody's records.
    @Test func aSegmentIsNeverBegunTwice() throws {
        let log = try EventLog(folder: folder.path)
        try folder.write(segmentName(1), "somebody else's")
        do throws(LogFault) {
            try log.append([logRecord(1)])
            Issue.record("appended to a segment that was not read")
        } catch {
            #expect(error.operation == "create" && error.code == EEXIST)
        }
    }

    @Test func noFileStaysOpenBehindAFault() throws {
        do { try EventLog(folder: folder.path).append([logRecord(1)]) }
        let holder = try EventLog(folder: folder.path)
        for _ in 0..<5 {
            #expect(throws: LogFault.self) { try EventLog(folder: folder.path) }
        }
        _ = try holder.read()
        #expect(openFiles(below: folder.path).count == 2)
    }

    /// What this process has open below a folder.
    private func openFiles(below path: String) -> [String] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        let targets = numbers.compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0)
        }
        return targets.filter { $0.hasPrefix(path) }
    }
}
