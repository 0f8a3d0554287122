// What code may not do: crash on purpose, hide an access level, forget a state or an issue.

enum CodeRules {
    /// Public declarations without a comment, by file. Only shrink this.
    static let undocumented: [String: Int] = [:]

    /// No Foundation in Sources: it costs 44 MB of binary and brings clocks and locales along.
    static func foundation(_ file: SourceText) -> [Violation] {
        guard file.isSource else { return [] }
        return ModuleRules.importLines(file).compactMap { line, module in
            let isBanned = module.hasPrefix("Foundation") && module != "FoundationEssentials"
            guard isBanned || module == "XCTest" else { return nil }
            return Violation(path: file.path, line: line, what: "Sources import \(module)")
        }
    }

    /// No crash on demand in Sources: `try!`, `as!`, a forced unwrap, `fatalError`.
    static func crashes(_ file: SourceText) -> [Violation] {
        guard file.isSource else { return [] }
        var found = ["try!", "as!", "fatalError("].flatMap { word in
            file.offsets(of: word).map { (offset: $0, what: "`\(word)`") }
        }
        for index in file.code.indices.dropFirst() where file.code[index] == UInt8(ascii: "!") {
            if unwraps(at: index, in: file.code) {
                found.append((index, "forced unwrap or implicitly unwrapped type"))
            }
        }
        return found.map {
            Violation(path: file.path, line: file.line(at: $0.offset), what: $0.what)
        }
    }

    /// An exclamation mark straight after an operand, other than in `try!`, `as!` and `!=`.
    private static func unwraps(at index: Int, in code: [UInt8]) -> Bool {
        let before = code[index - 1]
        let ends: Set<UInt8> = Set(")]}>\"".utf8)
        guard isWord(before) || ends.contains(before) else { return false }
        if index + 1 < code.count && code[index + 1] == UInt8(ascii: "=") { return false }
        let word = code[..<index].reversed().prefix { isWord($0) }
        return !["yrt", "sa"].contains { word.elementsEqual($0.utf8) }
    }

    /// `package` access is never inlined across targets here: write `public`.
    static func packageAccess(_ file: SourceText) -> [Violation] {
        file.offsets(of: "package").compactMap { offset in
            let rest = file.code[(offset + "package".utf8.count)...]
            let next = rest.drop { $0 == UInt8(ascii: " ") }.prefix { isWord($0) }
            let declares = [
                "let", "var", "func", "struct", "class", "enum", "actor", "init",
                "protocol", "typealias", "static", "final", "mutating", "subscript", "import",
            ]
            guard declares.contains(where: { next.elementsEqual($0.utf8) }) else { return nil }
            // The manifest calls its one value so.
            guard file.path != "Package.swift" else { return nil }
            return Violation(
                path: file.path, line: file.line(at: offset), what: "`package` access")
        }
    }

    /// A switch over a state lists its cases, so that a new state is a compile error.
    static func defaultInStateSwitch(_ file: SourceText) -> [Violation] {
        guard file.isSource else { return [] }
        return file.offsets(of: "switch").compactMap { offset in
            guard let open = file.code[offset...].firstIndex(of: UInt8(ascii: "{")),
                let close = ShapeRules.closingBrace(of: open, in: file.code)
            else { return nil }
            let subject = String(decoding: file.code[(offset + 6)..<open], as: UTF8.self)
            let words = subject.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            guard words.contains(where: { $0.lowercased().hasSuffix("state") }) else { return nil }
            guard hasDefault(file.code, open..<close) else { return nil }
            return Violation(
                path: file.path, line: file.line(at: offset), what: "`default` in a state switch")
        }
    }

    private static func hasDefault(_ code: [UInt8], _ body: Range<Int>) -> Bool {
        var depth = 0
        for index in body {
            if code[index] == UInt8(ascii: "{") { depth += 1 }
            if code[index] == UInt8(ascii: "}") { depth -= 1 }
            if depth == 1 && code[index...].starts(with: "default:".utf8) { return true }
        }
        return false
    }

    /// A note for later names the issue that will do it.
    static func notes(_ file: SourceText) -> [Violation] {
        file.lines.enumerated().compactMap { index, line in
            guard line.contains("TO" + "DO") || line.contains("FIX" + "ME") else { return nil }
            if line.contains(/#\d+/) { return nil }
            return Violation(
                path: file.path, line: index + 1, what: "a note for later without an issue number")
        }
    }
}
