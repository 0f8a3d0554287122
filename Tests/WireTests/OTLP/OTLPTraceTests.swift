import Model
import Testing

@testable import Wire

private let decoder = OTLPTraceDecoder(seed: HashSeed(low: 1, high: 2))
private let lens = SpanLens(["http_response_status_code", "http_route", "namespace"])

/// Spans from protobuf, against what was put in and against the same request as JSON.
@Suite struct OTLPTraceTests {
    @Test func aSpanIsReadWhole() throws {
        var span = TestSpan(trace: 0x11, span: 0x22)
        span.parent = 0x33
        span.kind = 2
        span.status = 2
        span.attributes = [("http.route", .text("/pay")), ("http.status_code", .integer(503))]
        let batch = try decoder.decode(TestSpan.request([span], service: "shop"), lens: lens)
        let read = try #require(batch.spans.first)
        #expect(read.trace == TraceID(high: 0, low: 0x11))
        #expect(read.span == 0x22 && read.parent == 0x33)
        #expect(read.nanos == 5_000_000 && read.weight == 1)
        #expect(read.isEntry && !read.isRoot)
        let labels = batch.classes[Int(read.kindred)]
        #expect(labels["service"] == "shop" && labels["service_name"] == "shop")
        #expect(labels["span_name"] == "op" && labels["span_kind"] == "SPAN_KIND_SERVER")
        #expect(labels["status_code"] == "STATUS_CODE_ERROR")
        #expect(labels["http_route"] == "/pay")
        #expect(labels["http_response_status_code"] == "503", "by its older name")
    }

    @Test func aNewerNameGoesBeforeAnOlderOneInAnyOrder() throws {
        for isReversed in [false, true] {
            var span = TestSpan(trace: 1, span: 2)
            span.attributes = [
                ("http.response.status_code", .integer(500)), ("http.status_code", .integer(200)),
            ]
            if isReversed { span.attributes.reverse() }
            let batch = try decoder.decode(TestSpan.request([span], service: "a"), lens: lens)
            #expect(batch.classes[0]["http_response_status_code"] == "500")
        }
    }

    @Test func whatASpanSaysGoesBeforeItsResource() throws {
        var span = TestSpan(trace: 1, span: 2)
        span.attributes = [("namespace", .text("own"))]
        let with = TestSpan.request([span], service: "a", resource: [("namespace", .text("all"))])
        #expect(try decoder.decode(with, lens: lens).classes[0]["namespace"] == "own")
        let bare = TestSpan.request(
            [TestSpan(trace: 1, span: 2)], service: "a", resource: [("namespace", .text("all"))])
        #expect(try decoder.decode(bare, lens: lens).classes[0]["namespace"] == "all")
    }

    @Test func spansThatAreAlikeShareAClass() throws {
        let spans = (1...500).map { number in
            var span = TestSpan(trace: 7, span: UInt64(number))
            span.attributes = [("http.route", .text("/\(number % 5)"))]
            return span
        }
        let routes = SpanLens(["http_route"])
        let batch = try decoder.decode(TestSpan.request(spans, service: "a"), lens: routes)
        #expect(batch.spans.count == 500 && batch.classes.count == 5)
        for (number, span) in zip(1..., batch.spans) {
            #expect(batch.classes[Int(span.kindred)]["http_route"] == "/\(number % 5)")
        }
    }

    @Test func aResourceMayStandBehindItsSpans() throws {
        let span = TestSpan(trace: 1, span: 2)
        let body = TestSpan.request([span], service: "late", isResourceLast: true)
        #expect(try decoder.decode(body, lens: lens).classes[0]["service"] == "late")
    }

    @Test func flagsTellWhichSpanIsTheEntry() throws {
        func isEntry(kind: UInt8, parent: UInt64, flags: UInt32) throws -> Bool {
            var span = TestSpan(trace: 1, span: 2)
            (span.kind, span.parent, span.flags) = (kind, parent, flags)
            return try decoder.decode(TestSpan.request([span], service: "a"), lens: lens)
                .spans[0].isEntry
        }
        #expect(try isEntry(kind: 2, parent: 0, flags: 0))
        #expect(try isEntry(kind: 5, parent: 9, flags: 0x300))
        #expect(try isEntry(kind: 2, parent: 9, flags: 0))
        #expect(try !isEntry(kind: 2, parent: 9, flags: 0x100), "its parent is of the process")
        #expect(try isEntry(kind: 2, parent: 0, flags: 0x100))
        for kind: UInt8 in [0, 1, 3, 4] { #expect(try !isEntry(kind: kind, parent: 0, flags: 0)) }
    }

    @Test(arguments: [
        ("ot=th:c", 4.0), ("ot=th:8", 2), ("ot=th:0", 1), ("vendor=1, ot=rv:12;th:fd70a4", 100),
        ("ot=th:", 1), ("ot=th:x", 1), ("th:8", 1), ("ot=th:123456789abcdef", 1), ("", 1),
    ])
    func aThresholdTellsHowManyASpanStandsFor(_ state: String, _ weight: Double) throws {
        var span = TestSpan(trace: 1, span: 2)
        span.traceState = state
        let read = try decoder.decode(TestSpan.request([span], service: "a"), lens: lens).spans[0]
        #expect(abs(read.weight - weight) < weight * 1e-4)
    }

    @Test func aSpanThatIsNoneIsCountedByReason() throws {
        var spans = [TestSpan(trace: 0, span: 1), TestSpan(trace: 1, span: 0)]
        var backwards = TestSpan(trace: 1, span: 3)
        backwards.end = backwards.start - 1
        var broken = TestSpan(trace: 1, span: 4)
        broken.nameBytes = [0xff, 0xfe]
        var long = TestSpan(trace: 1, span: 5)
        long.attributes = [("namespace", .text(String(repeating: "x", count: 5000)))]
        var many = TestSpan(trace: 1, span: 6)
        many.attributes = (0..<1001).map { ("a\($0)", .integer(1)) }
        spans += [backwards, broken, long, many, TestSpan(trace: 1, span: 7)]
        let batch = try decoder.decode(TestSpan.request(spans, service: "a"), lens: lens)
        #expect(batch.spans.map(\.span) == [7])
        #expect(batch.refused[Int(SpanRefusal.invalidID.rawValue)] == 2)
        for reason: SpanRefusal in [.badTime, .invalidUTF8, .tooLong, .tooManyAttributes] {
            #expect(batch.refused[Int(reason.rawValue)] == 1)
        }
        #expect(batch.count == spans.count)
    }

    @Test func limitsHold() {
        var limits = OTLPLimits()
        limits.spans = 3
        let small = OTLPTraceDecoder(seed: HashSeed(low: 1, high: 2), limits: limits)
        let four = (1...4).map { TestSpan(trace: 1, span: UInt64($0)) }
        #expect(throws: WireError.tooManySpans(limit: 3)) {
            try small.decode(TestSpan.request(four, service: "a"), lens: lens)
        }
        limits.bodyBytes = 10
        let tiny = OTLPTraceDecoder(seed: HashSeed(low: 1, high: 2), limits: limits)
        #expect(throws: WireError.tooLarge(limit: 10)) {
            try tiny.decode(TestSpan.request(four, service: "a"), lens: lens)
        }
    }

    @Test func aValueTenThousandDeepIsNeverFollowed() throws {
        var deep = TestValue.integer(1)
        for _ in 0..<10_000 { deep = .array([deep]) }
        var span = TestSpan(trace: 1, span: 2)
        span.attributes = [("namespace", deep), ("other", deep)]
        let batch = try decoder.decode(TestSpan.request([span], service: "a"), lens: lens)
        #expect(batch.spans.count == 1 && batch.classes[0]["namespace"] == nil)
        span.attributes = [("namespace", .array([.text("a"), .integer(2)]))]
        let flat = try decoder.decode(TestSpan.request([span], service: "a"), lens: lens)
        #expect(flat.classes[0]["namespace"] == #"["a",2]"#)
    }

    @Test func everyTruncationAndEveryFlippedByteIsSurvived() throws {
        var span = TestSpan(trace: 0x1234, span: 5)
        span.attributes = [("http.route", .text("/p")), ("namespace", .array([.text("é")]))]
        span.traceState = "ot=th:8"
        span.status = 1
        let body = TestSpan.request([span, span], service: "s")
        for end in 0..<body.count {
            let batch = try? decoder.decode(Array(body[..<end]), lens: lens)
            #expect((batch?.spans.count ?? 0) <= 2)
        }
        for place in body.indices {
            for bit in [0x01, 0x80] as [UInt8] {
                var flipped = body
                flipped[place] ^= bit
                guard let batch = try? decoder.decode(flipped, lens: lens) else { continue }
                for span in batch.spans {
                    #expect(Int(span.kindred) < batch.classes.count)
                    #expect(span.bytes.upperBound <= flipped.count && span.end >= span.start)
                }
            }
        }
    }

    @Test func noSpansAreARequest() throws {
        #expect(try decoder.decode([], lens: lens).count == 0)
    }
}

/// JSON, against protobuf.
@Suite struct OTLPJSONTests {
    private static let text = """
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name",
        "value":{"stringValue":"shop"}}]},"unknown":{"a":[1]},
        "scopeSpans":[{"scope":{"name":"lib"},"spans":[{
        "traceId":"000000000000000000000000000000Ab",
        "spanId":"00000000000000CD","name":"op","kind":2,"startTimeUnixNano":"1000000000",
        "endTimeUnixNano":1005000000,"status":{"code":2},"flags":256,"traceState":"ot=th:8",
        "attributes":[{"key":"http.response.status_code","value":{"intValue":"503"}},
        {"key":"list","value":{"arrayValue":{"values":[{"doubleValue":0.5},{"boolValue":true},
        {"bytesValue":"AQI="},{"kvlistValue":{"values":[{"key":"k","value":{"intValue":-3}}]}}]}}}],
        "droppedAttributesCount":1}]}]}]}
        """

    @Test func jsonIsReadAsProtobufIs() throws {
        let wide = SpanLens(["http_response_status_code", "list"])
        let body = try OTLPJSON.traces(Array(Self.text.utf8))
        let batch = try decoder.decode(body, lens: wide)
        let span = try #require(batch.spans.first)
        #expect(span.trace.low == 0xab && span.span == 0xcd && span.nanos == 5_000_000)
        #expect(span.weight == 2 && span.kind == 2 && span.status == 2 && span.isEntry)
        let labels = batch.classes[0]
        #expect(labels["service"] == "shop" && labels["http_response_status_code"] == "503")
        #expect(labels["list"] == #"[0.5,true,"AQI=",{"k":-3}]"#)
    }

    @Test(arguments: [
        #"{"resourceSpans":{}}"#, #"[]"#, #"{"resourceSpans":[1]}"#, "", "{",
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SPAN_KIND_SERVER"}]}]}]}"#,
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}"#,
    ])
    func whatIsNoRequestIsRefused(_ text: String) {
        #expect(throws: WireError.badJSON) { try OTLPJSON.traces(Array(text.utf8)) }
    }

    @Test func nestingIsBounded() {
        var text = #"{"resourceSpans":[{"resource":{"attributes":[{"key":"a","value":"#
        for _ in 0..<10_000 { text += #"{"arrayValue":{"values":["# }
        #expect(throws: WireError.self) { try OTLPJSON.traces(Array(text.utf8)) }
        let deep = String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)
        #expect(throws: WireError.tooDeep(limit: 64)) {
            try OTLPJSON.traces(Array((#"{"x":"# + deep + "}").utf8))
        }
    }

    @Test func everyTruncationIsRefused() {
        let bytes = Array(Self.text.utf8)
        for end in 0..<bytes.count - 1 {
            #expect(throws: WireError.self) { try OTLPJSON.traces(Array(bytes[..<end])) }
        }
        for place in bytes.indices {
            var flipped = bytes
            flipped[place] ^= 0x20
            if let body = try? OTLPJSON.traces(flipped) {
                _ = try? decoder.decode(body, lens: lens)
            }
        }
    }
}
