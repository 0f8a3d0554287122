/// Recursive descent over RFC 8259; the recursion is at most `JSONValue.depthMax` deep.
struct JSONParser {
    private var scanner: JSONScanner
    private var depth = 0
    private var values = 0

    init(_ bytes: [UInt8]) { scanner = JSONScanner(bytes) }

    mutating func parse() throws(JSONError) -> JSONValue {
        let value = try value()
        scanner.skipSpace()
        guard scanner.next == nil else { throw scanner.unexpected("the end") }
        return value
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        scanner.skipSpace()
        values += 1
        guard values <= JSONValue.valuesMax else {
            throw scanner.error(.tooManyValues(valuesMax: JSONValue.valuesMax))
        }
        switch scanner.next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try scanner.string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"): return try number()
        case let byte? where isDigit(byte): return try number()
        default: throw scanner.unexpected("a value")
        }
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        try enter()
        var members: [(key: String, value: JSONValue)] = []
        scanner.skipSpace()
        if scanner.take(UInt8(ascii: "}")) { return leave(.object(members)) }
        while true {
            scanner.skipSpace()
            guard scanner.next == UInt8(ascii: "\"") else {
                throw scanner.unexpected("a key in double quotes")
            }
            let key = try scanner.string()
            scanner.skipSpace()
            guard scanner.take(UInt8(ascii: ":")) else { throw scanner.unexpected("':'") }
            members.append((key, try value()))
            scanner.skipSpace()
            if scanner.take(UInt8(ascii: ",")) { continue }
            guard scanner.take(UInt8(ascii: "}")) else { throw scanner.unexpected("',' or '}'") }
            return leave(.object(members))
        }
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        scanner.skipSpace()
        if scanner.take(UInt8(ascii: "]")) { return leave(.array(elements)) }
        while true {
            elements.append(try value())
            scanner.skipSpace()
            if scanner.take(UInt8(ascii: ",")) { continue }
            guard scanner.take(UInt8(ascii: "]")) else { throw scanner.unexpected("',' or ']'") }
            return leave(.array(elements))
        }
    }

    private mutating func enter() throws(JSONError) {
        depth += 1
        guard depth <= JSONValue.depthMax else {
            throw scanner.error(.tooDeep(depthMax: JSONValue.depthMax))
        }
        scanner.index += 1
    }

    private mutating func leave(_ value: JSONValue) -> JSONValue {
        depth -= 1
        return value
    }

    private mutating func word(
        _ word: String, _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        for byte in word.utf8 {
            guard scanner.take(byte) else { throw scanner.unexpected(word) }
        }
        return value
    }

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = scanner.index
        _ = scanner.take(UInt8(ascii: "-"))
        if !scanner.take(UInt8(ascii: "0")) { try digits() }
        if scanner.take(UInt8(ascii: ".")) { try digits() }
        if scanner.take(UInt8(ascii: "e")) || scanner.take(UInt8(ascii: "E")) {
            if !scanner.take(UInt8(ascii: "+")) { _ = scanner.take(UInt8(ascii: "-")) }
            try digits()
        }
        let text = scanner.text(from: start)
        guard let value = Double(text), value.isFinite else {
            throw scanner.error(.numberTooLarge, at: start)
        }
        return .number(value)
    }

    private mutating func digits() throws(JSONError) {
        let start = scanner.index
        while let byte = scanner.next, isDigit(byte) { scanner.index += 1 }
        guard scanner.index > start else { throw scanner.unexpected("a digit") }
    }

    private func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
