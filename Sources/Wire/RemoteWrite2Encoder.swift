import Model

/// Encodes remote write 2.0 requests: for tests, the bench, and for forwarding.
public enum RemoteWrite2Encoder {
    /// The uncompressed `Request`, each text once in its symbols. O(bytes).
    public static func encode(_ series: [OutgoingSeries]) -> [UInt8] {
        var symbols = ByteWriter()
        var numbers: [String: UInt64] = [:]
        func number(_ text: String) -> UInt64 {
            if let known = numbers[text] { return known }
            let next = UInt64(numbers.count)
            numbers[text] = next
            symbols.byte(0x22)
            symbols.text(text)
            return next
        }
        _ = number("")
        var request = ByteWriter()
        for one in series {
            var references = ByteWriter()
            for (name, value) in one.labels.pairs {
                references.varint(number(name))
                references.varint(number(value))
            }
            var message = ByteWriter()
            message.byte(0x0a)
            message.lengthPrefixed(references.bytes)
            for sample in one.samples {
                message.byte(0x12)
                message.lengthPrefixed(encode(sample, start: one.start))
            }
            request.byte(0x2a)
            request.lengthPrefixed(message.bytes)
        }
        return symbols.bytes + request.bytes
    }

    private static func encode(
        _ sample: (time: Timestamp, value: Double), start: Timestamp?
    ) -> [UInt8] {
        var body = ByteWriter()
        body.byte(0x09)
        body.fixed64(sample.value.bitPattern)
        body.byte(0x10)
        body.varint(UInt64(bitPattern: sample.time.millis))
        if let start {
            body.byte(0x18)
            body.varint(UInt64(bitPattern: start.millis))
        }
        return body.bytes
    }
}
