import Model

// Zipkin's spans, version 2 (https://zipkin.io/zipkin-api/): an array of objects, rewritten as an
// OTLP request with a resource for each service. Kinds SERVER, CLIENT, PRODUCER and CONSUMER are
// OTLP's; a tag `error` is a status of error; `timestamp` and `duration` are microseconds.

/// Rewrites Zipkin's JSON.
public enum ZipkinSpans {
    /// An `ExportTraceServiceRequest`. O(bytes).
    public static func traces(
        _ text: [UInt8], limits: OTLPLimits = OTLPLimits()
    ) throws(WireError) -> [UInt8] {
        guard text.count <= limits.bodyBytes, let tape = JSONTape(bytesMax: text.count + 64) else {
            throw .tooLarge(limit: limits.bodyBytes)
        }
        let written = unsafe text.withUnsafeBufferPointer {
            bytes -> Result<[UInt8], WireError> in
            do throws(JSONFault) {
                return unsafe try tape.read(bytes) { root in
                    guard root.isArray else { return .failure(.badJSON) }
                    var services: [(name: String, spans: ByteWriter)] = []
                    var isGood = true
                    root.forEachElement { span in
                        guard span.isObject else {
                            isGood = false
                            return false
                        }
                        let name =
                            span.member("localEndpoint")?.member("serviceName")?.string ?? ""
                        let message = rewritten(span)
                        if let known = services.firstIndex(where: { $0.name == name }) {
                            services[known].spans.tagged(2, message)
                        } else {
                            var spans = ByteWriter()
                            spans.tagged(2, message)
                            services.append((name, spans))
                        }
                        return true
                    }
                    return isGood ? .success(request(services)) : .failure(.badJSON)
                }
            } catch {
                return .failure(
                    error == .tooDeep ? .tooDeep(limit: JSONTape.depthMax) : .badJSON)
            }
        }
        return try written.get()
    }

    private static func request(_ services: [(name: String, spans: ByteWriter)]) -> [UInt8] {
        var out = ByteWriter()
        for (name, spans) in services {
            var own = ByteWriter()
            var resource = ByteWriter()
            if !name.isEmpty { resource.tagged(1, attribute("service.name", name)) }
            own.tagged(1, resource.bytes)
            own.tagged(2, spans.bytes)
            out.tagged(1, own.bytes)
        }
        return out.bytes
    }

    private static func rewritten(_ span: TapeCursor) -> [UInt8] {
        var out = ByteWriter()
        out.tagged(1, id(span.member("traceId")?.string ?? "", bytes: 16))
        out.tagged(2, id(span.member("id")?.string ?? "", bytes: 8))
        if let parent = span.member("parentId")?.string { out.tagged(4, id(parent, bytes: 8)) }
        out.tagged(5, Array((span.member("name")?.string ?? "").utf8))
        let kinds = ["SERVER": 2, "CLIENT": 3, "PRODUCER": 4, "CONSUMER": 5]
        out.varint(6 << 3)
        out.varint(UInt64(kinds[span.member("kind")?.string ?? ""] ?? 1))
        let start = UInt64(clamping: span.member("timestamp")?.integer ?? 0)
        let micros = UInt64(clamping: span.member("duration")?.integer ?? 0)
        for (number, value) in [(7, start), (8, start &+ micros)] {
            out.varint(UInt64(number << 3 | 1))
            out.fixed64(value.multipliedReportingOverflow(by: 1000).partialValue)
        }
        var isError = false
        span.member("tags")?.forEachMember { key, value in
            let name = key.string ?? ""
            if name == "error" && value.string != "false" { isError = true }
            out.tagged(9, attribute(name, value.string ?? ""))
            return true
        }
        span.member("annotations")?.forEachElement { one in
            var event = ByteWriter()
            event.varint(1 << 3 | 1)
            event.fixed64(UInt64(clamping: one.member("timestamp")?.integer ?? 0) &* 1000)
            event.tagged(2, Array((one.member("value")?.string ?? "").utf8))
            out.tagged(11, event.bytes)
            return true
        }
        if isError { out.tagged(15, [0x18, 0x02]) }
        return out.bytes
    }

    /// Digits of any number up to all; what is none gives an id that is refused.
    private static func id(_ text: String, bytes: Int) -> [UInt8] {
        let digits = text.utf8.map { hexDigit($0) }
        guard !digits.isEmpty, digits.count <= 2 * bytes, digits.allSatisfy({ $0 != nil }) else {
            return []
        }
        let all = Array(repeating: 0, count: 2 * bytes - digits.count) + digits.compactMap { $0 }
        return stride(from: 0, to: all.count, by: 2).map { all[$0] << 4 | all[$0 + 1] }
    }

    private static func attribute(_ key: String, _ value: String) -> [UInt8] {
        var out = ByteWriter()
        out.tagged(1, Array(key.utf8))
        var inner = ByteWriter()
        inner.tagged(1, Array(value.utf8))
        out.tagged(2, inner.bytes)
        return out.bytes
    }
}

extension ByteWriter {
    /// A length-delimited field.
    fileprivate mutating func tagged(_ number: UInt64, _ content: [UInt8]) {
        varint(number << 3 | 2)
        lengthPrefixed(content)
    }
}
