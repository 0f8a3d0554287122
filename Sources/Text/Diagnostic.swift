/// A place in a file that a person wrote. Lines and columns count from 1, columns in characters.
public struct SourcePosition: Hashable, Sendable {
    /// The path as the caller gave it.
    public var file: String
    /// From 1.
    public var line: Int
    /// From 1, in characters (Unicode scalars).
    public var column: Int

    /// A place in a file.
    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }
}

extension SourcePosition: Comparable {
    /// By file, line and column.
    public static func < (left: Self, right: Self) -> Bool {
        if left.file != right.file { return left.file < right.file }
        return (left.line, left.column) < (right.line, right.column)
    }
}

extension SourcePosition: CustomStringConvertible {
    /// `file:line:column`.
    public var description: String { "\(file):\(line):\(column)" }
}

/// What is wrong in a file, where, what was expected instead, and what to do.
public struct Diagnostic: Error, Hashable, Sendable {
    /// Whether the file is refused, or taken with a remark.
    public enum Severity: String, Hashable, Sendable { case error, warning }

    /// Whether the file is refused.
    public var severity: Severity
    /// Where the fault is.
    public var position: SourcePosition
    /// What is wrong.
    public var what: String
    /// What was expected instead.
    public var expected: String?
    /// What to do.
    public var hint: String?

    /// A finding; an error unless said otherwise.
    public init(
        _ severity: Severity = .error, at position: SourcePosition, _ what: String,
        expected: String? = nil, hint: String? = nil
    ) {
        self.severity = severity
        self.position = position
        self.what = what
        self.expected = expected
        self.hint = hint
    }

    /// An error: the file is refused.
    public static func error(
        at position: SourcePosition, _ what: String, expected: String? = nil, hint: String? = nil
    ) -> Self {
        Self(.error, at: position, what, expected: expected, hint: hint)
    }

    /// A warning: the file is taken, a person should look.
    public static func warning(
        at position: SourcePosition, _ what: String, expected: String? = nil, hint: String? = nil
    ) -> Self {
        Self(.warning, at: position, what, expected: expected, hint: hint)
    }
}

extension Diagnostic: Comparable {
    /// By position; errors before warnings at the same place, then by text, so that it is total.
    public static func < (left: Self, right: Self) -> Bool {
        if left.position != right.position { return left.position < right.position }
        if left.severity != right.severity { return left.severity == .error }
        return left.description < right.description
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: what; expected X (hint)`; a warning says so before `what`.
    public var description: String {
        var text = "\(position): "
        if severity == .warning { text += "warning: " }
        text += what
        if let expected { text += "; expected \(expected)" }
        if let hint { text += " (\(hint))" }
        return text
    }
}
