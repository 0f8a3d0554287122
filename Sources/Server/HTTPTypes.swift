/// An answer.
public struct HTTPResponse: Sendable {
    public var status: Int
    public var contentType: String
    public var headers: [(name: String, value: String)] = []
    public var body: [UInt8]

    /// A line of text, as errors are answered.
    public static func text(_ status: Int, _ line: String) -> Self {
        Self(
            status: status, contentType: "text/plain; charset=utf-8",
            body: Array((line + "\n").utf8))
    }

    /// A JSON document.
    public static func json(_ body: [UInt8], status: Int = 200) -> Self {
        Self(status: status, contentType: "application/json", body: body)
    }

    /// A status alone.
    public static func empty(_ status: Int) -> Self {
        Self(status: status, contentType: "", body: [])
    }

    func adding(_ name: String, _ value: String) -> Self {
        var copy = self
        copy.headers.append((name, value))
        return copy
    }
}

/// What a handler does with a request: answer now, or later through its `complete`.
enum Disposition {
    case answer(HTTPResponse)
    case later
}
