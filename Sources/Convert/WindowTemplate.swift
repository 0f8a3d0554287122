import Model
import Query
import Text

// Peers write the window as a Go template, `[{{.window}}]`. To parse the query, each template is
// replaced by a duration that nobody writes, padded to the template's length, so that a place in
// the query is the same place in the file.

/// A peer's query with its window left open.
struct WindowedQuery {
    /// Stands for the window: a day, 13 seconds.
    static let openWindow = TimeSpan.seconds(86_413)
    private static let openWindowText = "86413s"

    let expression: Expression
    /// Whether there is a window to fill in.
    let hasWindow: Bool

    /// A query that is parsed already, with the open window in its ranges.
    init(_ expression: Expression) {
        self.expression = expression
        hasWindow = true
    }

    /// Parses the text of a node. Throws what is wrong, where it stands in the file.
    init(_ node: YAMLNode, needsWindow: Bool = false) throws(Diagnostic) {
        // A block's last line break would put what is missing at the end on the next line.
        let written = (node.asString ?? "").trimmingEnd
        guard !written.isEmpty else {
            throw .error(at: node.position, "the query is empty", expected: "PromQL")
        }
        let (text, hasWindow) = try Self.filled(written, node)
        self.hasWindow = hasWindow
        if needsWindow && !hasWindow {
            throw .error(
                at: node.position, "the query has no window",
                expected: "{{.window}} between the brackets of each range")
        }
        do throws(ParseError) {
            expression = try Expression.parse(text)
        } catch {
            throw .error(
                at: Self.place(error.range.start, text, node), "not PromQL: \(error.what)",
                expected: error.expected, hint: error.hint)
        }
    }

    private static func filled(
        _ text: String, _ node: YAMLNode
    ) throws(Diagnostic) -> (String, Bool) {
        var out = ""
        var rest = text[...]
        var hasWindow = false
        while let open = rest.firstRange(of: "{{") {
            guard let close = rest[open.upperBound...].firstRange(of: "}}") else {
                throw .error(
                    at: node.position, "a template without an end", expected: "{{.window}}")
            }
            let inside = rest[open.upperBound..<close.lowerBound]
                .filter { $0 != " " && $0 != "-" && $0 != "\t" }
            guard inside == ".window" else {
                throw .error(
                    at: place(text[..<open.lowerBound].utf8.count, text, node),
                    "the template {{\(inside.prefix(40))}} has no value here",
                    expected: "{{.window}} and no other")
            }
            let length = rest[open.lowerBound..<close.upperBound].utf8.count
            out += rest[..<open.lowerBound] + openWindowText
            out += String(repeating: " ", count: max(0, length - openWindowText.utf8.count))
            hasWindow = true
            rest = rest[close.upperBound...]
        }
        return (out + rest, hasWindow)
    }

    /// A byte of a query as a place of the file. Exact for one line and for literal blocks; what
    /// YAML folded has lost its lines.
    private static func place(_ byte: Int, _ text: String, _ node: YAMLNode) -> SourcePosition {
        let (line, column) = SourceRange(byte, byte).position(in: text)
        var position = node.textPosition
        if line == 1 {
            position.column += column - 1
        } else if node.textPosition.line > node.position.line {
            position.line += line - 1
            position.column += column - 1
        } else {
            position = node.position
        }
        return position
    }
}

extension String {
    /// Without line breaks and spaces at the end.
    fileprivate var trimmingEnd: String {
        var scalars = unicodeScalars
        while let last = scalars.last, last == " " || last == "\n" { scalars.removeLast() }
        return String(scalars)
    }
}
