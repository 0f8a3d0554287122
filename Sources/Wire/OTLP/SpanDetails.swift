import Model

// A span's texts, for whoever looks at one: everything that counting steps over.

/// What a span says of itself.
public struct SpanDetails: Sendable {
    /// An attribute; its value as JSON.
    public struct Attribute: Hashable, Sendable {
        public let key: String
        public let json: [UInt8]
    }

    /// Something that happened in a span.
    public struct Event: Sendable {
        public internal(set) var nanos: UInt64 = 0
        public internal(set) var name = ""
        public internal(set) var attributes: [Attribute] = []
    }

    public private(set) var name = ""
    public private(set) var statusMessage = ""
    public private(set) var attributes: [Attribute] = []
    public private(set) var events: [Event] = []
    public private(set) var resource: [Attribute] = []
    /// Traces that it is linked to.
    public private(set) var links: [(trace: TraceID, span: UInt64)] = []
    /// Attributes that are malformed, or nested too deep to be shown.
    public private(set) var unreadable = 0

    private static let listMax = 1000

    /// Of a service, by its resource; empty when it has no name.
    public var service: String {
        guard let value = resource.first(where: { $0.key == "service.name" })?.json else {
            return ""
        }
        // It is a JSON string, of a name without what would be escaped.
        return String(decoding: value.dropFirst().dropLast(), as: UTF8.self)
    }

    /// Reads a span's message, and its resource's.
    public init(message: [UInt8], resource: [UInt8], limits: OTLPLimits = OTLPLimits()) {
        var texts = AttributeText(body: message, depthMax: limits.depth)
        read(message) { (details, whole) throws(WireError) in
            try details.readSpan(whole, texts)
        }
        texts = AttributeText(body: resource, depthMax: limits.depth)
        read(resource) { (details, whole) throws(WireError) in
            try whole.forEachMessage { (number, pair) throws(WireError) in
                if number == 1 { details.append(pair, texts, to: \.resource) }
            }
        }
    }

    /// What cannot be read ends there; what came before is shown.
    private mutating func read(
        _ bytes: [UInt8], _ body: (inout Self, WireCursor) throws(WireError) -> Void
    ) {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            do throws(WireError) {
                try body(&self, unsafe WireCursor(buffer, base: base))
            } catch { unreadable += 1 }
        }
    }

    private mutating func readSpan(
        _ whole: WireCursor, _ texts: AttributeText
    ) throws(WireError) {
        var fields = SpanFields()
        var cursor = whole
        while !cursor.isAtEnd { try fields.read(&cursor) }
        name = whole.part(fields.name).text
        statusMessage = whole.part(fields.statusMessage).text
        try whole.forEachMessage { (number, part) throws(WireError) in
            switch number {
            case 9: append(part, texts, to: \.attributes)
            case 11:
                guard events.count < Self.listMax else { return }
                try appendEvent(part, texts)
            case 13:
                guard links.count < Self.listMax else { return }
                var link = SpanFields()
                var inner = part
                while !inner.isAtEnd { try link.readLink(&inner) }
                links.append((link.trace, link.span))
            default: break
            }
        }
    }

    private mutating func appendEvent(
        _ message: WireCursor, _ texts: AttributeText
    ) throws(WireError) {
        var event = Event()
        var cursor = message
        while !cursor.isAtEnd {
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (1, 1): event.nanos = try cursor.fixed64()
            case (2, 2): event.name = try cursor.message().text
            case (3, 2):
                let pair = try cursor.message()
                if let one = attribute(pair, texts) { event.attributes.append(one) }
            default: try cursor.skip(type: type)
            }
        }
        events.append(event)
    }

    private mutating func append(
        _ pair: WireCursor, _ texts: AttributeText, to list: WritableKeyPath<Self, [Attribute]>
    ) {
        guard self[keyPath: list].count < Self.listMax, let one = attribute(pair, texts) else {
            return
        }
        self[keyPath: list].append(one)
    }

    private mutating func attribute(_ pair: WireCursor, _ texts: AttributeText) -> Attribute? {
        do throws(WireError) {
            let read = try KeyValueFields(pair)
            var out: [UInt8] = []
            try texts.json(read.value, pair, into: &out, depth: 1)
            return Attribute(key: pair.part(read.key).text, json: out)
        } catch {
            unreadable += 1
            return nil
        }
    }
}
