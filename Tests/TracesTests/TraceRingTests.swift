import Model
import Testing
import Text
import Wire

@testable import Traces

private let decoder = OTLPTraceDecoder(seed: HashSeed(low: 1, high: 2))
private let now = Timestamp(millis: 1_700_000_100_000)

private func span(
    _ trace: UInt64, _ number: UInt64, parent: UInt64 = 0, start: UInt64 = 0, nanos: UInt64 = 10
) -> TestSpan {
    var span = TestSpan(trace: trace, span: number)
    span.parent = parent
    span.start = 1_700_000_000_000_000_000 + start
    span.end = span.start + nanos
    span.nameBytes = Array("s\(number)".utf8)
    return span
}

extension TraceRing {
    fileprivate mutating func add(
        _ spans: [TestSpan], _ verdicts: [SpanVerdict], at time: Timestamp = now
    ) throws {
        let batch = try decoder.decode(
            TestSpan.request(spans, service: "shop"), lens: SpanLens([]))
        add(batch, verdicts, at: time)
    }
}

/// Which traces are kept, and how one is shown.
@Suite struct TraceRingTests {
    @Test func aBadSpanBringsItsWholeTrace() throws {
        var ring = TraceRing(bytesMax: 1 << 20)
        try ring.add([span(1, 1), span(2, 9)], [.known, .known])
        try ring.add([span(1, 2, parent: 1)], [[.known, .bad]], at: now + .seconds(1))
        try ring.add([span(1, 3, parent: 2)], [.known], at: now + .seconds(3))
        #expect(ring.traces(of: [.bad]).isEmpty)
        ring.advance(to: now + .seconds(7))
        let trace = try #require(ring.traces(of: [.bad]).first)
        #expect(trace.id == TraceID(high: 0, low: 1))
        #expect(trace.spans.map(\.record.span) == [1, 2, 3])
    }

    @Test func duplicatesAndRefusedSpansAreNotKept() throws {
        var ring = TraceRing(bytesMax: 1 << 20)
        try ring.add([span(1, 1), span(1, 2)], [[.known, .bad], []])
        try ring.add([span(1, 1)], [[.known, .duplicate, .bad]])
        ring.advance(to: now + .seconds(6))
        #expect(ring.traces(of: [.bad]).first?.spans.count == 1)
    }

    @Test func bytesAreBoundedAndSlowOnesStay() throws {
        var ring = TraceRing(bytesMax: 40_000)
        for number: UInt64 in 1...200 {
            let time = now + .seconds(Int64(number))
            try ring.add(
                [span(number, 1, nanos: number == 5 ? 1_000_000 : number)], [[.known, .slow]],
                at: time)
            try ring.add([span(1000 + number, 1)], [[.known, .bad]], at: time)
            #expect(ring.bytes <= 40_000)
        }
        ring.advance(to: now + .seconds(300))
        #expect(ring.bytes <= 40_000 && ring.count > 10)
        #expect(ring.traces(of: [.slow]).contains { $0.id.low == 5 })
        #expect(ring.traces(of: [.bad]).first?.id.low == 1200)
    }

    @Test func aWaterfallIsInOrderAndSaysWhatIsMissing() throws {
        var ring = TraceRing(bytesMax: 1 << 20)
        try ring.add(
            [
                span(7, 3, parent: 99, start: 30), span(7, 1, start: 20, nanos: 100),
                span(7, 2, parent: 1, start: 5, nanos: 20), span(7, 4, parent: 1, start: 60),
                span(7, 5, parent: 6), span(7, 6, parent: 5),
            ], Array(repeating: .known, count: 6))
        let json = try #require(ring.waterfall(TraceID(high: 0, low: 7)))
        let data = try #require(try JSONValue.parse(json)["data"])
        let rows = data["spans"]?.elements ?? []
        #expect(rows.count == 6)
        #expect(rows.prefix(4).map { $0["name"] } == ["s1", "s2", "s4", "s3"].map { .string($0) })
        #expect(rows[1]["skewNanos"] == .number(15) && rows[0]["skewNanos"] == .number(0))
        #expect(rows[0]["selfNanos"] == .number(85))
        #expect(data["missingParents"] == .number(3))
        #expect(ring.waterfall(TraceID(high: 0, low: 8)) == nil)
    }
}
