public import Model

/// One series to send: its labels and what is said of it in order of time.
public struct OutgoingSeries: Sendable {
    public var labels: Labels
    public var samples: [(time: Timestamp, value: Double)]
    /// When its counter began. Only remote write 2.0 can say it.
    public var start: Timestamp?
    public var histograms: [OutgoingHistogram] = []
    public var exemplars: [OutgoingExemplar] = []
    /// Remote write 1.0 says it beside the series, and needs a family for that.
    public var metadata: MetricMetadata?

    public init(
        labels: Labels, samples: [(time: Timestamp, value: Double)] = [], start: Timestamp? = nil
    ) {
        self.labels = labels
        self.samples = samples
        self.start = start
    }
}

/// A native histogram to send.
public struct OutgoingHistogram: Sendable {
    public var time: Timestamp
    public var histogram: Histogram
    /// When it began to count, if not with its series. Only remote write 2.0 can say it.
    public var start: Timestamp?

    public init(time: Timestamp, histogram: Histogram, start: Timestamp? = nil) {
        self.time = time
        self.histogram = histogram
        self.start = start
    }
}

/// An exemplar to send.
public struct OutgoingExemplar: Sendable {
    public var labels: Labels
    public var value: Double
    public var time: Timestamp

    public init(labels: Labels, value: Double, time: Timestamp) {
        self.labels = labels
        self.value = value
        self.time = time
    }
}

/// Encodes remote write 1.0 requests: for the demo, for tests, and for forwarding.
public enum RemoteWriteEncoder {
    /// The uncompressed `WriteRequest`, its metadata last: that of the series that have a family
    /// for it, then `metadata`. O(bytes).
    public static func encode(
        _ series: [OutgoingSeries], metadata: [MetricMetadata] = []
    ) -> [UInt8] {
        var request = ByteWriter()
        for one in series { request.field(1, encode(one)) }
        for said in series.compactMap(\.metadata) + metadata {
            guard let family = said.family else { continue }
            var message = ByteWriter()
            message.integer(1, UInt64(said.kind.rawValue))
            message.field(2, family.utf8)
            message.field(4, said.help.utf8)
            message.field(5, said.unit.utf8)
            request.field(3, message.bytes)
        }
        return request.bytes
    }

    static func encode(_ one: OutgoingSeries) -> [UInt8] {
        var message = ByteWriter()
        message.labels(one.labels)
        for sample in one.samples {
            var body = ByteWriter()
            body.double(1, sample.value)
            body.integer(2, sample.time)
            message.field(2, body.bytes)
        }
        for exemplar in one.exemplars {
            var body = ByteWriter()
            body.labels(exemplar.labels)
            body.double(2, exemplar.value)
            body.integer(3, exemplar.time)
            message.field(3, body.bytes)
        }
        for histogram in one.histograms { message.field(4, encoded(histogram, start: nil)) }
        return message.bytes
    }
}

extension ByteWriter {
    /// A length-delimited field.
    mutating func field(_ number: UInt64, _ content: some Collection<UInt8>) {
        varint(number << 3 | 2)
        lengthPrefixed(content)
    }

    /// A double.
    mutating func double(_ number: UInt64, _ value: Double) {
        varint(number << 3 | 1)
        fixed64(value.bitPattern)
    }

    /// An integer of any kind that is not zigzag-coded.
    mutating func integer(_ number: UInt64, _ value: UInt64) {
        varint(number << 3)
        varint(value)
    }

    /// A time in milliseconds.
    mutating func integer(_ number: UInt64, _ time: Timestamp) {
        integer(number, UInt64(bitPattern: time.millis))
    }

    /// Label messages of field 1.
    mutating func labels(_ labels: Labels) {
        for (name, value) in labels.pairs {
            var label = ByteWriter()
            label.field(1, name.utf8)
            label.field(2, value.utf8)
            field(1, label.bytes)
        }
    }
}
