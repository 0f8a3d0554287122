public import Model

// Remote read (https://prometheus.io/docs/prometheus/latest/querying/remote_read_api/): a
// snappy-compressed ReadRequest of a few queries, each a span and matchers. Fields that are not
// known are passed over; sizes are checked before anything is kept.

/// What a client of remote read asks for.
public struct RemoteReadRequest: Hashable, Sendable {
    /// One of its queries.
    public struct Query: Hashable, Sendable {
        public var start = Timestamp(millis: 0)
        /// Included.
        public var end = Timestamp(millis: 0)
        public var matchers: [Matcher] = []
        public var hints: Hints?
    }

    /// What the client will do with the samples; only what changes an answer is read.
    public struct Hints: Hashable, Sendable {
        public var start = Timestamp(millis: 0)
        public var end = Timestamp(millis: 0)
        /// The function around the selector; `series` wants no samples.
        public var function = ""
    }

    /// How answers may come; numbered as on the wire.
    public enum ResponseType: UInt64, Sendable {
        case samples = 0
        case streamedChunks = 1
    }

    public var queries: [Query] = []
    /// In the client's order of preference; those we do not know are left out.
    public var accepted: [ResponseType] = []

    /// The first that the client accepts; nil when we know none of what it named.
    public var responseType: ResponseType? {
        hasUnknownType && accepted.isEmpty ? nil : accepted.first ?? .samples
    }
    var hasUnknownType = false

    public init() {}
}

/// Caps of a read request.
public enum RemoteReadLimits {
    /// Bytes of a request, compressed and not.
    public static let bytes = 1 << 20
    public static let queries = 1000
    public static let matchers = 64
    /// Bytes of a frame of a streamed answer, as Prometheus' default. One chunk may exceed it.
    public static let frameBytes = 1 << 20
    /// Bytes of an answer.
    public static let answerBytes = 256 << 20
}

extension RemoteReadRequest {
    /// Reads a body.
    public init(snappy body: [UInt8]) throws(WireError) {
        self = try RemoteReadRequest(
            decoding: Snappy.uncompress(body, limit: RemoteReadLimits.bytes))
    }

    /// Reads an uncompressed request. O(bytes).
    public init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = MessageReader(bytes)
        while let field = try reader.next() {
            switch field {
            case .bytes(1, let range):
                guard queries.count < RemoteReadLimits.queries else {
                    throw .tooManySeries(limit: RemoteReadLimits.queries)
                }
                queries.append(try Self.query(reader.part(range)))
            case .number(2, let type): accept(type)
            case .bytes(2, let range):
                var packed = reader.part(range)
                while !packed.isAtEnd { accept(try packed.varint()) }
            case .number(1, _): throw .badTag(at: reader.position)
            default: break
            }
        }
    }

    private mutating func accept(_ number: UInt64) {
        guard let type = ResponseType(rawValue: number) else {
            hasUnknownType = true
            return
        }
        if accepted.count < 16 { accepted.append(type) }
    }

    private static func query(_ message: MessageReader) throws(WireError) -> Query {
        var reader = message
        var query = Query()
        while let field = try reader.next() {
            switch field {
            case .number(1, let millis): query.start = Timestamp(wire: millis)
            case .number(2, let millis): query.end = Timestamp(wire: millis)
            case .bytes(3, let range):
                guard query.matchers.count < RemoteReadLimits.matchers else {
                    throw .tooManySymbols(limit: RemoteReadLimits.matchers)
                }
                query.matchers.append(try matcher(reader.part(range)))
            case .bytes(4, let range): query.hints = try hints(reader.part(range))
            case .bytes(1...2, _), .number(3...4, _): throw .badTag(at: reader.position)
            default: break
            }
        }
        return query
    }

    private static func matcher(_ message: MessageReader) throws(WireError) -> Matcher {
        var reader = message
        var op = Matcher.Operator.equal
        var (name, value) = ("", "")
        let operators: [Matcher.Operator] = [.equal, .notEqual, .matches, .notMatches]
        while let field = try reader.next() {
            switch field {
            case .number(1, let number):
                guard number < UInt64(operators.count) else {
                    throw .badTag(at: reader.position)
                }
                op = operators[Int(number)]
            case .bytes(2, let range): name = try reader.text(range)
            case .bytes(3, let range): value = try reader.text(range)
            case .bytes(1, _), .number(2...3, _): throw .badTag(at: reader.position)
            default: break
            }
        }
        return Matcher(name, op, value)
    }

    private static func hints(_ message: MessageReader) throws(WireError) -> Hints {
        var reader = message
        var hints = Hints()
        while let field = try reader.next() {
            switch field {
            case .bytes(2, let range): hints.function = try reader.text(range)
            case .number(3, let millis): hints.start = Timestamp(wire: millis)
            case .number(4, let millis): hints.end = Timestamp(wire: millis)
            default: break
            }
        }
        return hints
    }
}

extension Timestamp {
    /// Any 64 bits, held where sums and differences of two cannot overflow.
    init(wire bits: UInt64) {
        let millis = Int64(bitPattern: bits)
        self = max(.distantPast, min(.distantFuture, Timestamp(millis: millis)))
    }
}

/// A protobuf message, field by field: for messages that are read now and then. Hot ones have
/// `WireCursor`.
struct MessageReader {
    enum Field {
        case number(UInt64, UInt64)
        case bytes(UInt64, Range<Int>)
        /// Four or eight bytes.
        case fixed(UInt64)
    }

    private let source: [UInt8]
    private(set) var position: Int
    private let end: Int

    init(_ bytes: [UInt8]) { self.init(bytes, 0..<bytes.count) }

    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        source = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { position >= end }

    /// A field's content as a message. The range is one that `next` gave.
    func part(_ range: Range<Int>) -> MessageReader { MessageReader(source, range) }

    /// A field's content as text, which protobuf says is UTF-8.
    func text(_ range: Range<Int>) throws(WireError) -> String {
        guard let text = String(validating: source[range], as: UTF8.self) else {
            throw .badTag(at: range.lowerBound)
        }
        return text
    }

    mutating func varint() throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while shift < 70 {
            guard position < end else { throw .truncated(at: position) }
            let byte = source[position]
            position += 1
            if shift == 63 && byte > 1 { throw .badVarint(at: position) }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .badVarint(at: position)
    }

    /// The next field; nil at the end.
    mutating func next() throws(WireError) -> Field? {
        if isAtEnd { return nil }
        let tag = try varint()
        let number = tag >> 3
        guard number > 0 else { throw .badTag(at: position) }
        switch tag & 7 {
        case 0: return .number(number, try varint())
        case 1, 5:
            let width = tag & 7 == 1 ? 8 : 4
            guard end - position >= width else { throw .truncated(at: position) }
            position += width
            return .fixed(number)
        case 2:
            let length = try varint()
            guard length <= UInt64(end - position) else { throw .truncated(at: position) }
            let range = position..<position + Int(length)
            position = range.upperBound
            return .bytes(number, range)
        default: throw .badTag(at: position)
        }
    }
}
