import Model

// OTLP traces (opentelemetry-proto, trace/v1 and collector/trace/v1), from protobuf:
//
//   ExportTraceServiceRequest { repeated ResourceSpans resource_spans = 1; }
//   ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
//   Resource      { repeated KeyValue attributes = 1; }
//   ScopeSpans    { InstrumentationScope scope = 1; repeated Span spans = 2; }
//
// A resource may stand behind its spans, so it is looked for first; stepping over the spans costs
// one length each. No allocation per span beyond the batch's columns; attributes that nobody asked
// for are stepped over, whatever is nested in them. JSON comes here as protobuf: OTLPJSON.

/// Decodes the body of a request for `/v1/traces`.
public struct OTLPTraceDecoder: Sendable {
    public let seed: HashSeed
    public let limits: OTLPLimits

    /// `seed` keys the classes of a batch; nothing that comes out depends on it.
    public init(seed: HashSeed, limits: OTLPLimits = OTLPLimits()) {
        self.seed = seed
        self.limits = limits
    }

    /// Decodes an `ExportTraceServiceRequest`; the batch takes the bytes over. An empty one is a
    /// request without spans. O(bytes).
    public func decode(_ body: [UInt8], lens: SpanLens) throws(WireError) -> SpanBatch {
        guard body.count <= limits.bodyBytes else { throw .tooLarge(limit: limits.bodyBytes) }
        var reader = SpanReader(body, lens, seed, limits)
        var fault: WireError?
        unsafe body.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            do throws(WireError) {
                try reader.readRequest(unsafe WireCursor(buffer, base: base))
            } catch { fault = error }
        }
        if let fault { throw fault }
        reader.batch.body = body
        reader.batch.generation = lens.generation
        return reader.batch
    }
}

/// Reads one request. Lives while the body's bytes are borrowed.
private struct SpanReader {
    var batch = SpanBatch()
    private let body: [UInt8]
    private let lens: SpanLens
    private let limits: OTLPLimits
    private let seed: HashSeed
    private let texts: AttributeText
    /// The values of the lens: of the resource, and of the span being read.
    private var shared: [AttributeValue]
    private var values: [AttributeValue]
    private var classes = ClassTable()
    /// Of classes whose labels are none, why.
    private var faults: [SpanRefusal?] = []
    private var fields = SpanFields()

    init(_ body: [UInt8], _ lens: SpanLens, _ seed: HashSeed, _ limits: OTLPLimits) {
        self.body = body
        self.lens = lens
        self.seed = seed
        self.limits = limits
        texts = AttributeText(body: body, depthMax: limits.depth)
        shared = Array(repeating: AttributeValue(), count: lens.names.count)
        values = shared
        batch.spans.reserveCapacity(min(limits.spans, body.count / 200 + 1))
    }

    mutating func readRequest(_ whole: WireCursor) throws(WireError) {
        var cursor = whole
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            guard number == 1 else {
                try cursor.skip(type: type)
                continue
            }
            guard type == 2 else { throw .badTag(at: at) }
            try readResource(try cursor.message())
        }
    }

    private mutating func readResource(_ message: WireCursor) throws(WireError) {
        var cursor = message
        var resource = message.offset..<message.offset
        for index in shared.indices { shared[index] = AttributeValue() }
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            guard number == 1 else {
                try cursor.skip(type: type)
                continue
            }
            guard type == 2 else { throw .badTag(at: at) }
            let found = try cursor.message()
            resource = found.offset..<cursor.offset
            try readAttributes(of: found)
        }
        guard batch.resources.count < limits.resources else {
            throw .tooManyResources(limit: limits.resources)
        }
        batch.resources.append(resource)
        cursor = message
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            guard number == 2 else {
                try cursor.skip(type: type)
                continue
            }
            guard type == 2 else { throw .badTag(at: at) }
            try readScope(try cursor.message())
        }
    }

    private mutating func readAttributes(of resource: WireCursor) throws(WireError) {
        var cursor = resource
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            guard number == 1 else {
                try cursor.skip(type: type)
                continue
            }
            guard type == 2 else { throw .badTag(at: at) }
            let pair = try KeyValueFields(try cursor.message())
            let key = cursor.part(pair.key)
            guard lens.wants(length: key.remaining), let place = lens.slot(of: key) else {
                continue
            }
            let isNewer = shared[place.slot].rank == 0 || place.rank < shared[place.slot].rank
            guard isNewer else { continue }
            shared[place.slot] = pair.value
            shared[place.slot].rank = place.rank
        }
        // What a span says itself goes before all of these.
        for index in shared.indices { shared[index].rank = 0 }
    }

    private mutating func readScope(_ message: WireCursor) throws(WireError) {
        var cursor = message
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            guard number == 2 else {
                try cursor.skip(type: type)
                continue
            }
            guard type == 2 else { throw .badTag(at: at) }
            guard batch.count < limits.spans else { throw .tooManySpans(limit: limits.spans) }
            try readSpan(try cursor.message())
        }
    }

    private mutating func readSpan(_ message: WireCursor) throws(WireError) {
        for index in values.indices { values[index] = shared[index] }
        fields = SpanFields()
        var cursor = message
        var attributes = 0
        while !cursor.isAtEnd {
            // Attributes are most of a span: field 9, whose tag is one byte.
            if cursor.peek == 0x4a {
                cursor.advanceByte()
                try readAttribute(try cursor.message())
                attributes += 1
            } else {
                try fields.read(&cursor)
            }
        }
        if attributes > limits.attributesPerSpan { return refuse(.tooManyAttributes) }
        if let refusal = fields.refusal { return refuse(refusal) }
        let place = kindred(message)
        if let fault = faults[place] { return refuse(fault) }
        batch.spans.append(
            SpanRecord(
                trace: fields.trace, span: fields.span, parent: fields.parent,
                start: fields.start, end: fields.end,
                weight: fields.traceState.isEmpty
                    ? 1 : SamplingThreshold.weight(message.part(fields.traceState)),
                kindred: UInt32(place), bytesStart: UInt32(message.offset),
                bytesEnd: UInt32(message.offset + message.remaining),
                resource: UInt32(batch.resources.count - 1), kind: fields.kind,
                status: fields.status, isEntry: fields.isEntry))
    }

    private mutating func refuse(_ refusal: SpanRefusal) {
        batch.refused[Int(refusal.rawValue)] += 1
    }

    /// The usual form, key then value, without a look at the value unless it is wanted.
    private mutating func readAttribute(_ message: WireCursor) throws(WireError) {
        var cursor = message
        guard cursor.peek == 0x0a else { return try readScattered(message) }
        cursor.advanceByte()
        let key = try cursor.message()
        guard lens.wants(length: key.remaining), let place = lens.slot(of: key) else { return }
        if cursor.peek == 0x12 {
            cursor.advanceByte()
            let value = try cursor.message()
            if cursor.isAtEnd { return take(try AttributeValue(value), place) }
        }
        try readScattered(message)
    }

    private mutating func readScattered(_ message: WireCursor) throws(WireError) {
        let pair = try KeyValueFields(message)
        let key = message.part(pair.key)
        guard lens.wants(length: key.remaining), let place = lens.slot(of: key) else { return }
        take(pair.value, place)
    }

    private mutating func take(_ value: AttributeValue, _ place: (slot: Int, rank: UInt8)) {
        let known = values[place.slot].rank
        guard known == 0 || place.rank <= known else { return }
        values[place.slot] = value
        values[place.slot].rank = place.rank
    }

    // MARK: Classes

    private mutating func kindred(_ message: WireCursor) -> Int {
        var fold = SymbolFold(seed)
        fold.add(
            name: message.key(of: fields.name, seed: seed),
            value: SeriesKey(low: UInt64(fields.kind), high: UInt64(fields.status)))
        for slot in values.indices where values[slot].kind != .none {
            let value = values[slot]
            let name = SeriesKey(low: UInt64(slot), high: UInt64(value.kind.rawValue))
            switch value.kind {
            case .bool, .integer, .double:
                fold.add(name: name, value: SeriesKey(low: value.bits, high: 0))
            case .none, .string, .array, .list, .bytes:
                fold.add(name: name, value: message.key(of: value.range, seed: seed))
            }
        }
        let key = fold.key
        if let known = classes.find(key) { return known }
        classes.add(key, faults.count)
        do throws(SpanFault) {
            batch.classes.append(try labels(message))
            faults.append(nil)
        } catch {
            batch.classes.append(.empty)
            faults.append(error.refusal)
        }
        return faults.count - 1
    }

    private struct SpanFault: Error { let refusal: SpanRefusal }

    private func labels(_ message: WireCursor) throws(SpanFault) -> Labels {
        var pairs: [(String, String)] = []
        func add(_ name: String, _ bytes: [UInt8]) throws(SpanFault) {
            guard bytes.count <= limits.valueBytes else { throw SpanFault(refusal: .tooLong) }
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw SpanFault(refusal: .invalidUTF8)
            }
            pairs.append((name, text))
        }
        for (slot, name) in lens.names.enumerated() {
            if let value = texts.label(values[slot], in: message) { try add(name, value) }
        }
        try add(SpanLabels.name, Array(body[fields.name]))
        pairs.append((SpanLabels.kind, SpanLabels.kindWord(fields.kind)))
        pairs.append((SpanLabels.status, SpanLabels.statusWord(fields.status)))
        let service = pairs.first { $0.0 == SpanLabels.serviceName }?.1 ?? ""
        pairs.append((SpanLabels.service, service.isEmpty ? "unknown_service" : service))
        return Labels(pairs)
    }
}

/// The labels that every span has, named as Tempo's and the Collector's metrics of spans are.
public enum SpanLabels {
    public static let service = "service"
    public static let serviceName = "service_name"
    public static let name = "span_name"
    public static let kind = "span_kind"
    public static let status = "status_code"
    /// All of them.
    public static let intrinsic = [service, name, kind, status]

    public static let kinds = [
        "SPAN_KIND_UNSPECIFIED", "SPAN_KIND_INTERNAL", "SPAN_KIND_SERVER", "SPAN_KIND_CLIENT",
        "SPAN_KIND_PRODUCER", "SPAN_KIND_CONSUMER",
    ]
    public static let statuses = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"]

    /// A number that this version does not know is unspecified.
    public static func kindWord(_ kind: UInt8) -> String {
        kinds[Int(kind) < kinds.count ? Int(kind) : 0]
    }

    /// A number that this version does not know is unset.
    public static func statusWord(_ status: UInt8) -> String {
        statuses[Int(status) < statuses.count ? Int(status) : 0]
    }
}

/// The classes of a batch by their keys, a table of open addressing that is at most half full.
private struct ClassTable {
    private var keys = [SeriesKey](repeating: .unresolvable, count: 64)
    private var places = [Int32](repeating: -1, count: 64)
    private var count = 0
    private var last = (key: SeriesKey.unresolvable, place: -1)

    mutating func find(_ key: SeriesKey) -> Int? {
        if key == last.key && last.place >= 0 { return last.place }
        var slot = Int(truncatingIfNeeded: key.low) & (keys.count - 1)
        while places[slot] >= 0 {
            if keys[slot] == key {
                last = (key, Int(places[slot]))
                return last.place
            }
            slot = (slot + 1) & (keys.count - 1)
        }
        return nil
    }

    mutating func add(_ key: SeriesKey, _ place: Int) {
        if 2 * count >= keys.count {
            let old = zip(keys, places).filter { $0.1 >= 0 }
            keys = Array(repeating: .unresolvable, count: 2 * keys.count)
            places = Array(repeating: -1, count: keys.count)
            for (key, place) in old { put(key, place) }
        }
        put(key, Int32(place))
        count += 1
    }

    private mutating func put(_ key: SeriesKey, _ place: Int32) {
        var slot = Int(truncatingIfNeeded: key.low) & (keys.count - 1)
        while places[slot] >= 0 { slot = (slot + 1) & (keys.count - 1) }
        keys[slot] = key
        places[slot] = place
    }
}
