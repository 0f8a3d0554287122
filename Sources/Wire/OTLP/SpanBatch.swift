public import Model

// Spans of one request, flat. What filters and dimensions look at is the same for most spans of a
// request, so spans that are alike share a class, whose labels are made once.

/// A span's identity: 128 bits of its trace's id and its own, folded.
public struct SpanKey: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    @inlinable public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The key of an identity. The same in every process: it is kept and logged.
    public init(trace: TraceID, span: UInt64) {
        let first = (trace.high ^ 0x9e37_79b9_7f4a_7c15)
            .multipliedFullWidth(by: span ^ 0xa076_1d64_78bd_642f)
        let second = (trace.low ^ 0xe703_7ed1_a0b4_28db)
            .multipliedFullWidth(by: (span << 32 | span >> 32) ^ 0x8ebc_6af0_9c88_c6e3)
        high = first.high ^ first.low ^ trace.low ^ span
        low = second.high ^ second.low ^ trace.high &+ span
    }
}

/// The 16 bytes that name a trace.
public struct TraceID: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    @inlinable public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    @inlinable public var isZero: Bool { high | low == 0 }
}

extension TraceID: CustomStringConvertible {
    /// 32 lower-case hexadecimal digits.
    public var description: String { hexadecimal(high) + hexadecimal(low) }
}

/// Why a span is not counted.
public enum SpanRefusal: UInt8, CaseIterable, Sendable {
    /// A trace's or a span's id that is all zero or of another length.
    case invalidID = 0
    /// Without a begin or an end, or with an end before its begin.
    case badTime
    case invalidUTF8
    /// A value that is looked at is longer than a label may be.
    case tooLong
    case tooManyAttributes
    /// It ended too far ahead of the clock.
    case future
    /// It ended before the window in which duplicates are known.
    case tooOld
    /// It ended within that window, in a part that was forgotten to save memory.
    case forgotten

    /// For metrics and answers.
    public var word: String {
        switch self {
        case .invalidID: "invalid_id"
        case .badTime: "bad_time"
        case .invalidUTF8: "invalid_utf8"
        case .tooLong: "value_too_long"
        case .tooManyAttributes: "too_many_attributes"
        case .future: "future"
        case .tooOld: "too_old"
        case .forgotten: "beyond_memory"
        }
    }
}

/// One span, without its texts.
public struct SpanRecord: Sendable {
    public let trace: TraceID
    public let span: UInt64
    /// 0 for none.
    public let parent: UInt64
    /// Nanoseconds since the epoch.
    public let start: UInt64
    public let end: UInt64
    /// How many it stands for, by the sampling that its trace state tells; 1 without.
    public let weight: Double
    /// Its class in the batch.
    public let kindred: UInt32
    /// Where its message stands in the body, and which resource it is of.
    public let bytesStart: UInt32
    public let bytesEnd: UInt32
    public let resource: UInt32
    public let kind: UInt8
    public let status: UInt8
    /// A request as its service received it: a server's or a consumer's span whose parent is not
    /// known to be of the same process.
    public let isEntry: Bool

    public var key: SpanKey { SpanKey(trace: trace, span: span) }
    public var nanos: UInt64 { end - start }
    public var isRoot: Bool { parent == 0 }
    public var bytes: Range<Int> { Int(bytesStart)..<Int(bytesEnd) }
}

/// Spans of one request.
public struct SpanBatch: Sendable {
    /// The request as protobuf.
    public internal(set) var body: [UInt8] = []
    public internal(set) var spans: [SpanRecord] = []
    /// What the spans of a class have in common: `service`, `span_name`, `span_kind`,
    /// `status_code`, and the attributes of the lens.
    public internal(set) var classes: [Labels] = []
    /// Of resources, where their messages stand in the body.
    public internal(set) var resources: [Range<Int>] = []
    /// Spans that are not among `spans`, by `SpanRefusal.rawValue`.
    public internal(set) var refused = [Int](repeating: 0, count: SpanRefusal.allCases.count)
    /// Of the lens it was read by.
    public internal(set) var generation: UInt64 = 0

    public init() {}

    /// Spans that came.
    public var count: Int { spans.count + refused.reduce(0, +) }
}

/// Caps of an OTLP request, each checked before memory is taken for what it counts.
public struct OTLPLimits: Sendable {
    public var bodyBytes = 32 << 20
    /// Spans of a request; a record of one takes 96 bytes.
    public var spans = 200_000
    public var attributesPerSpan = 1000
    public var resources = 10_000
    /// Of a value that is looked at.
    public var valueBytes = 4096
    /// Data points of a request of metrics.
    public var points = 500_000
    /// Nesting of values that are shown.
    public var depth = 16

    public init() {}
}
