import Model

// OTLP metrics (opentelemetry-proto, metrics/v1) as samples of remote write, the way Prometheus'
// own OTLP endpoint makes them:
//
//   ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; }
//   ScopeMetrics    { InstrumentationScope scope = 1; repeated Metric metrics = 2; }
//   Metric { name = 1; description = 2; unit = 3; Gauge gauge = 5; Sum sum = 7; Histogram = 9;
//            ExponentialHistogram = 10; Summary = 11; }
//   Gauge, Sum, ... { repeated points = 1; AggregationTemporality = 2; bool is_monotonic = 3; }
//
// A resource's `service.name` and `service.namespace` are the job, `service.instance.id` is the
// instance, and all its other attributes stand in `target_info`. Sums of deltas are refused: what
// is lost on the way could never be noticed. They become counters in a Collector
// (`deltatocumulative`).

/// Why a data point is not stored.
public enum PointRefusal: UInt8, CaseIterable, Sendable {
    case delta = 0
    case noValue
    case badHistogram
    case badName

    /// For metrics and answers.
    public var word: String {
        switch self {
        case .delta: "delta_temporality"
        case .noValue: "no_value"
        case .badHistogram: "bad_histogram"
        case .badName: "bad_name"
        }
    }
}

/// What a request of metrics holds.
public struct OTLPMetrics: Sendable {
    /// For the store, each with its start.
    public internal(set) var series: [OutgoingSeries] = []
    /// Data points.
    public internal(set) var points = 0
    /// By `PointRefusal.rawValue`.
    public internal(set) var refused = [Int](repeating: 0, count: PointRefusal.allCases.count)

    public var refusedCount: Int { refused.reduce(0, +) }

    /// One line that says what was refused and why; empty when nothing was.
    public var message: String {
        guard refusedCount > 0 else { return "" }
        let parts = PointRefusal.allCases.compactMap { refusal -> String? in
            let count = refused[Int(refusal.rawValue)]
            return count == 0 ? nil : "\(count) \(refusal.word)"
        }
        return "data points refused: " + parts.joined(separator: ", ")
    }
}

/// Decodes the body of a request for `/v1/metrics`.
public struct OTLPMetricsDecoder: Sendable {
    public let limits: OTLPLimits

    public init(limits: OTLPLimits = OTLPLimits()) { self.limits = limits }

    /// Decodes an `ExportMetricsServiceRequest`. O(bytes).
    public func decode(_ body: [UInt8]) throws(WireError) -> OTLPMetrics {
        guard body.count <= limits.bodyBytes else { throw .tooLarge(limit: limits.bodyBytes) }
        var reader = MetricsReader(body, limits)
        var fault: WireError?
        unsafe body.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            let whole = unsafe WireCursor(buffer, base: base)
            do throws(WireError) {
                try whole.forEachMessage { (number, message) throws(WireError) in
                    if number == 1 { try reader.readResource(message) }
                }
            } catch { fault = error }
        }
        if let fault { throw fault }
        return reader.found
    }
}

extension WireCursor {
    /// Each length-delimited field; others are stepped over.
    func forEachMessage(
        _ body: (_ number: UInt64, _ message: WireCursor) throws(WireError) -> Void
    ) throws(WireError) {
        var cursor = self
        while !cursor.isAtEnd {
            let (number, type) = try cursor.tag()
            if type == 2 {
                try body(number, try cursor.message())
            } else {
                try cursor.skip(type: type)
            }
        }
    }

    /// The bytes that are left, as text; invalid UTF-8 is repaired.
    var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(remaining)
        forEachByte { bytes.append($0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Reads one request.
private struct MetricsReader {
    var found = OTLPMetrics()
    private let limits: OTLPLimits
    private let texts: AttributeText
    private var identity: [(String, String)] = []
    private var newest = Timestamp.distantPast
    private var resources = 0

    init(_ body: [UInt8], _ limits: OTLPLimits) {
        self.limits = limits
        texts = AttributeText(body: body, depthMax: limits.depth)
    }

    mutating func readResource(_ message: WireCursor) throws(WireError) {
        resources += 1
        guard resources <= limits.resources else {
            throw .tooManyResources(limit: limits.resources)
        }
        var attributes: [(key: String, value: String)] = []
        try message.forEachMessage { (number, resource) throws(WireError) in
            guard number == 1 else { return }
            attributes = try self.attributes(resource, field: 1)
        }
        let of = { (key: String) in attributes.last { $0.key == key }?.value ?? "" }
        let (service, space) = (of("service.name"), of("service.namespace"))
        let job = space.isEmpty || service.isEmpty ? service : space + "/" + service
        identity = [("job", job), ("instance", of("service.instance.id"))]
        newest = .distantPast
        var inner = self
        try message.forEachMessage { (number, scope) throws(WireError) in
            guard number == 2 else { return }
            try scope.forEachMessage { (number, metric) throws(WireError) in
                if number == 2 { try inner.readMetric(metric) }
            }
        }
        self = inner
        describeTarget(attributes)
    }

    /// `target_info`, with all of the resource that is no label of the samples.
    private mutating func describeTarget(_ attributes: [(key: String, value: String)]) {
        let own = ["service.name", "service.namespace", "service.instance.id"]
        let rest = attributes.filter { !own.contains($0.key) && !$0.value.isEmpty }
        guard !rest.isEmpty, identity.contains(where: { !$0.1.isEmpty }), newest > .distantPast
        else { return }
        let labels = Self.labels(rest, identity + [(Labels.metricName, "target_info")])
        found.series.append(OutgoingSeries(labels: labels, samples: [(newest, 1)]))
    }

    private func attributes(
        _ message: WireCursor, field: UInt64
    ) throws(WireError) -> [(key: String, value: String)] {
        var all: [(key: String, value: String)] = []
        try message.forEachMessage { (number, pair) throws(WireError) in
            guard number == field, all.count < limits.attributesPerSpan else { return }
            let read = try KeyValueFields(pair)
            guard let value = texts.label(read.value, in: message) else { return }
            all.append((message.part(read.key).text, String(decoding: value, as: UTF8.self)))
        }
        return all
    }

    /// Attributes as labels; those whose names become one share it.
    private static func labels(
        _ attributes: [(key: String, value: String)], _ more: [(String, String)]
    ) -> Labels {
        var pairs: [(String, String)] = []
        for (key, value) in attributes.sorted(by: { $0.key < $1.key }) {
            let name = OTLPNames.label(key)
            if let same = pairs.firstIndex(where: { $0.0 == name }) {
                pairs[same].1 += ";" + value
            } else {
                pairs.append((name, value))
            }
        }
        return Labels(pairs + more)
    }

    // MARK: Metrics

    private mutating func readMetric(_ message: WireCursor) throws(WireError) {
        var (name, help, unit) = ("", "", "")
        var content: (kind: UInt64, message: WireCursor)?
        try message.forEachMessage { (number, field) throws(WireError) in
            switch number {
            case 1: name = field.text
            case 2: help = field.text
            case 3: unit = field.text
            case 5, 7, 9, 10, 11: content = (number, field)
            default: break
            }
        }
        guard let content else { return }
        var (temporality, isMonotonic): (UInt64, Bool) = (2, false)
        var cursor = content.message
        while !cursor.isAtEnd {
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (2, 0): temporality = try cursor.varint()
            case (3, 0): isMonotonic = try cursor.varint() != 0
            default: try cursor.skip(type: type)
            }
        }
        let isCounter = content.kind == 7 && isMonotonic
        let isGauge = content.kind == 5 || (content.kind == 7 && !isMonotonic)
        let full = OTLPNames.metric(
            name, unit: unit, isCounter: isCounter, isGauge: content.kind == 5)
        let kind: MetricMetadata.Kind =
            isCounter ? .counter : isGauge ? .gauge : content.kind == 11 ? .summary : .histogram
        let said = MetricMetadata(kind: kind, help: help, unit: unit)
        var inner = self
        try content.message.forEachMessage { (number, point) throws(WireError) in
            guard number == 1 else { return }
            guard inner.found.points < inner.limits.points else {
                throw .tooManyPoints(limit: inner.limits.points)
            }
            inner.found.points += 1
            if name.isEmpty { return inner.refuse(.badName) }
            let isCumulative = content.kind == 5 || content.kind == 11 || temporality == 2
            guard isCumulative else { return inner.refuse(.delta) }
            try inner.readPoint(point, content.kind, full, said, hasStart: !isGauge)
        }
        self = inner
    }

    private mutating func refuse(_ refusal: PointRefusal) {
        found.refused[Int(refusal.rawValue)] += 1
    }

    private mutating func readPoint(
        _ message: WireCursor, _ kind: UInt64, _ name: String, _ said: MetricMetadata,
        hasStart: Bool
    ) throws(WireError) {
        let point = try OTLPPoint(message, kind: kind)
        let field: UInt64 = kind == 9 ? 9 : kind == 10 ? 1 : 7
        let attributes = try attributes(message, field: field)
        newest = max(newest, point.time)
        var maker = SeriesMaker(
            name: name, said: said, time: point.time, start: hasStart ? point.start : nil)
        let identity = self.identity
        maker.labels = { Self.labels(attributes, identity + $0) }
        if let refusal = maker.make(point, kind) { return refuse(refusal) }
        found.series += maker.series
    }
}
