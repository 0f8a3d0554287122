import Model
import Traces
import Wire

// What brings spans and data points: OTLP as protobuf and as JSON, Zipkin, and the log's form of
// what spans changed.

private let limits: OTLPLimits = {
    var limits = OTLPLimits()
    limits.bodyBytes = 1 << 16
    limits.spans = 50
    limits.attributesPerSpan = 20
    limits.resources = 10
    limits.valueBytes = 60
    limits.points = 40
    limits.depth = 5
    return limits
}()

private let decoder = OTLPTraceDecoder(seed: HashSeed(low: 1, high: 2), limits: limits)
private let lens = SpanLens(["http_response_status_code", "http_route", "a"])

/// Spans are as the limits say, and whoever looks at one sees it.
@Sendable func otlpTraces(_ bytes: [UInt8]) {
    guard let batch = try? decoder.decode(bytes, lens: lens) else { return }
    precondition(batch.count <= limits.spans, "the limit of spans holds")
    precondition(batch.resources.count <= limits.resources, "the limit of resources holds")
    for span in batch.spans {
        precondition(!span.trace.isZero && span.span != 0 && span.end >= span.start, "whole spans")
        precondition(span.weight >= 1 && span.weight.isFinite, "a span stands for itself at least")
        let labels = batch.classes[Int(span.kindred)]
        precondition(Labels(labels.pairs.map { ($0.name, $0.value) }) == labels, "canonical")
        let resource = batch.resources[Int(span.resource)]
        _ = SpanDetails(
            message: Array(batch.body[span.bytes]), resource: Array(batch.body[resource]),
            limits: limits)
    }
    var book = SpanBook()
    book.configure([], SpanSettings(), at: .distantPast)
    guard let again = try? decoder.decode(bytes, lens: book.lens) else {
        preconditionFailure("another lens reads the same")
    }
    precondition(again.count == batch.count, "as many spans")
    let now = Timestamp(millis: Int64(batch.spans.first?.end ?? 0) / 1_000_000)
    let (delta, verdicts) = book.fold(again, at: now)
    precondition(verdicts.count == again.spans.count, "a verdict a span")
    precondition(
        delta.taken + delta.duplicates + delta.refusedCount == again.count, "in is out")
    checkDelta(delta)
}

/// What is rewritten is protobuf.
@Sendable func otlpJSON(_ bytes: [UInt8]) {
    if let body = try? OTLPJSON.traces(bytes, limits: limits) {
        _ = try? decoder.decode(body, lens: lens)
    }
    if let body = try? OTLPJSON.metrics(bytes, limits: limits) { otlpMetrics(body) }
}

private let metrics = OTLPMetricsDecoder(limits: limits)
private let writes = RemoteWrite2Decoder(
    seed: HashSeed(low: 1, high: 2), limits: WireLimits.standard)

/// What is made of points is remote write.
@Sendable func otlpMetrics(_ bytes: [UInt8]) {
    guard let found = try? metrics.decode(bytes) else { return }
    precondition(found.points <= limits.points, "the limit of points holds")
    precondition(found.refusedCount <= found.points, "a point is refused once")
    if found.series.isEmpty { return }
    let body = RemoteWrite2Encoder.encode(found.series)
    precondition((try? writes.decode(body)) != nil, "our own encoding is read")
}

/// What is rewritten is protobuf that is read.
@Sendable func zipkinSpans(_ bytes: [UInt8]) {
    guard let body = try? ZipkinSpans.traces(bytes, limits: limits) else { return }
    _ = try? decoder.decode(body, lens: lens)
}

private func checkDelta(_ delta: SpanDelta) {
    var out = ByteWriter()
    delta.encode(into: &out)
    var reader = ByteReader(out.bytes)
    guard let read = SpanDelta(from: &reader) else {
        preconditionFailure("what is written reads back")
    }
    precondition(read == delta && reader.isAtEnd, "and is the same")
}

/// The log's form, of bytes that nobody has written.
@Sendable func spanDelta(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard let delta = SpanDelta(from: &reader) else { return }
    precondition(delta.counts.allSatisfy { $0.group < delta.groups.count }, "groups are there")
    var book = SpanBook()
    book.configure([], SpanSettings(), at: .distantPast)
    book.restore(delta, at: Timestamp(millis: 1_700_000_000_000))
    book.apply(delta, at: Timestamp(millis: 1_700_000_000_000))
}
