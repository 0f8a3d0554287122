import Model

// OTLP as JSON, rewritten as protobuf, so that everything behind has one form to deal with. The
// mapping is protobuf's with four differences (opentelemetry-proto, docs/specification.md): ids are
// hexadecimal, enumerations are numbers only, names are lowerCamelCase only, and fields that are
// not known are ignored. Numbers of 64 bits come as numbers or as text. The tape is not deeper than
// `JSONTape.depthMax`, which bounds the recursion here.

/// Rewrites OTLP requests from JSON.
public enum OTLPJSON {
    /// An `ExportTraceServiceRequest`. O(bytes).
    public static func traces(
        _ text: [UInt8], limits: OTLPLimits = OTLPLimits()
    ) throws(WireError) -> [UInt8] {
        try rewrite(text, as: .traces, limits)
    }

    /// An `ExportMetricsServiceRequest`. O(bytes).
    public static func metrics(
        _ text: [UInt8], limits: OTLPLimits = OTLPLimits()
    ) throws(WireError) -> [UInt8] {
        try rewrite(text, as: .metrics, limits)
    }

    private static func rewrite(
        _ text: [UInt8], as message: OTLPMessage, _ limits: OTLPLimits
    ) throws(WireError) -> [UInt8] {
        guard text.count <= limits.bodyBytes, let tape = JSONTape(bytesMax: text.count + 64) else {
            throw .tooLarge(limit: limits.bodyBytes)
        }
        let written = unsafe text.withUnsafeBufferPointer {
            bytes -> Result<[UInt8], WireError> in
            do throws(JSONFault) {
                return unsafe try tape.read(bytes) { root in
                    var out = ByteWriter()
                    guard root.isObject, write(root, message, into: &out) else {
                        return .failure(.badJSON)
                    }
                    return .success(out.bytes)
                }
            } catch {
                return .failure(
                    error == .tooDeep ? .tooDeep(limit: JSONTape.depthMax) : .badJSON)
            }
        }
        return try written.get()
    }

    /// False when a field's value is of another type.
    private static func write(
        _ object: TapeCursor, _ message: OTLPMessage, into out: inout ByteWriter
    ) -> Bool {
        guard object.isObject else { return false }
        var isGood = true
        object.forEachMember { name, value in
            guard let field = message.field(name.string ?? "") else { return true }
            if value.kind == UInt8(ascii: "n") { return true }
            isGood = write(value, field, into: &out)
            return isGood
        }
        return isGood
    }

    private static func write(
        _ value: TapeCursor, _ field: OTLPField, into out: inout ByteWriter
    ) -> Bool {
        guard field.isRepeated else { return writeOne(value, field, into: &out) }
        guard value.isArray else { return false }
        var isGood = true
        value.forEachElement { element in
            isGood = writeOne(element, field, into: &out)
            return isGood
        }
        return isGood
    }

    private static func writeOne(
        _ value: TapeCursor, _ field: OTLPField, into out: inout ByteWriter
    ) -> Bool {
        switch field.form {
        case .text:
            guard value.isString else { return false }
            return unsafe tagged(field, Array(value.stringBytes), &out)
        case .hex:
            guard let bytes = unsafe value.isString ? hex(value.stringBytes) : nil else {
                return false
            }
            return tagged(field, bytes, &out)
        case .base64:
            guard let bytes = unsafe value.isString ? Base64.decoded(value.stringBytes) : nil
            else { return false }
            return tagged(field, bytes, &out)
        case .bool:
            let isTrue = value.kind == UInt8(ascii: "t")
            guard isTrue || value.kind == UInt8(ascii: "f") else { return false }
            out.varint(UInt64(field.number << 3))
            out.varint(isTrue ? 1 : 0)
        case .enumeration:
            guard !value.isString, let number = value.wholeBits else { return false }
            out.varint(UInt64(field.number << 3))
            out.varint(number)
        case .varint, .zigzag:
            guard let number = value.wholeBits else { return false }
            out.varint(UInt64(field.number << 3))
            if field.form == .zigzag {
                out.signedVarint(Int64(bitPattern: number))
            } else {
                out.varint(number)
            }
        case .fixed64:
            guard let number = value.wholeBits else { return false }
            out.varint(UInt64(field.number << 3 | 1))
            out.fixed64(number)
        case .fixed32:
            guard let number = value.wholeBits else { return false }
            out.varint(UInt64(field.number << 3 | 5))
            out.fixed32(UInt32(truncatingIfNeeded: number))
        case .double:
            guard let number = value.double else { return false }
            out.varint(UInt64(field.number << 3 | 1))
            out.fixed64(number.bitPattern)
        case .message(let inner):
            var content = ByteWriter()
            guard write(value, inner, into: &content) else { return false }
            return tagged(field, content.bytes, &out)
        }
        return true
    }

    private static func tagged(
        _ field: OTLPField, _ bytes: [UInt8], _ out: inout ByteWriter
    ) -> Bool {
        out.varint(UInt64(field.number << 3 | 2))
        out.lengthPrefixed(bytes)
        return true
    }

    private static func hex(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.count.isMultiple(of: 2) else { return nil }
        var out: [UInt8] = []
        for place in stride(from: 0, to: text.count, by: 2) {
            guard let high = unsafe hexDigit(text[place]),
                let low = unsafe hexDigit(text[place + 1])
            else { return nil }
            out.append(high << 4 | low)
        }
        return out
    }
}

extension TapeCursor {
    /// The 64 bits of a whole number, signed or not, also as text.
    fileprivate var wholeBits: UInt64? {
        switch kind {
        case UInt8(ascii: "l"), UInt8(ascii: "u"): return unsafe words[index + 1]
        case UInt8(ascii: "d"):
            return number.flatMap { Int64(exactly: $0) }.map { UInt64(bitPattern: $0) }
        case UInt8(ascii: "\""):
            guard let text = string else { return nil }
            return UInt64(text) ?? Int64(text).map { UInt64(bitPattern: $0) }
        default: return nil
        }
    }

    /// A number, also one that JSON has no notation for, as text.
    fileprivate var double: Double? {
        guard isString else { return number }
        if let marked = unsafe NotANumber.value(stringBytes) { return marked }
        switch string {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        case let text: return text.flatMap { Double($0) }
        }
    }
}

/// A field as JSON names it.
struct OTLPField {
    indirect enum Form: Equatable {
        case text, hex, base64, bool, enumeration, varint, zigzag, fixed64, fixed32, double
        case message(OTLPMessage)
    }

    let number: Int
    let form: Form
    let isRepeated: Bool

    init(_ number: Int, _ form: Form, isRepeated: Bool = false) {
        self.number = number
        self.form = form
        self.isRepeated = isRepeated
    }
}
