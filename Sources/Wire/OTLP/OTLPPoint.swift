import Model

// Data points:
//
//   all                           { fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; }
//   NumberDataPoint               { as_double = 4; sfixed64 as_int = 6; attributes = 7;
//                                   flags = 8; }
//   HistogramDataPoint            { count = 4; sum = 5; bucket_counts = 6; explicit_bounds = 7;
//                                   attributes = 9; flags = 10; }
//   ExponentialHistogramDataPoint { attributes = 1; count = 4; sum = 5; sint32 scale = 6;
//                                   zero_count = 7; Buckets positive = 8, negative = 9; flags = 10;
//                                   zero_threshold = 14; }
//   SummaryDataPoint              { count = 4; sum = 5; quantile_values = 6; attributes = 7;
//                                   flags = 8; }
//   Buckets { sint32 offset = 1; repeated uint64 bucket_counts = 2; }

/// One data point of any kind.
struct OTLPPoint {
    /// Buckets of one sign.
    struct Buckets {
        var offset: Int32 = 0
        var counts: [Double] = []
    }

    /// A point has at most so many buckets, bounds or quantiles.
    static let bucketsMax = 4096

    var start: Timestamp?
    var time = Timestamp.distantPast
    var value: Double?
    var count = 0.0
    var sum: Double?
    var counts: [Double] = []
    var bounds: [Double] = []
    var quantiles: [(quantile: Double, value: Double)] = []
    var scale: Int32 = 0
    var zeroCount = 0.0
    var zeroThreshold = 0.0
    var positive = Buckets()
    var negative = Buckets()
    /// It says that there is no value any more.
    var isEnd = false
    var isTooLarge = false

    init(_ message: WireCursor, kind: UInt64) throws(WireError) {
        var cursor = message
        while !cursor.isAtEnd {
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (2, 1):
                let nanos = try cursor.fixed64()
                start = nanos == 0 ? nil : Self.time(nanos)
            case (3, 1): time = Self.time(try cursor.fixed64())
            default:
                let isFlags = type == 0 && number == (kind == 9 || kind == 10 ? 10 : 8)
                if isFlags {
                    isEnd = try cursor.varint() & 1 == 1
                } else {
                    try read(&cursor, number, type, kind)
                }
            }
        }
    }

    private static func time(_ nanos: UInt64) -> Timestamp {
        Timestamp(millis: Int64(clamping: nanos / 1_000_000))
    }

    private mutating func read(
        _ cursor: inout WireCursor, _ number: UInt64, _ type: UInt8, _ kind: UInt64
    ) throws(WireError) {
        switch (kind, number, type) {
        case (5, 4, 1), (7, 4, 1): value = Double(bitPattern: try cursor.fixed64())
        case (5, 6, 1), (7, 6, 1): value = Double(Int64(bitPattern: try cursor.fixed64()))
        case (9, 4, 1), (10, 4, 1), (11, 4, 1): count = Double(try cursor.fixed64())
        case (9, 5, 1), (10, 5, 1), (11, 5, 1): sum = Double(bitPattern: try cursor.fixed64())
        case (9, 6, 1): append(Double(try cursor.fixed64()), to: \.counts)
        case (9, 6, 2): try words(try cursor.message(), to: \.counts) { Double($0) }
        case (9, 7, 1): append(Double(bitPattern: try cursor.fixed64()), to: \.bounds)
        case (9, 7, 2):
            try words(try cursor.message(), to: \.bounds) { Double(bitPattern: $0) }
        case (10, 6, 0): scale = try cursor.zigzag32()
        case (10, 7, 1): zeroCount = Double(try cursor.fixed64())
        case (10, 8, 2): try buckets(try cursor.message(), into: \.positive)
        case (10, 9, 2): try buckets(try cursor.message(), into: \.negative)
        case (10, 14, 1): zeroThreshold = Double(bitPattern: try cursor.fixed64())
        case (11, 6, 2): try quantile(try cursor.message())
        default: try cursor.skip(type: type)
        }
    }

    private mutating func append(_ value: Double, to list: WritableKeyPath<Self, [Double]>) {
        guard self[keyPath: list].count < Self.bucketsMax else {
            isTooLarge = true
            return
        }
        self[keyPath: list].append(value)
    }

    private mutating func words(
        _ message: WireCursor, to list: WritableKeyPath<Self, [Double]>,
        _ number: (UInt64) -> Double
    ) throws(WireError) {
        var cursor = message
        while !cursor.isAtEnd { append(number(try cursor.fixed64()), to: list) }
    }

    private mutating func buckets(
        _ message: WireCursor, into place: WritableKeyPath<Self, Buckets>
    ) throws(WireError) {
        var cursor = message
        let counts = place.appending(path: \.counts)
        while !cursor.isAtEnd {
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (1, 0): self[keyPath: place].offset = try cursor.zigzag32()
            case (2, 0): append(Double(try cursor.varint()), to: counts)
            case (2, 2):
                var packed = try cursor.message()
                while !packed.isAtEnd { append(Double(try packed.varint()), to: counts) }
            default: try cursor.skip(type: type)
            }
        }
    }

    private mutating func quantile(_ message: WireCursor) throws(WireError) {
        var cursor = message
        var pair = (quantile: 0.0, value: 0.0)
        while !cursor.isAtEnd {
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (1, 1): pair.quantile = Double(bitPattern: try cursor.fixed64())
            case (2, 1): pair.value = Double(bitPattern: try cursor.fixed64())
            default: try cursor.skip(type: type)
            }
        }
        if quantiles.count < Self.bucketsMax { quantiles.append(pair) } else { isTooLarge = true }
    }
}

/// Makes series of one data point.
struct SeriesMaker {
    let name: String
    let said: MetricMetadata
    let time: Timestamp
    let start: Timestamp?
    /// The point's labels with more.
    var labels: ([(String, String)]) -> Labels = { Labels($0) }
    private(set) var series: [OutgoingSeries] = []

    init(name: String, said: MetricMetadata, time: Timestamp, start: Timestamp?) {
        self.name = name
        self.said = said
        self.time = time
        self.start = start
    }

    private static let stale = Double(bitPattern: staleMarkerBits)

    private mutating func add(
        _ suffix: String, _ value: Double, _ more: (String, String)...
    ) {
        var one = OutgoingSeries(
            labels: labels([(Labels.metricName, name + suffix)] + more),
            samples: [(time, value)], start: start)
        if series.isEmpty { one.metadata = said }
        series.append(one)
    }

    /// Makes them, or says why not.
    mutating func make(_ point: OTLPPoint, _ kind: UInt64) -> PointRefusal? {
        if point.isTooLarge { return .badHistogram }
        switch kind {
        case 9: return histogram(point)
        case 10: return exponential(point)
        case 11:
            for one in point.quantiles {
                add("", point.isEnd ? Self.stale : one.value, ("quantile", number(one.quantile)))
            }
            add("_sum", point.isEnd ? Self.stale : point.sum ?? 0)
            add("_count", point.isEnd ? Self.stale : point.count)
        default:
            guard let value = point.isEnd ? Self.stale : point.value else { return .noValue }
            add("", value)
        }
        return nil
    }

    private mutating func histogram(_ point: OTLPPoint) -> PointRefusal? {
        let isWhole =
            point.counts.isEmpty && point.bounds.isEmpty
            || point.counts.count == point.bounds.count + 1
        guard isWhole, zip(point.bounds, point.bounds.dropFirst()).allSatisfy({ $0 < $1 }) else {
            return .badHistogram
        }
        if point.sum != nil || point.isEnd {
            add("_sum", point.isEnd ? Self.stale : point.sum ?? 0)
        }
        add("_count", point.isEnd ? Self.stale : point.count)
        var cumulative = 0.0
        for (bound, count) in zip(point.bounds, point.counts) {
            cumulative += count
            add("_bucket", point.isEnd ? Self.stale : cumulative, ("le", number(bound)))
        }
        add("_bucket", point.isEnd ? Self.stale : point.count, ("le", "+Inf"))
        return nil
    }

    /// Buckets of OTLP are half open below, (base^i, base^(i+1)]; those of Prometheus are called by
    /// their upper end. Scales above 8 are brought down to it, two buckets becoming one a step.
    private mutating func exponential(_ point: OTLPPoint) -> PointRefusal? {
        guard point.scale >= -4, point.scale <= 20 else { return .badHistogram }
        var histogram = Histogram()
        histogram.schema = min(point.scale, 8)
        histogram.isInteger = true
        histogram.zeroThreshold = point.zeroThreshold == 0 ? 1e-128 : point.zeroThreshold
        histogram.zeroCount = point.zeroCount
        histogram.count = point.count
        histogram.sum = point.isEnd ? Self.stale : point.sum ?? 0
        let shift = max(0, point.scale - 8)
        if !point.isEnd {
            guard let positive = buckets(point.positive, shift),
                let negative = buckets(point.negative, shift)
            else { return .badHistogram }
            histogram.positive = positive
            histogram.negative = negative
        }
        var one = OutgoingSeries(labels: labels([(Labels.metricName, name)]), start: start)
        one.histograms = [OutgoingHistogram(time: time, histogram: histogram, start: start)]
        one.metadata = said
        series.append(one)
        return nil
    }

    private func buckets(_ from: OTLPPoint.Buckets, _ shift: Int32) -> Histogram.Buckets? {
        var places: [(index: Int64, count: Double)] = []
        for (place, count) in from.counts.enumerated() where count != 0 {
            let index = (Int64(from.offset) + Int64(place)) >> Int64(shift) + 1
            if let last = places.last, last.index == index {
                places[places.count - 1].count += count
            } else {
                places.append((index, count))
            }
        }
        var made = Histogram.Buckets.none
        var next: Int64 = 0
        for (index, count) in places {
            guard let offset = Int32(exactly: index - next) else { return nil }
            if offset == 0 && !made.spans.isEmpty {
                made.spans[made.spans.count - 1].length += 1
            } else {
                made.spans.append(Histogram.Span(offset: offset, length: 1))
            }
            made.counts.append(count)
            next = index + 1
        }
        return made
    }

    /// As Prometheus writes bounds.
    private func number(_ value: Double) -> String {
        if value == .infinity { return "+Inf" }
        if value == -.infinity { return "-Inf" }
        return AttributeText.number(value)
    }
}
