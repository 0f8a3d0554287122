/// Writes block YAML in the order of the calls; `YAML.parse` reads the same values back.
///
/// Text is plain where no reader can take it for something else, else quoted, else a literal block.
/// Nesting is the caller's business, as with `JSONWriter`. Keys have at most 1000 bytes: libyaml
/// looks no further for the colon. O(bytes).
public struct YAMLWriter: Sendable {
    /// What has been written so far.
    public private(set) var text = ""
    private var indent = 0
    /// The next line goes on behind a dash.
    private var isAfterDash = false
    /// Members and items so far, to see whether a collection stayed empty.
    private var nodes = 0

    /// An empty writer.
    public init() {}

    /// Begins a document; the first needs no mark.
    public mutating func document() {
        if !text.isEmpty { text += "---\n" }
    }

    /// A comment, a line of the file for each line of it.
    public mutating func comment(_ lines: String) {
        for line in lines.split(separator: "\n", omittingEmptySubsequences: false) {
            let shown = String(
                String.UnicodeScalarView(line.unicodeScalars.map { isPrintable($0) ? $0 : " " }))
            startLine()
            text += shown.isEmpty ? "#\n" : "# " + shown + "\n"
        }
    }

    /// An empty line.
    public mutating func blank() { text += "\n" }

    /// A member that is text.
    public mutating func member(_ key: String, _ value: String) {
        start(key)
        text += " " + scalar(value, indent: indent + 2) + "\n"
    }

    /// A member that is a number, a boolean or a duration: written as it is.
    public mutating func member(_ key: String, plain literal: String) {
        start(key)
        text += " " + literal + "\n"
    }

    /// A member that is a list of texts on one line.
    public mutating func member(_ key: String, flow values: [String]) {
        start(key)
        text += " [" + values.map(flowScalar).joined(separator: ", ") + "]\n"
    }

    /// A member that is a mapping; the body writes its members.
    public mutating func mapping(_ key: String, _ body: (inout YAMLWriter) -> Void) {
        start(key)
        nested("{}", body)
    }

    /// A member that is a sequence; the body writes its items.
    public mutating func sequence(_ key: String, _ body: (inout YAMLWriter) -> Void) {
        start(key)
        nested("[]", body)
    }

    /// An item of a sequence that is text.
    public mutating func item(_ value: String) {
        startLine()
        nodes += 1
        text += "- " + scalar(value, indent: indent + 2) + "\n"
    }

    /// An item of a sequence that is a mapping; the body writes its members.
    public mutating func item(_ body: (inout YAMLWriter) -> Void) {
        startLine()
        let before = nodes
        text += "- "
        isAfterDash = true
        indent += 2
        body(&self)
        if nodes == before {
            startLine()
            text += "{}\n"
        }
        indent -= 2
        nodes += 1
    }

    private mutating func nested(_ empty: String, _ body: (inout YAMLWriter) -> Void) {
        let (before, length) = (nodes, text.utf8.count)
        text += "\n"
        indent += 2
        body(&self)
        if nodes == before {
            if text.utf8.count == length + 1 {
                text.removeLast()
                text += " " + empty + "\n"
            } else {
                startLine()
                text += empty + "\n"
            }
        }
        indent -= 2
    }

    private mutating func start(_ key: String) {
        startLine()
        nodes += 1
        text += flowScalar(key) + ":"
    }

    private mutating func startLine() {
        if isAfterDash {
            isAfterDash = false
        } else {
            text += String(repeating: " ", count: indent)
        }
    }
}

/// A text as a value of a block mapping or sequence.
private func scalar(_ text: String, indent: Int) -> String {
    if isPlainText(text, isFlow: false) { return text }
    if text.contains("\n"), let block = literalBlock(text, indent: indent) { return block }
    return inQuotes(text)
}

/// A text as a key, or between brackets.
private func flowScalar(_ text: String) -> String {
    isPlainText(text, isFlow: true) ? text : inQuotes(text)
}

/// Whether a text can stand without quotes. Stricter than the grammar: what YAML 1.1 or 1.2 takes
/// for a null, a boolean, a number or a date is quoted.
private func isPlainText(_ text: String, isFlow: Bool) -> Bool {
    guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last else {
        return false
    }
    let startsWell = isWord(first) || (!isFlow && "(/$".unicodeScalars.contains(first))
    guard startsWell, last != " ", last != ":" else { return false }
    var previous: Unicode.Scalar = " "
    for scalar in text.unicodeScalars {
        let isRefused =
            !isPrintable(scalar) || (scalar == "#" && previous == " ")
            || (scalar == " " && previous == ":")
            || (isFlow && !isWord(scalar) && !"-./".unicodeScalars.contains(scalar))
        if isRefused { return false }
        previous = scalar
    }
    let words = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
    if words.contains(text.lowercased()) { return false }
    guard ("0"..."9").contains(first) else { return true }
    return !text.unicodeScalars.allSatisfy {
        "0123456789abcdefABCDEFxXoO_.:+-TZ ".unicodeScalars.contains($0)
    }
}

private func isWord(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
        || scalar == "_"
}

/// What any reader takes unescaped on one line.
private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7e: true
    case 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff: false
    case 0xa0...0xffff: true
    default: scalar.value >= 0x1_0000
    }
}

/// A literal block that ends as the text does; nil for what it cannot hold.
private func literalBlock(_ text: String, indent: Int) -> String? {
    let isGood = text.unicodeScalars.allSatisfy { $0 == "\n" || isPrintable($0) }
    guard isGood, let first = text.unicodeScalars.first, first != " ", first != "\n",
        !text.hasSuffix("\n\n"), !text.hasSuffix(" \n"), !text.hasSuffix(" ")
    else { return nil }
    let isEnded = text.hasSuffix("\n")
    let body = isEnded ? text.dropLast() : text[...]
    let margin = String(repeating: " ", count: indent)
    let lines = body.split(separator: "\n", omittingEmptySubsequences: false)
        .map { $0.isEmpty ? "" : margin + $0 }
    return (isEnded ? "|\n" : "|-\n") + lines.joined(separator: "\n")
}

/// In single quotes what holds `"` or `\` and nothing worse, else in double quotes with escapes.
private func inQuotes(_ text: String) -> String {
    let scalars = text.unicodeScalars
    let isBusy = scalars.contains { $0 == "\"" || $0 == "\\" }
    if isBusy && scalars.allSatisfy(isPrintable) {
        // By scalars: a quote before a combining mark is no Character "'".
        return "'"
            + String(String.UnicodeScalarView(scalars.flatMap { $0 == "'" ? [$0, $0] : [$0] }))
            + "'"
    }
    var out = "\""
    for scalar in scalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\n": out += "\\n"
        case "\t": out += "\\t"
        default:
            if isPrintable(scalar) {
                out.unicodeScalars.append(scalar)
            } else {
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
    }
    return out + "\""
}
