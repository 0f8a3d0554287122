import Model

// Values of attributes as text, from protobuf:
//
//   KeyValue { string key = 1; AnyValue value = 2; }
//   AnyValue { string = 1 | bool = 2 | int64 = 3 | double = 4 | ArrayValue = 5 | KeyValueList = 6
//              | bytes = 7 }
//   ArrayValue { repeated AnyValue values = 1; }   KeyValueList { repeated KeyValue values = 1; }
//
// AnyValue is the one recursive message of OTLP. Its depth is counted before each step down.

/// One attribute value, as far as it is read at first: scalars whole, the rest by place.
struct AttributeValue {
    enum Kind: UInt8 {
        case none = 0
        case string, bool, integer, double, array, list, bytes
    }

    var kind = Kind.none
    /// Of its name's rank in the lens; 0 is of the resource.
    var rank: UInt8 = 0
    var start: UInt32 = 0
    var end: UInt32 = 0
    /// Of a number.
    var bits: UInt64 = 0

    var range: Range<Int> { Int(start)..<Int(end) }

    /// Reads an `AnyValue`; of a value that stands more than once the last counts.
    init(_ message: WireCursor) throws(WireError) {
        var cursor = message
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (1, 2), (5, 2), (6, 2), (7, 2):
                let text = try cursor.textRange()
                kind = Kind(rawValue: UInt8(number)) ?? .none
                start = UInt32(text.lowerBound)
                end = UInt32(text.upperBound)
            case (2, 0), (3, 0):
                kind = number == 2 ? .bool : .integer
                bits = try cursor.varint()
            case (4, 1):
                kind = .double
                bits = try cursor.fixed64()
            case (1...7, _): throw .badTag(at: at)
            default: try cursor.skip(type: type)
            }
        }
    }

    init() {}
}

/// Writes values as text: scalars plainly, arrays and lists as JSON.
struct AttributeText {
    let body: [UInt8]
    let depthMax: Int

    /// A value for a label; nil when it has none that can be shown.
    func label(_ value: AttributeValue, in whole: WireCursor) -> [UInt8]? {
        switch value.kind {
        case .none: return nil
        case .string: return Array(body[value.range])
        case .bool: return Array((value.bits == 0 ? "false" : "true").utf8)
        case .integer: return Array(String(Int64(bitPattern: value.bits)).utf8)
        case .double: return Array(Self.number(Double(bitPattern: value.bits)).utf8)
        case .array, .list, .bytes:
            var out: [UInt8] = []
            // What is malformed inside is not shown, and was not asked for.
            guard (try? json(value, whole, into: &out, depth: 1)) != nil else { return nil }
            return out
        }
    }

    static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return String(whole) }
        return value.description
    }

    /// Appends a value as JSON.
    func json(
        _ value: AttributeValue, _ whole: WireCursor, into out: inout [UInt8], depth: Int
    ) throws(WireError) {
        guard depth <= depthMax else { throw .tooDeep(limit: depthMax) }
        switch value.kind {
        case .none: out += "null".utf8
        case .string: Self.quote(body[value.range], into: &out)
        case .bool: out += (value.bits == 0 ? "false" : "true").utf8
        case .integer: out += String(Int64(bitPattern: value.bits)).utf8
        case .double:
            let number = Double(bitPattern: value.bits)
            out += (number.isFinite ? Self.number(number) : "\"\(number)\"").utf8
        case .bytes:
            Self.quote(Array(Base64.encoded(Array(body[value.range])).utf8)[...], into: &out)
        case .array:
            var cursor = whole.part(value.range)
            out.append(UInt8(ascii: "["))
            var isFirst = true
            while let next = try Self.next(&cursor) {
                if !isFirst { out.append(UInt8(ascii: ",")) }
                isFirst = false
                try json(try AttributeValue(next), whole, into: &out, depth: depth + 1)
            }
            out.append(UInt8(ascii: "]"))
        case .list:
            var cursor = whole.part(value.range)
            out.append(UInt8(ascii: "{"))
            var isFirst = true
            while let next = try Self.next(&cursor) {
                if !isFirst { out.append(UInt8(ascii: ",")) }
                isFirst = false
                let pair = try KeyValueFields(next)
                Self.quote(body[pair.key], into: &out)
                out.append(UInt8(ascii: ":"))
                try json(pair.value, whole, into: &out, depth: depth + 1)
            }
            out.append(UInt8(ascii: "}"))
        }
    }

    /// The next message of field 1.
    private static func next(_ cursor: inout WireCursor) throws(WireError) -> WireCursor? {
        while !cursor.isAtEnd {
            let (number, type) = try cursor.tag()
            if number == 1 && type == 2 { return try cursor.message() }
            try cursor.skip(type: type)
        }
        return nil
    }

    /// A JSON string; invalid UTF-8 is repaired.
    static func quote(_ bytes: ArraySlice<UInt8>, into out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        let isPlain = bytes.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c }
        if isPlain {
            out += bytes
        } else {
            for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
                switch scalar {
                case "\"": out += "\\\"".utf8
                case "\\": out += "\\\\".utf8
                case "\n": out += "\\n".utf8
                case "\t": out += "\\t".utf8
                case "\r": out += "\\r".utf8
                case _ where scalar.value < 0x20:
                    let hex = String(scalar.value, radix: 16)
                    out += "\\u\(String(repeating: "0", count: 4 - hex.count))\(hex)".utf8
                default: out += String(scalar).utf8
                }
            }
        }
        out.append(UInt8(ascii: "\""))
    }
}

/// A `KeyValue`, its value as far as it is read at first.
struct KeyValueFields {
    var key = 0..<0
    var value = AttributeValue()

    init(_ message: WireCursor) throws(WireError) {
        var cursor = message
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (1, 2): key = try cursor.textRange()
            case (2, 2): value = try AttributeValue(try cursor.message())
            case (1, _), (2, _): throw .badTag(at: at)
            default: try cursor.skip(type: type)
            }
        }
    }
}
