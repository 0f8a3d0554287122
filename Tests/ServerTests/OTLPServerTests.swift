import Model
import Testing
import Wire

@testable import Server

/// Bodies in gzip, and what is none.
@Suite struct GzipTests {
    private let text = Array(String(repeating: "spans and more spans; ", count: 5000).utf8)

    @Test func whatIsCompressedInflates() throws {
        let packed = try #require(Compression.gzip(text))
        #expect(packed.count < text.count / 10)
        #expect(try Gzip.inflate(packed, limit: text.count) == text)
        #expect(try Gzip.inflate(packed + packed, limit: 2 * text.count) == text + text)
        let nothing = try #require(Compression.gzip([]))
        #expect(try Gzip.inflate(nothing, limit: 10).isEmpty)
    }

    @Test func theLimitIsOfWhatComesOut() throws {
        let packed = try #require(Compression.gzip(text))
        #expect(throws: GzipFault.tooLarge(limit: text.count - 1)) {
            try Gzip.inflate(packed, limit: text.count - 1)
        }
        let bomb = try #require(Compression.gzip([UInt8](repeating: 0, count: 8 << 20)))
        #expect(throws: GzipFault.tooLarge(limit: 1000)) { try Gzip.inflate(bomb, limit: 1000) }
    }

    @Test func whatIsCutOrDamagedIsRefused() throws {
        let packed = try #require(Compression.gzip(Array("a span".utf8)))
        for end in 0..<packed.count {
            #expect(throws: GzipFault.malformed) {
                try Gzip.inflate(Array(packed[..<end]), limit: 1000)
            }
        }
        for place in packed.indices {
            var flipped = packed
            flipped[place] ^= 0x10
            _ = try? Gzip.inflate(flipped, limit: 1000)
        }
    }
}

/// One call: its header fields, its message, its end.
@Suite struct GRPCCallTests {
    private func request(
        _ body: [UInt8], encoding: String = "identity"
    ) -> GRPCRequest {
        var request = GRPCRequest()
        request.encoding = encoding
        request.body = body
        return request
    }

    private func status(_ request: GRPCRequest, limit: Int = 1000) -> GRPCStatus? {
        switch request.message(limit: limit) {
        case .success: nil
        case .failure(let end): end.answer.status
        }
    }

    @Test(arguments: [
        ("1H", TimeSpan.hours(1)), ("2M", .minutes(2)), ("3S", .seconds(3)),
        ("4m", .milliseconds(4)), ("1500u", .milliseconds(2)), ("1n", .milliseconds(1)),
        ("99999999S", .seconds(99_999_999)),
    ])
    func aTimeoutHasAUnit(_ text: String, _ span: TimeSpan) {
        #expect(GRPCRequest.span(text) == span)
    }

    @Test(arguments: ["", "S", "1", "-1S", "1x", "123456789S"])
    func whatIsNoTimeoutIsNone(_ text: String) { #expect(GRPCRequest.span(text) == nil) }

    @Test func aMessageIsReadWhole() throws {
        let message = try request([0, 0, 0, 0, 2, 7, 8]).message(limit: 10).get()
        #expect(message == [7, 8])
        let packed = try #require(Compression.gzip([1, 2, 3]))
        let framed = [1, 0, 0, 0, UInt8(packed.count)] + packed
        #expect(try request(framed, encoding: "gzip").message(limit: 100).get() == [1, 2, 3])
    }

    @Test func whatIsNoMessageHasItsStatus() throws {
        #expect(status(request([])) == .invalidArgument)
        #expect(status(request([0, 0, 0, 0, 3, 1])) == .invalidArgument)
        #expect(status(request([0, 0, 0, 0, 0, 9])) == .invalidArgument)
        #expect(status(request([0, 1, 0, 0, 0])) == .resourceExhausted)
        #expect(status(request([2, 0, 0, 0, 0])) == .internal)
        #expect(status(request([1, 0, 0, 0, 0])) == .internal)
        #expect(status(request([1, 0, 0, 0, 0], encoding: "snappy")) == .unimplemented)
        #expect(status(request([1, 0, 0, 0, 0], encoding: "gzip")) == .invalidArgument)
        let bomb = try #require(Compression.gzip([UInt8](repeating: 0, count: 5000)))
        let framed = [1, 0, 0, 0, UInt8(bomb.count)] + bomb
        #expect(status(request(framed, encoding: "gzip")) == .resourceExhausted)
    }

    @Test func anAnswerSaysWhetherToTryAgain() {
        let full = GRPCAnswer(.unavailable)
        #expect(full.status == .unavailable)
        #expect(full.trailers.map(\.name).contains("grpc-status-details-bin"))
        let large = GRPCAnswer(.refused(.tooLarge(limit: 5)))
        #expect(large.status == .resourceExhausted && !large.mayRetry)
        #expect(GRPCAnswer(.refused(.badJSON)).status == .invalidArgument)
        let part = GRPCAnswer(.taken(rejected: 300, message: "100 % – no"))
        #expect(part.status == .ok && part.trailers.count == 1)
        #expect(part.body?.prefix(5) == [0x0a, 0x11, 0x08, 0xac, 0x02])
        #expect(
            GRPCAnswer(.internal, "100 %\n").trailers[1].value == "100 %25%0A")
    }
}

/// Answers over HTTP.
@Suite struct OTLPAnswerTests {
    @Test func anAnswerIsOfTheRequestsType() {
        let json = OTLPAnswer.of(.taken(rejected: 2, message: "x"), .traces, .json)
        #expect(json.contentType == "application/json")
        #expect(
            String(decoding: json.body, as: UTF8.self)
                == #"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"x"}}"#)
        let whole = OTLPAnswer.of(.taken(rejected: 0, message: ""), .traces, .protobuf)
        #expect(whole.status == 200 && whole.body.isEmpty)
        let later = OTLPAnswer.of(.unavailable, .metrics, .protobuf)
        #expect(later.status == 503 && later.headers.contains { $0.name == "Retry-After" })
        #expect(OTLPAnswer.of(.refused(.badJSON), .traces, .json).status == 400)
        #expect(OTLPAnswer.of(.refused(.tooLarge(limit: 1)), .traces, .json).status == 413)
    }

    @Test(arguments: [
        ("application/json", true), ("application/json; charset=utf-8", true),
        ("Application/X-Protobuf", true), ("text/plain", false), ("application/protobuf", false),
    ])
    func typesAreKnownOrNot(_ type: String, _ isKnown: Bool) {
        #expect((OTLPForm(contentType: type) != nil) == isKnown)
    }
}
