import Model
import Text

// Requests that the agent makes itself.

extension SLIKindReader {
    static let probeIntervalMin = TimeSpan.seconds(5)

    mutating func readProbe() -> ProbeSLI? {
        var fields = FieldReader(node, of: "probe")
        let http = fields.optionalNode("http")
        let artifact = fields.optionalNode("artifact")
        if (http == nil) == (artifact == nil) {
            fields.fail(
                at: node, http == nil ? "a probe of nothing" : "both \"http\" and \"artifact\"",
                expected: "exactly one of \"http\" and \"artifact\"")
        }
        var probe: ProbeSLI?
        if let http, artifact == nil {
            var reader = FieldReader(http, of: "http")
            probe = readHTTP(&reader)
            fields.add(reader.finish())
        } else if let artifact, http == nil {
            var reader = FieldReader(artifact, of: "artifact")
            probe = readArtifact(&reader)
            fields.add(reader.finish())
        }
        let found = fields.finish()
        diagnostics += found
        return found.contains { $0.severity == .error } ? nil : probe
    }

    private func readHTTP(_ fields: inout FieldReader) -> ProbeSLI? {
        guard var probe = readCommon(&fields, interval: .seconds(30)) else { return nil }
        let methods = ["GET", "HEAD", "POST"]
        if let method = fields.optionalString("method") {
            if !methods.contains(method) {
                fields.fail(
                    at: fields.position(of: "method"), "unknown method \"\(method)\"",
                    expected: methods.joined(separator: ", "))
            }
            probe.request.method = method
        }
        if let text = fields.optionalString("status") {
            if let status = Self.status(text) {
                probe.request.status = status
            } else {
                fields.fail(
                    at: fields.position(of: "status"), "\"\(text)\" is no status",
                    expected: "one such as 200, a class such as 2xx, or a range such as 200-399")
            }
        }
        if let text = fields.optionalString("contains") {
            if text.isEmpty || text.utf8.count > 1024 || probe.request.method == "HEAD" {
                fields.fail(
                    at: fields.position(of: "contains"), "\"contains\" cannot be looked for",
                    expected: "text of 1 to 1024 bytes in the body of a GET or POST")
            }
            probe.request.contains = text
        }
        probe.request.bodyMax = 16 << 20
        readBodyMax(&fields, &probe)
        return probe
    }

    private func readArtifact(_ fields: inout FieldReader) -> ProbeSLI? {
        guard var probe = readCommon(&fields, interval: .minutes(5)) else { return nil }
        let hash = fields.optionalString("sha256")
        if let hash {
            let digits = hash.lowercased()
            let isHash =
                digits.utf8.count == 64
                && digits.utf8.allSatisfy { byte in
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                        || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
                }
            if !isHash {
                fields.fail(
                    at: fields.position(of: "sha256"), "\"sha256\" is no SHA-256",
                    expected: "64 hexadecimal digits, as sha256sum prints")
            }
            probe.request.sha256 = digits
        }
        let size = fields.optionalSize("size")
        probe.request.size = size
        if hash == nil && size == nil {
            fields.fail(
                at: fields.position, "an artifact without \"sha256\" or \"size\"",
                expected: "what it must be")
        }
        // A size alone is known without the body.
        if hash == nil { probe.request.method = "HEAD" }
        probe.request.bodyMax = 1 << 30
        readBodyMax(&fields, &probe)
        return probe
    }

    /// What both have.
    private func readCommon(_ fields: inout FieldReader, interval: TimeSpan) -> ProbeSLI? {
        let url = fields.string("url")
        if let url, !Self.isHTTP(url) {
            fields.fail(
                at: fields.position(of: "url"), "\"url\" is no address",
                expected: "http:// or https:// and a host")
        }
        let interval = fields.optionalDuration("interval") ?? interval
        if interval < Self.probeIntervalMin || interval > .days(1) {
            fields.fail(
                at: fields.position(of: "interval"), "interval \(interval) is out of range",
                expected: "5s to 1d")
        }
        var request = ProbeRequest(url: url ?? "")
        request.timeout = min(request.timeout, interval)
        if let timeout = fields.optionalDuration("timeout") {
            if timeout < .milliseconds(100) || timeout > interval {
                fields.fail(
                    at: fields.position(of: "timeout"), "timeout \(timeout) is out of range",
                    expected: "100ms up to the interval, \(interval)")
            }
            request.timeout = timeout
        }
        for (name, value) in fields.pairs("headers") {
            let isHeader =
                !name.isEmpty && (name + value).unicodeScalars.allSatisfy { $0.value >= 32 }
                && !name.contains(":") && !name.contains(" ")
            if !isHeader {
                fields.fail(
                    at: fields.position(of: "headers"), "a header that cannot be sent",
                    expected: "a name without spaces, and one line")
            }
            request.headers.append(ProbeRequest.Header(name: name, value: value))
        }
        guard url != nil else { return nil }
        return ProbeSLI(request: request, interval: interval)
    }

    private func readBodyMax(_ fields: inout FieldReader, _ probe: inout ProbeSLI) {
        guard let size = fields.optionalSize("maxBytes") else { return }
        if size < 1 || size > ProbeRequest.bodyMaxMax {
            fields.fail(
                at: fields.position(of: "maxBytes"), "maxBytes is out of range",
                expected: "1B to 4GiB")
        }
        probe.request.bodyMax = size
    }

    /// "200", "2xx" or "200-399".
    private static func status(_ text: String) -> ClosedRange<Int>? {
        let valid = 100...599
        if let one = Int(text), valid.contains(one) { return one...one }
        if text.utf8.count == 3, text.lowercased().hasSuffix("xx"), let first = Int(text.prefix(1)),
            (1...5).contains(first)
        {
            return first * 100...first * 100 + 99
        }
        let parts = text.split(separator: "-").map { Int($0) }
        guard parts.count == 2, let low = parts[0], let high = parts[1], low <= high,
            valid.contains(low), valid.contains(high)
        else { return nil }
        return low...high
    }

    private static func isHTTP(_ url: String) -> Bool {
        ["http://", "https://"].contains { url.hasPrefix($0) && url.utf8.count > $0.utf8.count }
            && url.unicodeScalars.allSatisfy { $0.value > 32 }
    }
}
