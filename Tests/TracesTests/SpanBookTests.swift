import Model
import Testing
import Text
import Wire

@testable import Traces

/// A generator of its own: the same numbers in every run.
struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) ^ state
    }
}

private let decoder = OTLPTraceDecoder(seed: HashSeed(low: 1, high: 2))
private let all = "{service=~\".+\"}"
private let now = Timestamp(millis: 1_700_000_100_000)

private func selector(_ text: String) throws -> Selector {
    try Selector.parse(text, at: SourcePosition(file: "t", line: 1, column: 1))
}

private func objective(
    _ name: String, _ select: String, by: [String] = [], scope: SpanRule.Scope = .entry,
    nanosMax: UInt64? = nil
) throws -> SpanObjective {
    SpanObjective(
        service: "shop", name: name, by: by,
        rule: SpanRule(
            selector: try selector(select), scope: scope,
            bad: nanosMax == nil ? try SpanRule.badTexts.map(selector) : [],
            excluded: try SpanRule.excludedTexts.map(selector), nanosMax: nanosMax))
}

private func book(
    _ objectives: [SpanObjective], _ change: (inout SpanSettings) -> Void = { _ in }
) -> SpanBook {
    var settings = SpanSettings()
    change(&settings)
    var book = SpanBook()
    book.configure(objectives, settings, at: now)
    return book
}

private func span(_ number: Int, ago millis: Int64 = 1000, nanos: UInt64 = 5_000_000) -> TestSpan {
    var span = TestSpan(trace: UInt64(number), span: UInt64(number))
    span.end = UInt64((now.millis - millis) * 1_000_000)
    span.start = span.end - nanos
    return span
}

extension SpanBook {
    mutating func take(
        _ spans: [TestSpan], service: String = "shop", at time: Timestamp = now
    ) throws -> (delta: SpanDelta, verdicts: [SpanVerdict]) {
        let batch = try decoder.decode(
            TestSpan.request(spans, service: service), lens: lens)
        let folded = fold(batch, at: time)
        apply(folded.delta, at: time)
        return folded
    }
}

/// What spans become, against counting by hand.
@Suite struct SpanBookTests {
    @Test func aSpanCountsOnceHoweverOftenItComes() throws {
        var book = book([try objective("availability", all)])
        let spans = (1...300).map { span($0) }
        let first = try book.take(spans)
        #expect(first.delta.counts.map(\.total).reduce(0, +) == 300)
        let second = try book.take(spans.reversed() + [span(301)])
        #expect(second.delta.counts.map(\.total).reduce(0, +) == 1)
        #expect(second.delta.duplicates == 300)
        #expect(second.verdicts[0] == [.known, .duplicate])
        #expect(book.tally.taken == 301 && book.tally.duplicates == 300)
    }

    @Test func goodBadAndExcludedAreToldApart() throws {
        var book = book([try objective("availability", #"{service_name="shop"}"#)])
        var spans = (1...6).map { span($0) }
        spans[0].status = 2
        spans[1].attributes = [("http.response.status_code", .integer(500))]
        spans[2].attributes = [("http.response.status_code", .integer(404))]
        spans[3].attributes = [("http.response.status_code", .integer(499))]
        spans[4].kind = 3
        let (delta, verdicts) = try book.take(spans)
        #expect(delta.counts.map(\.total) == [4] && delta.counts.map(\.bad) == [2])
        #expect(verdicts[0].contains(.bad) && !verdicts[2].contains(.bad))
        let other = try book.take([span(50)], service: "else")
        #expect(other.delta.counts.isEmpty)
    }

    @Test func aThresholdIsExact() throws {
        var book = book([try objective("latency", all, nanosMax: 250_000_000)])
        let (delta, verdicts) = try book.take([
            span(1, nanos: 250_000_000), span(2, nanos: 250_000_001), span(3, nanos: 1),
        ])
        #expect(delta.counts.map(\.bad) == [1] && delta.counts.map(\.total) == [3])
        #expect(verdicts[1].contains(.slow) && !verdicts[0].contains(.slow))
        #expect(book.metrics.bounds.contains(250_000_000), "and is a bound of the metrics")
        let gain = delta.gains[0]
        let bound = try #require(book.metrics.bounds.firstIndex(of: 250_000_000))
        #expect(gain.buckets[bound] == 1 && gain.buckets[bound + 1] == 1)
    }

    @Test func scopesCountTheirSpans() throws {
        var book = book([
            try objective("entry", all), try objective("root", all, scope: .root),
            try objective("all", all, scope: .all),
        ])
        var spans = (1...3).map { span($0) }
        (spans[0].kind, spans[1].kind, spans[1].parent) = (3, 2, 1)
        (spans[2].kind, spans[2].parent, spans[2].flags) = (2, 2, 0x100)
        let (delta, _) = try book.take(spans)
        let totals = delta.counts.map { (delta.groups[Int($0.group)].name, $0.total) }
        #expect(Dictionary(uniqueKeysWithValues: totals) == ["entry": 1, "root": 1, "all": 3])
    }

    @Test func groupsAndSecondsAreCountedApart() throws {
        var book = book([try objective("a", all, by: ["http_route"])])
        var numbers = Numbers(state: 7)
        var expected: [String: Int] = [:]
        var spans: [TestSpan] = []
        for number in 1...2000 {
            var one = span(number, ago: Int64.random(in: 0...300_000, using: &numbers))
            let route = "/\(Int.random(in: 0...3, using: &numbers))"
            one.attributes = [("http.route", .text(route))]
            let second = (Int64(one.end / 1_000_000) + 999) / 1000 * 1000
            expected["\(route) \(second)", default: 0] += 1
            spans.append(one)
        }
        let (delta, _) = try book.take(spans)
        var found: [String: Int] = [:]
        for count in delta.counts {
            let labels = delta.groups[Int(count.group)].labels
            found["\(labels["http_route"] ?? "") \(count.time)", default: 0] += count.total
        }
        #expect(found == expected)
        #expect(delta.counts.count == expected.count, "each group and second once")
    }

    @Test func sampledSpansWeighWhatTheyStandFor() throws {
        var book = book([try objective("a", all)])
        var spans = [span(1), span(2)]
        spans[0].traceState = "ot=th:c"
        spans[0].status = 2
        let (delta, _) = try book.take(spans)
        let count = try #require(delta.counts.first)
        #expect(count.bad == 1 && count.total == 2)
        #expect(count.weightedBad == 4 && count.weightedTotal == 5 && count.isSampled)
        #expect(delta.gains.map(\.calls).reduce(0, +) == 5)
    }

    @Test func whatIsTooOldTooNewOrForgottenIsRefusedAndSaid() throws {
        var book = book([try objective("a", all)]) { $0.window = .minutes(5) }
        let (delta, _) = try book.take([
            span(1, ago: 299_000), span(2, ago: 301_000), span(3, ago: -601_000),
            span(4, ago: -599_000),
        ])
        #expect(delta.taken == 2)
        #expect(delta.refused[Int(SpanRefusal.tooOld.rawValue)] == 1)
        #expect(delta.refused[Int(SpanRefusal.future.rawValue)] == 1)
        #expect(delta.missed.map(\.name) == ["a"], "its evidence is partial")
    }

    @Test func beyondTheMemoryOldSpansAreRefusedNeverCountedTwice() throws {
        var book = book([try objective("a", all)]) { $0.keyBytes = 64 << 10 }
        var total = 0
        var refused = 0
        for round in 0..<40 {
            let spans = (0..<500).map {
                span(round * 500 + $0 + 1, ago: Int64(400_000 - round * 10_000))
            }
            for _ in 0..<2 {
                let (delta, _) = try book.take(spans)
                total += delta.counts.map(\.total).reduce(0, +)
                refused += delta.refusedCount
            }
        }
        #expect(book.keys.bytes <= 64 << 10)
        #expect(total <= 20_000)
        let again = try book.take((0..<500).map { span($0 + 1, ago: 400_000) })
        #expect(again.delta.counts.isEmpty)
        #expect(again.delta.refused[Int(SpanRefusal.forgotten.rawValue)] == 500)
        #expect(again.delta.missed.count == 1)
    }

    @Test func labelSetsBeyondTheLimitShareOne() throws {
        var book = book([]) { $0.classesMax = 3 }
        let spans = (1...10).map { number in
            var one = span(number)
            one.nameBytes = Array("op\(number)".utf8)
            return one
        }
        let (delta, _) = try book.take(spans)
        #expect(book.metrics.used == 3 && book.metrics.classes[0].calls == 7)
        #expect(book.metrics.classes[0].labels["metric_overflow"] == "true")
        #expect(book.metrics.overflowed == 7 && delta.gains.count == 4)
        let later = now + .minutes(31)
        var fresh = span(99, ago: -31 * 60_000)
        fresh.nameBytes = Array("new".utf8)
        _ = try book.take([fresh], at: later)
        #expect(book.metrics.classes.contains { $0.labels["span_name"] == "new" })
    }

    @Test func exemplarsPreferBadSpans() throws {
        var book = book([try objective("a", all)])
        var spans = [span(1, nanos: 900), span(2, nanos: 100), span(3, nanos: 800)]
        spans[1].attributes = [("http.response.status_code", .integer(503))]
        _ = try book.take(spans)
        let index = try #require(book.metrics.classes.indices.dropFirst().first)
        let first = book.metrics.takeExemplar(index)
        let second = book.metrics.takeExemplar(index)
        #expect(first?.span == 2 && second == nil)
    }
}

/// The log and checkpoints, against the book that lived.
@Suite struct SpanStateTests {
    private func life() throws -> (book: SpanBook, deltas: [SpanDelta]) {
        var book = book([try objective("a", all, by: ["http_route"])]) { $0.classesMax = 4 }
        var numbers = Numbers(state: 3)
        var deltas: [SpanDelta] = []
        for _ in 0..<20 {
            let spans = (0..<100).map { _ in
                var one = span(
                    Int.random(in: 1...1500, using: &numbers),
                    ago: 5000)
                one.nameBytes = Array("op\(Int.random(in: 0...6, using: &numbers))".utf8)
                one.attributes = [("http.route", .text("/\(one.trace % 3)"))]
                one.traceState = one.trace % 2 == 0 ? "ot=th:8" : ""
                return one
            }
            deltas.append(try book.take(spans).delta)
        }
        return (book, deltas)
    }

    private func bytes(_ book: SpanBook) -> [[UInt8]] {
        var archive = Archive()
        var head = book
        head.archiveHead(&archive)
        var sections = SpanKeySections(book.keys)
        var all = [archive.bytes]
        while let section = sections.next() { all.append(section) }
        return all
    }

    @Test func replayGivesTheSameBook() throws {
        let (lived, deltas) = try life()
        var replayed = book([try objective("a", all, by: ["http_route"])]) { $0.classesMax = 4 }
        for delta in deltas {
            var out = ByteWriter()
            delta.encode(into: &out)
            var reader = ByteReader(out.bytes)
            let read = try #require(SpanDelta(from: &reader))
            #expect(read == delta && reader.isAtEnd)
            replayed.restore(read, at: now)
            replayed.apply(read, at: now)
        }
        #expect(bytes(replayed) == bytes(lived))
    }

    @Test func aCheckpointGivesTheSameBook() throws {
        let (lived, _) = try life()
        var restored = book([try objective("a", all, by: ["http_route"])]) { $0.classesMax = 4 }
        let sections = bytes(lived)
        var archive = Archive(reading: sections[0])
        restored.archiveHead(&archive)
        #expect(archive.isComplete)
        for section in sections.dropFirst() {
            let isGood = restored.restoreKeys(section)
            #expect(isGood)
        }
        #expect(bytes(restored) == sections)
        let again = try restored.take([span(1, ago: 5000)])
        let there = try lived.keysContain(span(1, ago: 5000))
        #expect(again.delta.duplicates == (there ? 1 : 0))
    }

    @Test func damagedDeltasAreRefusedOrRead() throws {
        var out = ByteWriter()
        try life().deltas[0].encode(into: &out)
        for end in 0..<out.bytes.count {
            var reader = ByteReader(Array(out.bytes[..<end]))
            #expect(SpanDelta(from: &reader) == nil)
        }
        for place in out.bytes.indices {
            var flipped = out.bytes
            flipped[place] ^= 0x81
            var reader = ByteReader(flipped)
            if let read = SpanDelta(from: &reader) {
                #expect(read.counts.allSatisfy { $0.group < read.groups.count })
            }
        }
    }
}

extension SpanBook {
    func keysContain(_ span: TestSpan) throws -> Bool {
        var copy = self
        return try copy.take([span]).delta.duplicates == 1
    }
}

/// Keys, against a Set.
@Suite struct SpanKeySetTests {
    @Test func itIsASetOfTheWindow() {
        var numbers = Numbers(state: 11)
        var keys = SpanKeySet(window: .minutes(2), bytesMax: 1 << 30)
        var model: [SpanKey: Int64] = [:]
        var time = now
        for _ in 0..<60_000 {
            time = time + .milliseconds(Int64.random(in: 0...5, using: &numbers))
            let number = UInt64.random(in: 0...20_000, using: &numbers)
            let end = now.millis + Int64(number) * 15 - 60_000
            let key = SpanKey(trace: TraceID(high: number, low: 1), span: number + 1)
            keys.advance(to: time)
            let outcome = keys.insert(key, endMillis: end, at: time)
            if end < (time - .minutes(2)).millis {
                #expect(outcome == .tooOld)
            } else if end > (time + .minutes(10)).millis {
                #expect(outcome == .future)
            } else {
                #expect((outcome == .duplicate) == (model[key] != nil))
                model[key] = end
            }
        }
        #expect(keys.count <= model.count && keys.bytes < 1 << 30)
    }

    @Test func keysThatShareTheirFirstBitsAreBounded() {
        var keys = SpanKeySet(window: .minutes(2), bytesMax: 1 << 30)
        var outcomes: [SpanKeySet.Outcome] = []
        for number in 0..<1000 {
            outcomes.append(
                keys.insert(
                    SpanKey(high: 0, low: UInt64(number + 1)), endMillis: now.millis, at: now))
        }
        #expect(outcomes.prefix(192).allSatisfy { $0 == .new } && outcomes.last == .forgotten)
        #expect(keys.bytes < 16 << 20)
    }
}
