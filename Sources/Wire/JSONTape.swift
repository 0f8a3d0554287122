internal import CSimdjson

// JSON that comes often and in bulk, read by simdjson: a text becomes a tape of words that is
// walked without recursion. Numbers that are no JSON (NaN, Infinity, -Infinity, as Python writes
// them) are not refused with the whole text: they are put into quotes behind a mark and the text is
// read again, so that they can be counted by what they are.

/// Why a text is no JSON.
enum JSONFault: Error, Hashable, Sendable {
    case malformed
    case tooDeep
    case tooLarge
    case notUTF8
    case badNumber
}

/// A parser, with the tape of the text it read last.
@safe struct JSONTape: ~Copyable {
    /// The deepest nesting.
    static let depthMax = 64

    private let parser: OpaquePointer

    /// Nil when there is no memory.
    init?(bytesMax: Int) {
        guard let made = unsafe pitot_json_new(bytesMax, Self.depthMax) else { return nil }
        unsafe parser = made
    }

    deinit { unsafe pitot_json_free(parser) }

    /// Reads a text and gives its tape to `body`, which must not keep it. O(bytes).
    borrowing func read<Result>(
        _ bytes: UnsafeBufferPointer<UInt8>, _ body: (TapeCursor) -> Result
    ) throws(JSONFault) -> Result {
        var status = unsafe pitot_json_parse(parser, bytes.baseAddress, bytes.count)
        if status != PITOT_JSON_GOOD, let quoted = unsafe NotANumber.quoted(bytes) {
            status = unsafe quoted.withUnsafeBufferPointer {
                unsafe pitot_json_parse(parser, $0.baseAddress, $0.count)
            }
        }
        switch status {
        case PITOT_JSON_GOOD: break
        case PITOT_JSON_TOO_DEEP: throw .tooDeep
        case PITOT_JSON_TOO_LARGE: throw .tooLarge
        case PITOT_JSON_NOT_UTF8: throw .notUTF8
        case PITOT_JSON_BAD_NUMBER: throw .badNumber
        default: throw .malformed
        }
        guard let words = unsafe pitot_json_tape(parser),
            let strings = unsafe pitot_json_strings(parser)
        else { throw .malformed }
        // The first word is the root's.
        return unsafe body(TapeCursor(words: words, strings: strings, index: 1))
    }
}

/// A place on a tape. Sound while the parser's closure runs: simdjson has checked that the tape is
/// whole, every container's word tells where it ends, and every string's offset lies in the buffer.
@safe struct TapeCursor {
    let words: UnsafePointer<UInt64>
    let strings: UnsafePointer<UInt8>
    var index: Int

    private static let payload: UInt64 = 0x00ff_ffff_ffff_ffff

    /// The type's letter.
    @inline(__always) var kind: UInt8 { unsafe UInt8(truncatingIfNeeded: words[index] >> 56) }

    var isObject: Bool { kind == UInt8(ascii: "{") }
    var isArray: Bool { kind == UInt8(ascii: "[") }
    var isNull: Bool { kind == UInt8(ascii: "n") }
    var isString: Bool { kind == UInt8(ascii: "\"") }

    /// The index after this value.
    @inline(__always) var after: Int {
        switch kind {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            unsafe Int(truncatingIfNeeded: words[index] & 0xffff_ffff)
        case UInt8(ascii: "l"), UInt8(ascii: "u"), UInt8(ascii: "d"): index + 2
        default: index + 1
        }
    }

    func at(_ index: Int) -> TapeCursor {
        unsafe TapeCursor(words: words, strings: strings, index: index)
    }

    /// The bytes of a string.
    @inline(__always) var stringBytes: UnsafeBufferPointer<UInt8> {
        let offset = unsafe Int(truncatingIfNeeded: words[index] & Self.payload)
        let start = unsafe strings + offset
        let length = unsafe UnsafeRawPointer(start).loadUnaligned(as: UInt32.self)
        return unsafe UnsafeBufferPointer(start: start + 4, count: Int(length))
    }

    var string: String? { isString ? unsafe String(decoding: stringBytes, as: UTF8.self) : nil }

    /// A number, whole or not.
    @inline(__always) var number: Double? {
        switch kind {
        case UInt8(ascii: "d"): unsafe Double(bitPattern: words[index + 1])
        case UInt8(ascii: "l"): unsafe Double(Int64(bitPattern: words[index + 1]))
        case UInt8(ascii: "u"): unsafe Double(words[index + 1])
        default: nil
        }
    }

    /// A number that is whole, also as text, as protobuf's JSON has it.
    var integer: Int? {
        if let text = string { return Int(text) }
        return number.flatMap { Int(exactly: $0) }
    }

    /// The value of a member of an object; of equal names the last.
    func member(_ name: StaticString) -> TapeCursor? {
        guard isObject else { return nil }
        var found: TapeCursor?
        var place = at(index + 1)
        let end = after - 1
        while place.index < end {
            let isIt = unsafe place.stringBytes.elementsEqual(
                UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
            place.index += 1
            if isIt { found = place }
            place.index = place.after
        }
        return found
    }

    /// Each member of an object, until `body` is false.
    func forEachMember(_ body: (_ name: TapeCursor, _ value: TapeCursor) -> Bool) {
        guard isObject else { return }
        var place = index + 1
        let end = after - 1
        while place < end {
            let value = at(place + 1)
            if !body(at(place), value) { return }
            place = value.after
        }
    }

    /// Each element of an array, until `body` is false.
    func forEachElement(_ body: (TapeCursor) -> Bool) {
        guard isArray else { return }
        var place = index + 1
        let end = after - 1
        while place < end {
            let value = at(place)
            if !body(value) { return }
            place = value.after
        }
    }

    /// Each scalar below, in order, whatever is nested how, until `body` is false.
    func forEachScalar(_ body: (TapeCursor) -> Bool) {
        guard isArray else {
            if !isObject { _ = body(self) }
            return
        }
        var place = index + 1
        let end = after - 1
        while place < end {
            let value = at(place)
            switch value.kind {
            case UInt8(ascii: "["), UInt8(ascii: "]"): place += 1
            default:
                if !body(value) { return }
                place = value.after
            }
        }
    }
}

/// The three words for numbers that JSON does not have.
enum NotANumber {
    /// The first byte of a string that stands for one of them.
    static let mark: UInt8 = 1

    /// The number that a marked string stands for.
    static func value(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        guard bytes.count == 2, unsafe bytes[0] == mark else { return nil }
        switch unsafe bytes[1] {
        case UInt8(ascii: "N"): return .nan
        case UInt8(ascii: "I"): return .infinity
        case UInt8(ascii: "-"): return -.infinity
        default: return nil
        }
    }

    private static let words: [(text: [UInt8], letter: UInt8)] = [
        (Array("NaN".utf8), UInt8(ascii: "N")), (Array("Infinity".utf8), UInt8(ascii: "I")),
        (Array("-Infinity".utf8), UInt8(ascii: "-")),
    ]

    /// The text with such words as marked strings; nil when it has none. O(bytes).
    static func quoted(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        var isChanged = false
        var isInside = false
        var place = 0
        while place < bytes.count {
            let byte = unsafe bytes[place]
            if isInside {
                if byte == UInt8(ascii: "\\"), place + 1 < bytes.count {
                    out.append(byte)
                    place += 1
                    out.append(unsafe bytes[place])
                    place += 1
                    continue
                }
                if byte == UInt8(ascii: "\"") { isInside = false }
            } else if byte == UInt8(ascii: "\"") {
                isInside = true
            } else if let word = words.first(where: { unsafe stands($0.text, bytes, place) }) {
                // A control character is no JSON unless it is escaped.
                out += Array("\"\\u0001".utf8) + [word.letter, UInt8(ascii: "\"")]
                place += word.text.count
                isChanged = true
                continue
            }
            out.append(byte)
            place += 1
        }
        return isChanged ? out : nil
    }

    private static func stands(
        _ word: [UInt8], _ bytes: UnsafeBufferPointer<UInt8>, _ place: Int
    ) -> Bool {
        guard place + word.count <= bytes.count else { return false }
        return word.indices.allSatisfy { unsafe bytes[place + $0] == word[$0] }
    }
}
