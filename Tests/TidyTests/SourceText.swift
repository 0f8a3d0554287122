// A file as the house rules see it: its text, and its code with comments and literals blanked out
// so that a word in a sentence or a string never counts as code.

/// One text file of the repository.
struct SourceText {
    /// Relative to the package root, with slashes.
    let path: String
    let text: String
    let lines: [Substring]
    /// As long as the text, same line breaks; what is not code is spaces.
    let code: [UInt8]

    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        code = path.hasSuffix(".swift") ? blankingProse(Array(text.utf8)) : Array(text.utf8)
    }

    /// The module of a file in `Sources/<module>/` or `Tests/<module>/`.
    var module: String? {
        let parts = path.split(separator: "/")
        guard parts.count >= 3, parts[0] == "Sources" || parts[0] == "Tests" else { return nil }
        return String(parts[1])
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
    var isSource: Bool { path.hasPrefix("Sources/") }

    /// How many lines, not counting the empty one after a final line break.
    var lineCount: Int { lines.last?.isEmpty == true ? lines.count - 1 : lines.count }

    var codeLines: [String] {
        code.split(separator: newline, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// The line, counted from 1, on which the byte at `offset` lies.
    func line(at offset: Int) -> Int {
        1 + code[..<offset].count { $0 == newline }
    }

    /// Offsets in the code where `word` stands, as a whole word where it begins or ends with one.
    func offsets(of word: String) -> [Int] {
        let needle = Array(word.utf8)
        guard let first = needle.first, let last = needle.last else { return [] }
        var found: [Int] = []
        var index = 0
        while index + needle.count <= code.count {
            defer { index += 1 }
            guard code[index] == first, code[index...].starts(with: needle) else { continue }
            let end = index + needle.count
            if isWord(first) && index > 0 && isWord(code[index - 1]) { continue }
            if isWord(last) && end < code.count && isWord(code[end]) { continue }
            found.append(index)
        }
        return found
    }
}

/// A broken rule: where, and what is wrong.
struct Violation: CustomStringConvertible {
    let path: String
    let line: Int
    let what: String

    var description: String { "\(path):\(line): \(what)" }
}

let newline = UInt8(ascii: "\n")
private let space = UInt8(ascii: " ")
private let quote = UInt8(ascii: "\"")
private let hash = UInt8(ascii: "#")

/// Whether the byte may be part of an identifier.
func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...:
        true
    default: false
    }
}

/// Replaces comments and the contents of string literals by spaces; interpolated code stays.
func blankingProse(_ source: [UInt8]) -> [UInt8] {
    var scanner = ProseScanner(source)
    return scanner.run()
}

/// Walks Swift source, blanking as it goes. Knows nested comments, raw and multi-line strings.
private struct ProseScanner {
    private enum Mode {
        case code(openParentheses: Int)
        case string(hashes: Int, quotes: Int)
    }

    private let source: [UInt8]
    private var out: [UInt8]
    private var index = 0
    private var modes: [Mode] = [.code(openParentheses: 0)]

    init(_ source: [UInt8]) {
        self.source = source
        out = source
    }

    mutating func run() -> [UInt8] {
        while index < source.count {
            switch modes[modes.count - 1] {
            case .code(let open): stepCode(open)
            case .string(let hashes, let quotes): stepString(hashes, quotes)
            }
        }
        return out
    }

    private func byte(_ offset: Int) -> UInt8 {
        index + offset < source.count ? source[index + offset] : 0
    }

    private mutating func blank(_ count: Int) {
        for position in index..<min(index + count, source.count) where source[position] != newline {
            out[position] = space
        }
        index += count
    }

    private mutating func stepCode(_ open: Int) {
        switch (byte(0), byte(1)) {
        case (UInt8(ascii: "/"), UInt8(ascii: "/")):
            while index < source.count && source[index] != newline { blank(1) }
        case (UInt8(ascii: "/"), UInt8(ascii: "*")):
            blankBlockComment()
        case (quote, _), (hash, quote), (hash, hash):
            beginString()
        case (UInt8(ascii: "("), _):
            modes[modes.count - 1] = .code(openParentheses: open + 1)
            index += 1
        case (UInt8(ascii: ")"), _):
            // The parenthesis that closes an interpolation returns to its string.
            if open == 0 && modes.count > 1 {
                modes.removeLast()
            } else {
                modes[modes.count - 1] = .code(openParentheses: max(0, open - 1))
            }
            index += 1
        default:
            index += 1
        }
    }

    private mutating func blankBlockComment() {
        var depth = 0
        repeat {
            switch (byte(0), byte(1)) {
            case (UInt8(ascii: "/"), UInt8(ascii: "*")):
                depth += 1
                blank(2)
            case (UInt8(ascii: "*"), UInt8(ascii: "/")):
                depth -= 1
                blank(2)
            default:
                blank(1)
            }
        } while depth > 0 && index < source.count
    }

    private mutating func beginString() {
        var hashes = 0
        while byte(hashes) == hash { hashes += 1 }
        guard byte(hashes) == quote else {
            index += hashes
            return
        }
        let isLong = byte(hashes + 1) == quote && byte(hashes + 2) == quote
        modes.append(.string(hashes: hashes, quotes: isLong ? 3 : 1))
        index += hashes + (isLong ? 3 : 1)
    }

    private mutating func stepString(_ hashes: Int, _ quotes: Int) {
        if byte(0) == UInt8(ascii: "\\") && runs(hash, hashes, from: 1) {
            if byte(1 + hashes) == UInt8(ascii: "(") {
                modes.append(.code(openParentheses: 0))
                index += 2 + hashes
            } else {
                blank(2 + hashes)
            }
        } else if runs(quote, quotes, from: 0) && runs(hash, hashes, from: quotes) {
            modes.removeLast()
            index += quotes + hashes
        } else if byte(0) == newline && quotes == 1 {
            modes.removeLast()
            index += 1
        } else {
            blank(1)
        }
    }

    private func runs(_ wanted: UInt8, _ count: Int, from start: Int) -> Bool {
        (0..<count).allSatisfy { byte(start + $0) == wanted }
    }
}
