// One libFuzzer target for every parser of bytes from outside. The first byte of an input chooses
// the parser, the rest is its input, so one run and one corpus serve all; `make fuzz` gives each
// parser its own time. Besides memory faults (AddressSanitizer) and traps it looks for broken
// promises: what a parser accepts must read back the same.

import Ingest
import Model
import Storage
import Text
import Wire

/// The parsers, in the order of the first byte. scripts/fuzz.sh holds the same list.
private let parsers: [@Sendable ([UInt8]) -> Void] = [
    remoteWrite, compressedRemoteWrite, logReader, resolvedWrite, yaml, selector, json,
    remoteWrite2, featureRows, cloudEvents, featureBatch, promql, remoteRead, lineage,
    runEvents, webhooks, pipelineBatch,
    otlpTraces, otlpJSON, otlpMetrics, zipkinSpans, spanDelta,
]

/// Called by libFuzzer with each input. Returning 0 keeps the input if it reached new code.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let start, count > 0 else { return 0 }
    let input = UnsafeBufferPointer(start: start, count: count)
    parsers[Int(input[0]) % parsers.count](Array(input[1...]))
    return 0
}

/// libFuzzer's own mutations, of all but the first byte: a run stays with its parser.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutate(
    _ start: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int, _ seed: UInt32
) -> Int {
    count < 2 || limit < 2
        ? libFuzzerMutate(start, count, limit)
        : 1 + libFuzzerMutate(start + 1, count - 1, limit - 1)
}

@_silgen_name("LLVMFuzzerMutate")
private func libFuzzerMutate(
    _ start: UnsafeMutablePointer<UInt8>, _ count: Int, _ limit: Int
) -> Int

private let wireLimits: WireLimits = {
    var limits = WireLimits(bodyBytes: 1 << 16, series: 100, samples: 200, symbols: 300)
    limits.histograms = 20
    limits.histogramBytes = 2000
    limits.bucketsPerHistogram = 60
    limits.spansPerHistogram = 12
    limits.exemplars = 20
    limits.metadata = 20
    limits.helpBytes = 100
    limits.unitBytes = 10
    limits.familyBytes = 20
    return limits
}()

private let decoder = RemoteWriteDecoder(seed: HashSeed(low: 1, high: 2), limits: wireLimits)

@Sendable private func remoteWrite(_ bytes: [UInt8]) {
    guard let batch = try? decoder.decode(bytes) else { return }
    precondition(batch.timestamps.count == batch.values.count, "a time for each value")
    precondition(batch.bytes.count <= 2 * bytes.count, "labels are gathered once")
    var samples = 0
    for block in batch.series {
        precondition(block.samples.lowerBound == samples, "samples lie in the order of the series")
        samples = block.samples.upperBound
        guard
            let labels = try? canonicalLabels(
                of: batch.bytes, in: block.labels, limits: .standard)
        else { continue }
        precondition(Labels(labels.pairs.map { ($0.name, $0.value) }) == labels, "canonical")
    }
    precondition(samples == batch.timestamps.count, "every sample has its series")
    columns(batch)
    encodeAgain(batch)
}

private let decoder2 = RemoteWrite2Decoder(seed: HashSeed(low: 1, high: 2), limits: wireLimits)

@Sendable private func remoteWrite2(_ bytes: [UInt8]) {
    guard let batch = try? decoder2.decode(bytes) else { return }
    precondition(batch.timestamps.count == batch.values.count, "a time for each value")
    precondition(
        batch.starts.isEmpty || batch.starts.count == batch.values.count, "a start for each or none"
    )
    precondition(batch.bytes.count <= 2 * bytes.count, "references are gathered once")
    var samples = 0
    var known: [SeriesKey: Labels] = [:]
    for block in batch.series {
        precondition(block.samples.lowerBound == samples, "samples lie in the order of the series")
        samples = block.samples.upperBound
        guard let labels = try? batch.canonicalLabels(of: block, limits: .standard) else {
            precondition(known[block.key] == nil, "a key's labels are good or they are not")
            continue
        }
        precondition(Labels(labels.pairs.map { ($0.name, $0.value) }) == labels, "canonical")
        precondition(known[block.key, default: labels] == labels, "a key stands for one label set")
        known[block.key] = labels
    }
    precondition(samples == batch.timestamps.count, "every sample has its series")
    columns(batch)
    encodeAgain(batch)
}

@Sendable private func compressedRemoteWrite(_ bytes: [UInt8]) {
    guard let body = try? Snappy.uncompress(bytes, limit: 1 << 16) else { return }
    precondition(body.count <= 1 << 16, "the limit holds")
    remoteWrite(body)
    let again = try? Snappy.uncompress(Snappy.compress(body), limit: 1 << 16)
    precondition(again == body, "what is compressed uncompresses")
}

@Sendable private func logReader(_ bytes: [UInt8]) {
    var reader = LogReader(bytes, from: LogPosition(1))
    var good: [UInt8] = []
    while let record = reader.next() { record.encode(into: &good) }
    precondition(good == Array(bytes[..<reader.goodBytes]), "good bytes are the records' own")
    precondition((reader.end == .clean) == (good.count == bytes.count), "clean is all of it")
    // A checksum is hard to guess: also frame the input as one record's payload.
    let record = LogRecord(
        kind: 1, position: LogPosition(1), now: Timestamp(millis: 0), payload: bytes)
    var framed: [UInt8] = []
    record.encode(into: &framed)
    var second = LogReader(framed, from: LogPosition(1))
    precondition(second.next() == record && second.end == .clean, "a record reads back")
}

@Sendable private func resolvedWrite(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard let write = ResolvedWrite(from: &reader) else { return }
    precondition(write.starts.allSatisfy { $0.sample < write.ids.count }, "starts have samples")
    for labels in write.newSeries { _ = labels.description }
    precondition(write.ids.count == write.times.count, "a time for each number")
    var writer = ByteWriter()
    write.encode(into: &writer)
    var again = ByteReader(writer.bytes)
    guard let second = ResolvedWrite(from: &again) else {
        preconditionFailure("what is written reads back")
    }
    precondition(second.ids == write.ids && second.times == write.times, "and is the same")
    precondition(second.newSeries == write.newSeries, "and has the same series")
    precondition(second.starts == write.starts, "and the same starts")
    precondition(second.histograms == write.histograms, "and the same histograms")
    precondition(second.exemplars.count == write.exemplars.count, "and the same exemplars")
}

@Sendable private func yaml(_ bytes: [UInt8]) { _ = try? YAML.parse(bytes, file: "fuzz.yaml") }

private let nowhere = SourcePosition(file: "fuzz.yaml", line: 1, column: 1)

@Sendable private func selector(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let selector = try? Selector.parse(text, at: nowhere) else { return }
    _ = selector.matches(Labels([("__name__", "up"), ("job", "api")]))
    let notation = selector.matchers.map {
        quoted($0.name) + $0.op.rawValue + quoted($0.value)
    }
    let again = try? Selector.parse("{" + notation.joined(separator: ",") + "}", at: nowhere)
    precondition(again?.matchers == selector.matchers, "what is parsed prints and parses")
}

@Sendable private func json(_ bytes: [UInt8]) {
    guard let value = try? JSONValue.parse(bytes) else { return }
    precondition(value["absent"] == nil || !value.members.isEmpty, "members only of objects")
}
