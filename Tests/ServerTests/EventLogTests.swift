import Foundation
import Glibc
import Model
import Storage
import Testing

@testable import Server

@Suite struct EventLogTests {
    private let folder: TemporaryFolder
    private let three = [logRecord(1), logRecord(2, []), logRecord(3, [9, 9])]

    init() throws { folder = try TemporaryFolder() }

    @Test func whatIsAppendedIsRecovered() throws {
        do {
            let log = try EventLog(folder: folder.path)
            #expect(try log.read().records == [])
            try log.append(three)
            try log.append([logRecord(4)])
        }
        let log = try EventLog(folder: folder.path)
        let found = try log.read()
        #expect(found.records == three + [logRecord(4)])
        #expect(found.recovery.records == 4 && found.recovery.cutBytes == 0)
        #expect(found.recovery.bytes == framed(found.records).count)
        try log.append([logRecord(5)])
        #expect(segments(folder.path) == [segmentName(1)])
        #expect(try recordsOnDisk(folder.path).count == 5)
    }

    @Test func foldersAreMadeAsNeeded() throws {
        let deep = folder.path("a/b/c")
        try EventLog(folder: deep).append(three)
        #expect(try recovered(deep).records == three)
    }

    @Test func everyTruncationOfTheLastRecordIsCutOff() throws {
        let whole = framed(three)
        let good = framed(Array(three.dropLast())).count
        for length in good..<whole.count {
            let own = folder.path("\(length)")
            try folder.write("\(length)/" + segmentName(1), Array(whole[..<length]))
            let log = try EventLog(folder: own)
            let found = try log.read()
            #expect(found.records == Array(three.dropLast()))
            #expect(found.recovery.cutBytes == length - good)
            #expect((found.recovery.cutReason == nil) == (length == good))
            try log.append([logRecord(3, [7])])
            #expect(try recordsOnDisk(own) == Array(three.dropLast()) + [logRecord(3, [7])])
        }
    }

    @Test func aFlippedByteCutsAllThatFollows() throws {
        let records = (1...6).map { logRecord(UInt64($0), [UInt8](repeating: 1, count: 50)) }
        let size = framed([records[0]]).count
        for offset in [0, 4, 8, 9, 10, 18, 30, size - 1] {
            let name = "\(offset)/"
            var bytes = framed(Array(records[..<3]))
            bytes[size + offset] ^= 0x10
            try folder.write(name + segmentName(1), bytes)
            try folder.write(name + segmentName(4), framed(Array(records[3..<5])))
            try folder.write(name + segmentName(6), framed([records[5]]))
            let log = try EventLog(folder: folder.path(name))
            let found = try log.read()
            #expect(found.records == [records[0]], "byte \(offset)")
            #expect(found.recovery.cutBytes == 2 * size)
            #expect(found.recovery.cutReason?.hasSuffix("in \(segmentName(1))") == true)
            #expect(
                segments(folder.path(name))
                    == [segmentName(1), segmentName(4) + ".cut", segmentName(6) + ".cut"])
            try log.append([logRecord(2)])
            #expect(try recordsOnDisk(folder.path(name)) == [records[0], logRecord(2)])
        }
    }

    /// A crash between cutting and putting aside, or a segment that was removed by hand: what does
    /// not join on is kept for a person to look at.
    @Test func aSegmentThatDoesNotJoinOnIsPutAsideWhole() throws {
        let stray = framed([logRecord(4), logRecord(5)])
        try folder.write(segmentName(1), framed([logRecord(1)]))
        try folder.write(segmentName(4), stray)
        let log = try EventLog(folder: folder.path)
        let found = try log.read()
        #expect(found.records == [logRecord(1)])
        #expect(found.recovery.cutBytes == stray.count)
        #expect(segments(folder.path) == [segmentName(1), segmentName(4) + ".cut"])
        #expect(readFile(folder.path(segmentName(4) + ".cut")) == stray)
        try log.append([logRecord(2)])
        #expect(try recordsOnDisk(folder.path) == [logRecord(1), logRecord(2)])
    }

    @Test func segmentsRotateAndReadBackInOrder() throws {
        let records = (1...40).map { logRecord(UInt64($0), [UInt8](repeating: 5, count: 20)) }
        do {
            let log = try EventLog(folder: folder.path, segmentBytesMax: 100)
            for record in records { try log.append([record]) }
        }
        // Records of 46 bytes: a segment is left once it holds three.
        #expect(segments(folder.path) == stride(from: 1, to: 41, by: 3).map { segmentName($0) })
        let log = try EventLog(folder: folder.path, segmentBytesMax: 100)
        #expect(try log.read().records == records)
        try log.append([logRecord(41), logRecord(42)])
        try log.append([logRecord(43)])
        #expect(try recordsOnDisk(folder.path) == records + (41...43).map { logRecord($0) })
    }

    @Test func theLockIsHeldAsLongAsTheLogIsOpen() throws {
        do {
            let log = try EventLog(folder: folder.path)
            do throws(LogFault) {
                _ = try EventLog(folder: folder.path)
                Issue.record("two logs in one folder")
            } catch {
                #expect(error.code == EWOULDBLOCK)
                #expect(error.reason.contains("is another agent using it?"))
                #expect(error.reason.contains(folder.path("lock")))
            }
            try log.append([logRecord(1)])
        }
        #expect(try recovered(folder.path).records == [logRecord(1)])
    }

    /// A folder that cannot be read is not an empty log: appending to one would overwrite history.
    @Test func anUnreadableFolderIsAFault() throws {
        do { try EventLog(folder: folder.path).append(three) }
        chmod(folder.path("lock"), 0o666)
        chmod(folder.path, 0o311)
        defer { chmod(folder.path, 0o755) }
        let fault = asNobody { () -> LogFault? in
            do throws(LogFault) {
                let log = try EventLog(folder: folder.path)
                _ = try log.read()
                return nil
            } catch { return error }
        }
        #expect(fault?.code == EACCES)
    }

    @Test func anUnreadableSegmentIsAFault() throws {
        try FileManager.default.createDirectory(
            atPath: folder.path(segmentName(1)), withIntermediateDirectories: false)
        let log = try EventLog(folder: folder.path)
        #expect(throws: LogFault.self) { try log.read() }
    }

    @Test(arguments: ["", "/proc/nowhere/data", "/dev/null/data"])
    func aFolderThatCannotBeMadeIsAFault(path: String) {
        #expect(throws: LogFault.self) { try EventLog(folder: path) }
    }

    @Test func filesOfOtherNamesAreLeftAlone() throws {
        try folder.write("1.log", "x")
        try folder.write(segmentName(1) + ".cut", "x")
        try folder.write("notes.txt", "x")
        let log = try EventLog(folder: folder.path)
        #expect(try log.read().recovery.bytes == 0)
        try log.append([logRecord(1)])
        #expect(try recordsOnDisk(folder.path) == [logRecord(1)])
        #expect(readFile(folder.path("notes.txt")) == [120])
    }
}
