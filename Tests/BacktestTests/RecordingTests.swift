import Model
import Storage
import Testing
import Wire

@testable import Backtest

private func sampleFile() throws -> (bytes: [UInt8], batches: Int) {
    var encoder = RecordingEncoder(labelLimits: .standard)
    var file = encoder.header(at: at(0), isRestart: true)
    for round in 1...6 {
        let time = at(Double(round) * 15)
        let values = [Double(round), -Double(round), 0.1 * Double(round), .nan, .infinity, 0x1p60]
        let series = values.enumerated().map { index, value in
            OutgoingSeries(
                labels: Labels([("__name__", "m"), ("index", String(index))]),
                samples: [(time, value), (time + .seconds(1), value)])
        }
        encoder.add(try decoded(series), at: time)
        file += encoder.flush(at: time)
    }
    return (file, 6)
}

/// What a reader saw: the batches' samples, bit for bit.
private func read(_ file: [UInt8]) -> (lines: [String], end: LogEnd, malformed: Int) {
    var history = RecordingHistory()
    var lines: [String] = []
    var labels: [Labels] = []
    let end = history.read(file) { event in
        switch event {
        case .series(let added): labels += added
        case .restarted(let time): lines.append("restarted \(time.millis)")
        case .batch(let batch):
            for index in batch.numbers.indices {
                lines.append(
                    "\(labels[Int(batch.numbers[index])]) \(batch.times[index]) "
                        + String(batch.values[index].bitPattern, radix: 16))
            }
        }
    }
    return (lines, end, history.malformed)
}

@Suite struct RecordingTests {
    @Test func everyValueComesBackBitForBit() throws {
        let (file, batches) = try sampleFile()
        let (lines, end, malformed) = read(file)
        #expect(end == .clean)
        #expect(malformed == 0)
        #expect(lines.count == 1 + batches * 12)
        let bits = String((0.1 * 3.0).bitPattern, radix: 16)
        #expect(lines.contains("m{index=\"2\"} \(at(45).millis) \(bits)"))
        #expect(
            lines.contains { $0.hasPrefix("m{index=\"3\"}") && $0.hasSuffix("7ff8000000000000") })
    }

    @Test func negativeZeroAndHugeNumbersAreNoWholeNumbers() {
        for (last, value) in [
            (0.0, -0.0), (-0.0, 0.0), (0x1p53, 0x1p54), (1.5, 3.0), (3.0, 1.5), (-7, 0x1p53),
            (-0x1p53, 0x1p53), (.nan, .nan), (2, 2), (.infinity, -.infinity),
        ] {
            var out = ByteWriter()
            RecordingFormat.write(value, after: last, into: &out)
            var reader = ByteReader(out.bytes)
            let back = RecordingFormat.readValue(after: last, from: &reader)
            #expect(back?.bitPattern == value.bitPattern)
            #expect(reader.isAtEnd)
        }
    }

    @Test func aFileCutAnywhereReadsUpToItsLastGoodRecord() throws {
        let (file, _) = try sampleFile()
        let whole = read(file).lines
        for length in 0..<file.count {
            let (lines, _, malformed) = read(Array(file[..<length]))
            #expect(whole.starts(with: lines))
            #expect(malformed == 0)
        }
    }

    @Test func aFlippedByteLosesRecordsAndInventsNone() throws {
        let (file, _) = try sampleFile()
        let whole = read(file).lines
        for place in file.indices {
            var damaged = file
            damaged[place] ^= 0x55
            let lines = read(damaged).lines
            #expect(whole.starts(with: lines))
        }
    }

    @Test func damageBehindAGoodChecksumDoesNotCrashTheReader() throws {
        var generator = SeededGenerator(state: 7)
        for _ in 0..<2000 {
            let bytes = (0..<Int.random(in: 1..<60, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            var file: [UInt8] = []
            LogRecord(
                kind: 3, position: LogPosition(1), now: at(0), payload: Snappy.compress(bytes)
            ).encode(into: &file)
            _ = read(file)
        }
    }

    @Test func aSecondFileUsesTheNumbersOfTheFirst() throws {
        let (file, _) = try sampleFile()
        var history = RecordingHistory()
        var added = 0
        for _ in 0..<2 {
            _ = history.read(file) { if case .series(let labels) = $0 { added += labels.count } }
        }
        #expect(added == 6)
        #expect(history.seriesCount == 6)
    }
}
