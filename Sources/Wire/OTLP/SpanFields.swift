// The fields of a span but its attributes:
//
//   Span { bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4;
//          string name = 5; SpanKind kind = 6; fixed64 start_time_unix_nano = 7;
//          fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9;
//          repeated Event events = 11; repeated Link links = 13; Status status = 15;
//          fixed32 flags = 16; }
//   Status { string message = 2; StatusCode code = 3; }

/// What is read of a span at first.
struct SpanFields {
    var trace = TraceID(high: 0, low: 0)
    var span: UInt64 = 0
    var parent: UInt64 = 0
    var start: UInt64 = 0
    var end: UInt64 = 0
    var name = 0..<0
    var traceState = 0..<0
    var statusMessage = 0..<0
    var kind: UInt8 = 0
    var status: UInt8 = 0
    private var flags: UInt32 = 0
    private var isMalformed = false

    /// Flags of a parent: whether it is known to be of another process or not, and which.
    private static let hasIsRemote: UInt32 = 0x100
    private static let isRemote: UInt32 = 0x200

    /// Server and consumer.
    static func isEntryKind(_ kind: UInt8) -> Bool { kind == 2 || kind == 5 }

    /// A parent in the same process has taken the request before: it counts, and this does not.
    var isEntry: Bool {
        let isParentLocal = flags & Self.hasIsRemote != 0 && flags & Self.isRemote == 0
        return Self.isEntryKind(kind) && (parent == 0 || !isParentLocal)
    }

    var refusal: SpanRefusal? {
        if isMalformed || trace.isZero || span == 0 { return .invalidID }
        if start == 0 || end < start || end > UInt64(Int64.max) { return .badTime }
        return nil
    }

    /// Reads the next field; attributes are stepped over.
    mutating func read(_ cursor: inout WireCursor) throws(WireError) {
        let at = cursor.offset
        let (number, type) = try cursor.tag()
        switch (number, type) {
        case (1, 2):
            var id = try cursor.message()
            if id.remaining == 16 {
                trace = TraceID(high: try id.identifier(), low: try id.identifier())
            } else {
                isMalformed = true
            }
        case (2, 2): span = try spanID(try cursor.message())
        case (3, 2): traceState = try cursor.textRange()
        case (4, 2):
            let id = try cursor.message()
            if !id.isAtEnd { parent = try spanID(id) }
        case (5, 2): name = try cursor.textRange()
        case (6, 0): kind = UInt8(clamping: try cursor.varint())
        case (7, 1): start = try cursor.fixed64()
        case (8, 1): end = try cursor.fixed64()
        case (15, 2): try readStatus(try cursor.message())
        case (16, 5): flags = try cursor.fixed32()
        case (1...8, _), (15, _), (16, _): throw .badTag(at: at)
        default: try cursor.skip(type: type)
        }
    }

    /// A field of a link: only its ids, which are numbered as a span's are.
    mutating func readLink(_ cursor: inout WireCursor) throws(WireError) {
        let (number, type) = try cursor.tag()
        switch (number, type) {
        case (1, 2):
            var id = try cursor.message()
            guard id.remaining == 16 else { return }
            trace = TraceID(high: try id.identifier(), low: try id.identifier())
        case (2, 2): span = try spanID(try cursor.message())
        default: try cursor.skip(type: type)
        }
    }

    private mutating func spanID(_ message: WireCursor) throws(WireError) -> UInt64 {
        guard message.remaining == 8 else {
            isMalformed = true
            return 0
        }
        var id = message
        return try id.identifier()
    }

    private mutating func readStatus(_ message: WireCursor) throws(WireError) {
        var cursor = message
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (2, 2): statusMessage = try cursor.textRange()
            case (3, 0): status = UInt8(clamping: try cursor.varint())
            case (2, _), (3, _): throw .badTag(at: at)
            default: try cursor.skip(type: type)
            }
        }
    }
}

/// Consistent probability sampling, as OpenTelemetry tells it in W3C trace state:
/// `ot=th:c;rv:...`. Up to 14 hexadecimal digits of a threshold T of 56 bits, zeros at its end left
/// out; spans whose randomness is at least T are kept, so one stands for 2^56 / (2^56 - T).
enum SamplingThreshold {
    /// How many a span stands for; 1 without a threshold, or with one that is none.
    static func weight(_ traceState: WireCursor) -> Double {
        var bytes: [UInt8] = []
        traceState.forEachByte { bytes.append($0) }
        for member in bytes.split(separator: UInt8(ascii: ",")) {
            let trimmed = member.drop { $0 == UInt8(ascii: " ") || $0 == 9 }
            guard trimmed.starts(with: "ot=".utf8) else { continue }
            for part in trimmed.dropFirst(3).split(separator: UInt8(ascii: ";"))
            where part.starts(with: "th:".utf8) {
                return weight(digits: part.dropFirst(3)) ?? 1
            }
        }
        return 1
    }

    private static func weight(digits: ArraySlice<UInt8>) -> Double? {
        let digits = digits.reversed().drop { $0 == UInt8(ascii: " ") || $0 == 9 }.reversed()
        guard (1...14).contains(digits.count) else { return nil }
        var threshold: UInt64 = 0
        for byte in digits {
            guard let digit = hexDigit(byte) else { return nil }
            threshold = threshold << 4 | UInt64(digit)
        }
        threshold <<= UInt64(4 * (14 - digits.count))
        let all: UInt64 = 1 << 56
        return Double(all) / Double(all - threshold)
    }
}

/// The value of a hexadecimal digit of either case.
func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
