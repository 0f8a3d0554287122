import Backtest
import Foundation
import Model
import Storage
import Testing
import Wire

@testable import Server

private func batch(_ round: Int) throws -> WriteBatch {
    let time = Timestamp(millis: 1_795_392_000_000 + Int64(round) * 1000)
    let series = (0..<20).map { index in
        OutgoingSeries(
            labels: Labels([("__name__", "m"), ("index", String(index))]),
            samples: [(time, Double(round * 7 + index) * 1.1)])
    }
    return try RemoteWriteDecoder(seed: HashSeed(low: 1, high: 2), limits: .standard)
        .decode(RemoteWriteEncoder.encode(series))
}

private func recorded(in folder: String) -> (samples: Int, restarts: Int, ends: [LogEnd]) {
    var history = RecordingHistory()
    var restarts = 0
    var ends: [LogEnd] = []
    for file in HistoryFolder.recordings(in: folder) {
        ends.append(
            history.read(readFile(file) ?? []) {
                if case .restarted = $0 { restarts += 1 }
            })
    }
    return (history.samples, restarts, ends)
}

@Suite struct RecorderTests {
    private func record(
        _ rounds: Range<Int>, in folder: String, _ limits: RecordingLimits
    ) throws -> RecordingFigures {
        let recorder = try Recorder(
            folder: folder, labelLimits: .standard,
            logger: Logger(format: .logfmt, path: "/dev/null"),
            limits: limits)
        recorder.start()
        for round in rounds {
            recorder.record(
                try batch(round), at: Timestamp(millis: 1_795_392_000_000 + Int64(round) * 1000))
        }
        recorder.stop()
        return recorder.figures.withLock { $0 }
    }

    @Test func whatWasReceivedIsThereAfterwards() throws {
        let folder = try TemporaryFolder()
        var limits = RecordingLimits()
        limits.fileBytes = 4096
        limits.batches = 100_000
        let figures = try record(0..<500, in: folder.path("r"), limits)
        #expect(figures.samples == 10_000)
        #expect(figures.samplesDropped == 0)
        let read = recorded(in: folder.path("r"))
        #expect(read.samples == 10_000)
        #expect(read.restarts == 1)
        #expect(read.ends.allSatisfy { $0 == .clean })
        // The next process goes on in a file of its own.
        _ = try record(500..<510, in: folder.path("r"), limits)
        let more = recorded(in: folder.path("r"))
        #expect(more.samples == 10_200)
        #expect(more.restarts == 2)
        #expect(more.ends.count > read.ends.count)
    }

    @Test func aFileEndsWithItsAge() throws {
        let folder = try TemporaryFolder()
        var limits = RecordingLimits()
        limits.fileSpan = .seconds(100)
        limits.batches = 100_000
        _ = try record(0..<500, in: folder.path("r"), limits)
        #expect(HistoryFolder.recordings(in: folder.path("r")).count == 5)
    }

    @Test func theOldestFilesMakeRoom() throws {
        let folder = try TemporaryFolder()
        var limits = RecordingLimits()
        limits.fileSpan = .seconds(50)
        limits.totalBytes = 20_000
        limits.batches = 100_000
        let figures = try record(0..<1000, in: folder.path("r"), limits)
        let files = HistoryFolder.recordings(in: folder.path("r"))
        #expect(figures.filesRemoved > 0)
        #expect(files.count + figures.filesRemoved == 20)
        let sizes = files.map { fileSize($0) ?? 0 }
        #expect(sizes.dropLast().reduce(0, +) <= 20_000)
        #expect(recorded(in: folder.path("r")).ends.allSatisfy { $0 == .clean })
    }

    @Test func aFolderThatCannotBeWrittenIsSaidAtOnce() throws {
        #expect(throws: LogFault.self) {
            _ = try Recorder(
                folder: "/proc/nowhere/r", labelLimits: .standard,
                logger: Logger(format: .logfmt, path: "/dev/null"))
        }
    }
}
