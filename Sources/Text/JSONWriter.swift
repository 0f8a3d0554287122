/// Writes JSON as bytes in the order of the calls. Commas are its business, nesting the caller's.
///
/// O(bytes). Numbers that JSON cannot hold (NaN, infinities) and nil are written as `null`: a
/// figure that is not known is null, never 0 (DESIGN §5).
public struct JSONWriter: Sendable {
    /// What has been written so far.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty writer.
    public init() {}

    /// The bytes as text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    /// `{ ... }`; the body writes the members.
    public mutating func object(_ body: (inout JSONWriter) -> Void) {
        nested(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    /// `[ ... ]`; the body writes the elements.
    public mutating func array(_ body: (inout JSONWriter) -> Void) {
        nested(UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    /// A member's name. The next call writes its value.
    public mutating func key(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A string, escaped.
    public mutating func string(_ value: String) {
        separate()
        quote(value)
    }

    /// A value that is JSON already.
    public mutating func raw(_ json: [UInt8]) {
        separate()
        bytes += json
        needsComma = true
    }

    /// `true` or `false`.
    public mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }
    /// A whole number.
    public mutating func integer(_ value: Int) { literal(String(value)) }
    /// `null`.
    public mutating func null() { literal("null") }

    /// A number that reads back equal; `null` when it is nil or not finite.
    public mutating func number(_ value: Double?) {
        guard let value, value.isFinite else { return null() }
        literal(value.description)
    }

    /// A member that is a string.
    public mutating func member(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    /// A member that is a number, or `null`.
    public mutating func member(_ name: String, _ value: Double?) {
        key(name)
        number(value)
    }

    /// A member that is a whole number.
    public mutating func member(_ name: String, integer value: Int) {
        key(name)
        integer(value)
    }

    /// A member that is `true` or `false`.
    public mutating func member(_ name: String, bool value: Bool) {
        key(name)
        bool(value)
    }

    /// An object whose members are all strings, in the order given.
    public mutating func member(_ name: String, pairs: [(name: String, value: String)]) {
        key(name)
        object { for pair in pairs { $0.member(pair.name, pair.value) } }
    }

    private mutating func nested(
        _ open: UInt8, _ close: UInt8, _ body: (inout JSONWriter) -> Void
    ) {
        separate()
        bytes.append(open)
        needsComma = false
        body(&self)
        bytes.append(close)
        needsComma = true
    }

    /// Text that is a JSON value already: a number in another notation than ours.
    public mutating func literal(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    /// Text in quotes that needs no escapes, as a number has none.
    public mutating func quotedLiteral(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// A string of UTF-8, as labels are stored; what is none is repaired. Without a copy when
    /// nothing in it needs an escape.
    public mutating func string(utf8 value: ArraySlice<UInt8>) {
        separate()
        quote(utf8: value)
    }

    /// A member that is a string, both of UTF-8 as above.
    public mutating func member(utf8 name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        separate()
        quote(utf8: name)
        bytes.append(UInt8(ascii: ":"))
        quote(utf8: value)
    }

    private mutating func quote(utf8 value: ArraySlice<UInt8>) {
        // Whole characters of ASCII are valid and most labels are made of them.
        guard value.allSatisfy({ $0 >= 0x20 && $0 < 0x80 && !isEscaped($0) }) else {
            return quote(String(decoding: value, as: UTF8.self))
        }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: value)
        bytes.append(UInt8(ascii: "\""))
    }

    private func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func quote(_ value: String) {
        bytes.append(UInt8(ascii: "\""))
        if value.utf8.contains(where: isEscaped) {
            for byte in value.utf8 { escape(byte) }
        } else {
            bytes.append(contentsOf: value.utf8)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
        case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
        case 0x0a: bytes.append(contentsOf: #"\n"#.utf8)
        case 0x0d: bytes.append(contentsOf: #"\r"#.utf8)
        case 0x09: bytes.append(contentsOf: #"\t"#.utf8)
        case 0..<0x20:
            let digits = String(byte, radix: 16)
            bytes.append(contentsOf: ("\\u00" + (digits.count == 1 ? "0" : "") + digits).utf8)
        default: bytes.append(byte)
        }
    }
}
