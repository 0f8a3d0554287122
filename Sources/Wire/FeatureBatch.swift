public import Model

// What one reading of bodies gave, and its form in the log: texts with their length, numbers as
// varints, values as they are, eight bytes each. Drawn in docs/formats/log.md.

/// Events about models that go to the agent together.
public struct FeatureBatch: Hashable, Sendable {
    public var events: [FeatureEvent] = []
    /// Bodies and events that gave none, by `PayloadFault.rawValue`.
    public var faults = [UInt64](repeating: 0, count: PayloadFault.allCases.count)
    /// Bodies that were answered and not read since the batch before, because too many waited.
    public var shed: UInt64 = 0
    /// Events about models that nobody watches.
    public var unwatched: UInt64 = 0

    /// Nothing.
    public init() {}

    /// Whether it says nothing.
    public var isEmpty: Bool {
        events.isEmpty && shed == 0 && unwatched == 0 && faults.allSatisfy { $0 == 0 }
    }

    /// Counts what gave no event.
    public mutating func count(_ fault: PayloadFault) { faults[Int(fault.rawValue)] += 1 }

    /// Takes over another's events and counts.
    public mutating func merge(_ other: FeatureBatch) {
        events += other.events
        for index in faults.indices { faults[index] += other.faults[index] }
        shed += other.shed
        unwatched += other.unwatched
    }

    /// Rows of all events.
    public var rows: Int { events.reduce(0) { $0 + $1.frame.rows } }

    // MARK: In the log

    /// Appends its form in the log.
    public func encode(into out: inout ByteWriter) {
        out.varint(shed)
        out.varint(unwatched)
        out.varint(UInt64(faults.count))
        for fault in faults { out.varint(fault) }
        out.varint(UInt64(events.count))
        for event in events { event.encode(into: &out) }
    }

    /// Reads it; nil when the bytes are malformed.
    public init?(from reader: inout ByteReader) {
        guard let shed = reader.varint(), let unwatched = reader.varint(),
            let kinds = reader.varint(), kinds <= UInt64(reader.remaining)
        else { return nil }
        self.shed = shed
        self.unwatched = unwatched
        for index in 0..<Int(kinds) {
            guard let count = reader.varint() else { return nil }
            // A later version may know more of them.
            if index < faults.count { faults[index] = count }
        }
        guard let count = reader.varint(), count <= UInt64(reader.remaining) else { return nil }
        events.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let event = FeatureEvent(from: &reader) else { return nil }
            events.append(event)
        }
        guard reader.isAtEnd else { return nil }
    }
}

extension FeatureEvent {
    /// Set in the kind's byte when a rate follows.
    private static let sampledFlag: UInt8 = 0x80

    /// Appends its form in the log.
    public func encode(into out: inout ByteWriter) {
        if sampledRate == 1 {
            out.byte(kind.rawValue)
        } else {
            out.byte(kind.rawValue | Self.sampledFlag)
            out.varint(UInt64(sampledRate))
        }
        for text in [id, namespace, model, endpoint, version] { out.text(text) }
        out.signedVarint(nanos)
        out.signedVarint(Int64(status))
        out.varint(UInt64(faults.count))
        for fault in faults { out.byte(fault.rawValue) }
        frame.encode(into: &out)
    }

    /// Reads it; nil when the bytes are malformed.
    public init?(from reader: inout ByteReader) {
        guard let raw = reader.byte(), let kind = Kind(rawValue: raw & ~Self.sampledFlag),
            let rate = raw & Self.sampledFlag == 0 ? 1 : reader.varint(),
            let sampledRate = UInt32(exactly: rate), let id = reader.text(),
            let namespace = reader.text(), let model = reader.text(),
            let endpoint = reader.text(), let version = reader.text(),
            let nanos = reader.signedVarint(), let status = reader.signedVarint(),
            let count = reader.varint(), count <= UInt64(reader.remaining)
        else { return nil }
        self.init(kind)
        self.sampledRate = sampledRate
        (self.id, self.namespace, self.model) = (id, namespace, model)
        (self.endpoint, self.version) = (endpoint, version)
        self.nanos = nanos
        self.status = Int(status)
        for _ in 0..<count {
            guard let byte = reader.byte(), let fault = PayloadFault(rawValue: byte) else {
                return nil
            }
            faults.append(fault)
        }
        guard let frame = FeatureFrame(from: &reader) else { return nil }
        self.frame = frame
    }
}

extension FeatureFrame {
    /// Appends its form in the log.
    public func encode(into out: inout ByteWriter) {
        out.byte(isPositional ? 1 : 0)
        out.varint(UInt64(columns.count))
        for column in columns { out.text(column) }
        out.varint(UInt64(texts.count))
        for text in texts { out.text(text) }
        out.varint(UInt64(times.count))
        for time in times { out.signedVarint(time.millis) }
        out.varint(UInt64(words.count))
        out.words(words)
    }

    /// Reads it; nil when the bytes are malformed.
    public init?(from reader: inout ByteReader) {
        guard let flag = reader.byte(), flag <= 1, let columns = Self.texts(&reader),
            let texts = Self.texts(&reader), let rows = reader.varint(),
            rows <= UInt64(reader.remaining)
        else { return nil }
        isPositional = flag == 1
        self.columns = columns
        self.texts = texts
        for _ in 0..<rows {
            guard let time = reader.timestamp() else { return nil }
            times.append(time)
        }
        guard let count = reader.varint(), count <= UInt64(reader.remaining / 8),
            let words = reader.words(Int(count))
        else { return nil }
        self.words = words
        let isWhole =
            columns.isEmpty
            ? words.isEmpty && times.isEmpty
            : words.count % columns.count == 0 && (times.isEmpty || times.count == self.rows)
        let areTexts = words.allSatisfy {
            if case .text(let place) = $0.content { place < texts.count } else { true }
        }
        guard isWhole, areTexts else { return nil }
    }

    private static func texts(_ reader: inout ByteReader) -> [String]? {
        guard let count = reader.varint(), count <= UInt64(reader.remaining) else { return nil }
        var texts: [String] = []
        texts.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let text = reader.text() else { return nil }
            texts.append(text)
        }
        return texts
    }
}
