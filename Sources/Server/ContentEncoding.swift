import CZlib

// Answers in gzip for clients that take it (RFC 9110 §12.5.3), as Prometheus gives them: JSON of
// series shrinks to a tenth. Answers below `Compression.bytesMin` fit a packet or two as they are.

enum Compression {
    static let bytesMin = 1024
    /// Larger answers are not compressed on a connection's thread, where requests wait for it: the
    /// threads of queries have done it before.
    static let connectionBytesMax = 4 << 20

    /// Whether an `Accept-Encoding` header takes gzip.
    static func accepts(_ header: String?) -> Bool {
        guard let header else { return false }
        var any: Bool?
        for item in header.lowercased().split(separator: ",") {
            let parts = item.split(separator: ";").map { trimmed($0) }
            guard let coding = parts.first else { continue }
            // No weight is 1; only 0 says no.
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
            let isWanted = weight.map { (Double($0.dropFirst(2)) ?? 0) > 0 } ?? true
            if coding == "gzip" || coding == "x-gzip" { return isWanted }
            if coding == "*" { any = isWanted }
        }
        return any ?? false
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }

    /// The bytes as one gzip member; nil when there is no memory for it.
    static func gzip(_ bytes: [UInt8]) -> [UInt8]? {
        let room = pitot_gzip_bound(bytes.count)
        let packed = [UInt8](unsafeUninitializedCapacity: room) { out, count in
            bytes.withUnsafeBufferPointer { source in
                count = pitot_gzip(out.baseAddress, room, source.baseAddress, source.count)
            }
        }
        return packed.isEmpty ? nil : packed
    }
}

extension HTTPResponse {
    /// In gzip, when the client takes it and it is worth it. O(bytes).
    func encoded(for accepted: String?) -> HTTPResponse {
        guard body.count >= Compression.bytesMin, Compression.accepts(accepted),
            ["application/json", "text/"].contains(where: contentType.hasPrefix),
            !headers.contains(where: { $0.name == "Content-Encoding" }),
            let packed = Compression.gzip(body)
        else { return self }
        var copy = adding("Content-Encoding", "gzip")
        copy.body = packed
        return copy
    }
}
