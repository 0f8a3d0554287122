// One JSON object a line, flat: numbers, texts, true, false and null. A key that a line lacks is
// missing there. (The streaming path has its own decoder; this one reads training files.)

/// Reads training rows.
public enum NDJSONTable {
    /// A table of `bytes`; see `CSVTable.read`. O(bytes).
    public static func read(
        _ bytes: [UInt8], time: String? = nil, isInOrder: Bool
    ) throws(TableError) -> TrainingTable {
        var builder = TableBuilder()
        for (index, line) in bytes.split(
            separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false
        ).enumerated() {
            var scanner = FlatObjectScanner(line, line: index + 1)
            if scanner.isBlank { continue }
            try builder.beginRow(line: index + 1)
            try scanner.read { (name, value) throws(TableError) in
                builder.set(try builder.column(name, line: index + 1), value)
            }
        }
        return try builder.table(time: time, isInOrder: isInOrder)
    }
}

/// Reads the members of one flat object.
private struct FlatObjectScanner {
    private let bytes: ArraySlice<UInt8>
    private let line: Int
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>, line: Int) {
        self.bytes = bytes
        self.line = line
        position = bytes.startIndex
    }

    var isBlank: Bool { bytes.allSatisfy(isSpace) }

    mutating func read(
        _ member: (String, FeatureValue) throws(TableError) -> Void
    ) throws(TableError) {
        try expect(UInt8(ascii: "{"))
        if take(UInt8(ascii: "}")) { return try end() }
        while true {
            skipSpace()
            let name = try string()
            try expect(UInt8(ascii: ":"))
            try member(name, try value(of: name))
            if take(UInt8(ascii: ",")) { continue }
            try expect(UInt8(ascii: "}"))
            return try end()
        }
    }

    private func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private var next: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, isSpace(byte) { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(TableError) {
        if !take(byte) { throw TableError(line: line, .notAnObject) }
    }

    private mutating func end() throws(TableError) {
        skipSpace()
        if next != nil { throw TableError(line: line, .notAnObject) }
    }

    private mutating func value(of name: String) throws(TableError) -> FeatureValue {
        skipSpace()
        switch next {
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "{"), UInt8(ascii: "["): throw TableError(line: line, .nested(name))
        default: break
        }
        let start = position
        while let byte = next, byte != UInt8(ascii: ","), byte != UInt8(ascii: "}"), !isSpace(byte)
        {
            position += 1
        }
        switch String(decoding: bytes[start..<position], as: UTF8.self) {
        case "null": return .missing
        case "true": return .flag(true)
        case "false": return .flag(false)
        case let word:
            // NaN and Infinity are no JSON, but files have them: they are refused by reason later.
            guard let number = fileNumber(word) else { throw TableError(line: line, .notAnObject) }
            return .number(number)
        }
    }

    private mutating func string() throws(TableError) -> String {
        guard next == UInt8(ascii: "\"") else { throw TableError(line: line, .notAnObject) }
        position += 1
        var content: [UInt8] = []
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else {
                    throw TableError(line: line, .badText)
                }
                return text
            case UInt8(ascii: "\\"): content += try escape().utf8
            default: content.append(byte)
            }
        }
        throw TableError(line: line, .unclosedQuote)
    }

    private mutating func escape() throws(TableError) -> String {
        guard let byte = next else { throw TableError(line: line, .badText) }
        position += 1
        switch byte {
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"):
            return String(UnicodeScalar(byte))
        case UInt8(ascii: "u"): return try unicode()
        default: throw TableError(line: line, .badText)
        }
    }

    /// What follows `\u`: four digits, or two surrogates with `\u` between them.
    private mutating func unicode() throws(TableError) -> String {
        let high = try unit()
        if let scalar = UnicodeScalar(high) { return String(Character(scalar)) }
        guard (0xd800..<0xdc00).contains(high), next == UInt8(ascii: "\\") else {
            throw TableError(line: line, .badText)
        }
        position += 1
        guard next == UInt8(ascii: "u") else { throw TableError(line: line, .badText) }
        position += 1
        let low = try unit()
        guard (0xdc00..<0xe000).contains(low),
            let scalar = UnicodeScalar(0x10000 + (high - 0xd800) << 10 + (low - 0xdc00))
        else { throw TableError(line: line, .badText) }
        return String(Character(scalar))
    }

    private mutating func unit() throws(TableError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next,
                let digit = Character(UnicodeScalar(byte)).hexDigitValue
            else { throw TableError(line: line, .badText) }
            position += 1
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
