import Model

/// Encodes remote write 2.0 requests: for tests, the bench, and for forwarding.
public enum RemoteWrite2Encoder {
    /// The uncompressed `Request`, each text once in its symbols. O(bytes).
    public static func encode(_ series: [OutgoingSeries]) -> [UInt8] {
        var symbols = SymbolWriter()
        var request = ByteWriter()
        for one in series { request.field(5, encode(one, &symbols)) }
        return symbols.writer.bytes + request.bytes
    }

    private static func encode(
        _ one: OutgoingSeries, _ symbols: inout SymbolWriter
    ) -> [UInt8] {
        var message = ByteWriter()
        message.field(1, symbols.references(one.labels))
        for sample in one.samples {
            var body = ByteWriter()
            body.double(1, sample.value)
            body.integer(2, sample.time)
            if let start = one.start { body.integer(3, start) }
            message.field(2, body.bytes)
        }
        for histogram in one.histograms {
            message.field(3, encoded(histogram, start: histogram.start ?? one.start))
        }
        for exemplar in one.exemplars {
            var body = ByteWriter()
            body.field(1, symbols.references(exemplar.labels))
            body.double(2, exemplar.value)
            body.integer(3, exemplar.time)
            message.field(4, body.bytes)
        }
        if let said = one.metadata {
            var body = ByteWriter()
            body.integer(1, UInt64(said.kind.rawValue))
            body.integer(3, symbols.number(of: said.help))
            body.integer(4, symbols.number(of: said.unit))
            message.field(5, body.bytes)
        }
        return message.bytes
    }
}

/// The symbols of a request as they are met; the first is the empty string.
private struct SymbolWriter {
    private(set) var writer = ByteWriter()
    private var numbers: [String: UInt64] = [:]

    init() { _ = number(of: "") }

    mutating func number(of text: String) -> UInt64 {
        if let known = numbers[text] { return known }
        let next = UInt64(numbers.count)
        numbers[text] = next
        writer.field(4, text.utf8)
        return next
    }

    mutating func references(_ labels: Labels) -> [UInt8] {
        var references = ByteWriter()
        for (name, value) in labels.pairs {
            references.varint(number(of: name))
            references.varint(number(of: value))
        }
        return references.bytes
    }
}
