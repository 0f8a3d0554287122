internal import Model
internal import Text

// Where things stand in a rule file: the place in the file of a byte of an expression, which YAML
// may have unquoted and folded, and the comments, which YAML forgets.

/// The places of one file's rules.
struct RulePlaces {
    private let bytes: [UInt8]
    private let path: String
    /// The first byte of each line.
    private var lines: [Int] = [0]
    /// The first line of each rule of each group, from 1.
    private var starts: [[Int]] = []
    private var sorted: [Int] = []
    /// Codes that a line's comment takes away; `nil` stands for all.
    private var ignored: [(line: Int, codes: Set<String>)] = []

    init(_ file: LintedFile) {
        bytes = file.bytes
        path = file.path
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
            lines.append(index + 1)
        }
        starts = file.groups.map { $0.rules.map(\.start.line) }
        sorted = starts.flatMap { $0 }.sorted()
        readComments()
    }

    // MARK: Comments

    private static let marker = Array("pitot:ignore".utf8)

    /// `# pitot:ignore CODE, CODE why`: on a line of the rule, or above it.
    private mutating func readComments() {
        for line in 1...lines.count {
            let text = self.text(line)
            guard let comment = text.firstRange(of: Self.marker),
                text[..<comment.lowerBound].last(where: { $0 != UInt8(ascii: " ") })
                    == UInt8(ascii: "#")
            else { continue }
            let words = String(decoding: text[comment.upperBound...], as: UTF8.self)
                .split { " ,\t\r".contains($0) }.map(String.init)
            let known = Set(RuleLintCode.allCases.map(\.rawValue))
            ignored.append((target(of: line), Set(words.prefix { known.contains($0) })))
        }
    }

    /// The line a comment speaks of: its own, or the next one that is no comment.
    private func target(of line: Int) -> Int {
        func isComment(_ line: Int) -> Bool {
            let first = text(line).first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
            return first == nil || first == UInt8(ascii: "#")
        }
        var line = line
        while line < lines.count && isComment(line) { line += 1 }
        return line
    }

    private func text(_ line: Int) -> ArraySlice<UInt8> {
        let end = line < lines.count ? lines[line] - 1 : bytes.count
        return bytes[lines[line - 1]..<max(end, lines[line - 1])]
    }

    /// Whether a comment takes a finding of a rule away.
    func ignores(_ code: RuleLintCode, _ group: Int, _ rule: Int) -> Bool {
        guard group < starts.count, rule < starts[group].count else { return false }
        let start = starts[group][rule]
        if ignored.isEmpty { return false }
        let end = sorted.first { $0 > start } ?? .max
        return ignored.contains {
            $0.line >= start && $0.line < end && $0.codes.contains(code.rawValue)
        }
    }

    // MARK: Positions

    /// The place in the file of a byte of a rule's expression. Reads text and file side by side:
    /// blanks may differ, quotes and backslashes may stand before what they escape.
    func position(of offset: Int, in rule: Rule) -> SourcePosition {
        let start = rule.position
        guard start.line <= lines.count else { return start }
        var index = lines[start.line - 1]
        var column = 1
        while column < start.column, index < bytes.count {
            index += 1
            while index < bytes.count, bytes[index] & 0xc0 == 0x80 { index += 1 }
            column += 1
        }
        let text = Array(rule.text.utf8)
        var place = 0
        while place < min(offset, text.count), index < bytes.count {
            if isBlank(text[place]) {
                place += 1
            } else if isBlank(bytes[index]) {
                index += 1
            } else if bytes[index] == text[place] {
                // Within single quotes a quote is written twice.
                let isDoubled =
                    text[place] == UInt8(ascii: "'") && index + 1 < bytes.count
                    && bytes[index + 1] == UInt8(ascii: "'")
                    && !(place + 1 < text.count && text[place + 1] == UInt8(ascii: "'"))
                index += isDoubled ? 2 : 1
                place += 1
            } else if bytes[index] == UInt8(ascii: "\\") {
                index += 1
            } else {
                return start
            }
        }
        while index < bytes.count, isBlank(bytes[index]) { index += 1 }
        return location(ofByte: index)
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte <= UInt8(ascii: " ") }

    private func location(ofByte index: Int) -> SourcePosition {
        let line = lines.lastIndex { $0 <= index } ?? 0
        let column = bytes[lines[line]..<min(index, bytes.count)].filter { $0 & 0xc0 != 0x80 }.count
        return SourcePosition(file: path, line: line + 1, column: column + 1)
    }
}
