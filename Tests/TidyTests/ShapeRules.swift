// How long lines, functions and files may be.

enum ShapeRules {
    static let columnsMax = 100
    static let functionLinesMax = 70
    static let fileLinesMax = 400

    /// Files over `fileLinesMax`, with their length. Only shrink this: a file leaves when split.
    static let longFiles: [String: Int] = [:]

    static func columns(_ file: SourceText) -> [Violation] {
        file.lines.enumerated().compactMap { index, line in
            guard line.utf8.count > columnsMax, line.count > columnsMax else { return nil }
            return Violation(
                path: file.path, line: index + 1,
                what: "\(line.count) columns; at most \(columnsMax)")
        }
    }

    static func fileLength(_ file: SourceText, longFiles: [String: Int]) -> [Violation] {
        let length = file.lineCount
        let allowed = longFiles[file.path]
        if length <= fileLinesMax && allowed == nil { return [] }
        let what: String
        switch allowed {
        case nil: what = "\(length) lines; at most \(fileLinesMax): split it"
        case let allowed? where length <= fileLinesMax || length < allowed:
            what = "\(length) lines now: lower its entry in longFiles from \(allowed), or remove it"
        case let allowed? where length > allowed: what = "\(length) lines; it had \(allowed)"
        default: return []
        }
        return [Violation(path: file.path, line: 1, what: what)]
    }

    static func functionLength(_ file: SourceText) -> [Violation] {
        ["func", "init", "deinit", "subscript"].flatMap { keyword in
            file.offsets(of: keyword).compactMap { offset in
                guard let body = bodyEnd(of: offset, in: file.code) else { return nil }
                let first = file.line(at: offset)
                let length = file.line(at: body) - first + 1
                guard length > functionLinesMax else { return nil }
                return Violation(
                    path: file.path, line: first,
                    what: "function of \(length) lines; at most \(functionLinesMax)")
            }
        }
    }

    /// Where the body of the function declared at `offset` ends; nil when it has none.
    private static func bodyEnd(of offset: Int, in code: [UInt8]) -> Int? {
        // `.init(` and `.subscript` are uses.
        if offset > 0 && code[offset - 1] == UInt8(ascii: ".") { return nil }
        guard let start = bodyStart(after: offset, in: code) else { return nil }
        return closingBrace(of: start, in: code)
    }

    /// The brace that opens the body: the first outside all parentheses, unless a new line begins
    /// with something that cannot continue a signature (a requirement of a protocol has no body).
    private static func bodyStart(after offset: Int, in code: [UInt8]) -> Int? {
        var depth = 0
        var index = offset
        while index < code.count {
            switch code[index] {
            case UInt8(ascii: "("), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "{") where depth <= 0: return index
            case UInt8(ascii: "}") where depth <= 0: return nil
            case newline where depth <= 0:
                if !continuesSignature(code, after: index) { return nil }
            default: break
            }
            index += 1
        }
        return nil
    }

    private static func continuesSignature(_ code: [UInt8], after index: Int) -> Bool {
        let rest = code[(index + 1)...].drop { $0 == UInt8(ascii: " ") || $0 == newline }
        return ["{", "->", "where", "throws", "async", "rethrows", "("].contains {
            rest.starts(with: $0.utf8)
        }
    }

    /// The brace that closes the one at `start`.
    static func closingBrace(of start: Int, in code: [UInt8]) -> Int? {
        var depth = 0
        for index in start..<code.count {
            if code[index] == UInt8(ascii: "{") { depth += 1 }
            if code[index] == UInt8(ascii: "}") { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }
}
