import Testing
import Text

@testable import Server

/// Who gets gzip, and which pages may read.
@Suite struct ContentEncodingTests {
    @Test(arguments: [
        ("gzip", true), ("GZip", true), ("deflate, gzip", true), (" br , gzip ; q=0.1", true),
        ("x-gzip", true), ("*", true), ("gzip;q=0", false), ("gzip; q=0.000, *", false),
        ("*;q=0", false), ("identity", false), ("gzip;q=x", false), ("", false), (",;,", false),
        ("gzipped", false),
    ])
    func weightsDecide(header: String, isTaken: Bool) {
        #expect(Compression.accepts(header) == isTaken)
        #expect(!Compression.accepts(nil))
    }

    private func answer(_ count: Int, type: String = "application/json") -> HTTPResponse {
        HTTPResponse(
            status: 200, contentType: type,
            body: [UInt8](repeating: UInt8(ascii: "x"), count: count))
    }

    @Test func onlyTextsThatAreWorthItAreCompressed() {
        let packed = answer(1024).encoded(for: "gzip")
        #expect(packed.headers.map(\.name) == ["Content-Encoding"])
        // A gzip member begins so (RFC 1952).
        #expect(packed.body.starts(with: [0x1f, 0x8b, 8]) && packed.body.count < 100)
        #expect(packed.encoded(for: "gzip").body == packed.body)
        for plain in [
            answer(1023).encoded(for: "gzip"), answer(1024).encoded(for: nil),
            answer(1024, type: "application/x-protobuf").encoded(for: "gzip"),
        ] {
            #expect(plain.headers.isEmpty && plain.body.count >= 1023)
        }
    }

    @Test func whatDoesNotShrinkFits() throws {
        var state: UInt64 = 1
        let noise = (0..<300_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1
            return UInt8(truncatingIfNeeded: state >> 33)
        }
        let packed = try #require(Compression.gzip(noise))
        #expect(packed.count > noise.count)
        // The last four bytes of a member are the length of what is in it.
        let length = packed.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(length == noise.count)
    }

    @Test func aPatternMatchesTheWholeOrigin() {
        func allowed(_ pattern: String, _ origin: String?) -> String? {
            CrossOrigin(pattern).headers(for: origin)
                .first { $0.name == "Access-Control-Allow-Origin" }?.value
        }
        let origin = "https://grafana.example"
        #expect(allowed(".*", origin) == origin)
        #expect(allowed("https://grafana\\.example", origin) == origin)
        #expect(allowed("https://grafana\\.example", origin + ".evil") == nil)
        #expect(allowed("grafana", origin) == nil)
        #expect(allowed(".*", nil) == nil && allowed(".*", "") == nil)
        // What is no pattern allows nobody.
        #expect(allowed("(", origin) == nil)
    }

    @Test func theSettingReachesTheAnswers() throws {
        let world = try AgentWorld(config: "queries: {corsOrigin: 'https://a\\.example'}")
        for (origin, isAllowed) in [("https://a.example", true), ("https://b.example", false)] {
            let client = try RawClient(port: world.port)
            client.request("GET", "/api/v1/query?query=1", [("Origin", origin)])
            let text = try client.answer()
            #expect((text.headers["access-control-allow-origin"] == origin) == isAllowed)
            #expect(text.headers["vary"] == "Origin")
        }
    }
}
