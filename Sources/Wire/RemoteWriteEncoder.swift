public import Model

/// One series to send: its labels and its samples in order of time.
public struct OutgoingSeries: Sendable {
    public var labels: Labels
    public var samples: [(time: Timestamp, value: Double)]
    /// When its counter began. Only remote write 2.0 can say it.
    public var start: Timestamp?

    public init(
        labels: Labels, samples: [(time: Timestamp, value: Double)], start: Timestamp? = nil
    ) {
        self.labels = labels
        self.samples = samples
        self.start = start
    }
}

/// Encodes remote write 1.0 requests: for the demo, for tests, and for forwarding.
public enum RemoteWriteEncoder {
    /// The uncompressed `WriteRequest`. O(bytes).
    public static func encode(_ series: [OutgoingSeries]) -> [UInt8] {
        var request = ByteWriter()
        for one in series {
            var message = ByteWriter()
            for (name, value) in one.labels.pairs {
                var label = ByteWriter()
                label.byte(0x0a)
                label.text(name)
                label.byte(0x12)
                label.text(value)
                message.byte(0x0a)
                message.lengthPrefixed(label.bytes)
            }
            for sample in one.samples {
                var body = ByteWriter()
                body.byte(0x09)
                body.fixed64(sample.value.bitPattern)
                body.byte(0x10)
                body.varint(UInt64(bitPattern: sample.time.millis))
                message.byte(0x12)
                message.lengthPrefixed(body.bytes)
            }
            request.byte(0x0a)
            request.lengthPrefixed(message.bytes)
        }
        return request.bytes
    }
}
