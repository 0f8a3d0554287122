// What whoever owns a server decides before, or instead of, its handler.

/// Why the server answers a request by itself, without its body.
enum HTTPRefusal: Sendable {
    /// The body is over the limit.
    case tooLarge
    /// Too many bodies are being read.
    case crowded
}

/// What a server asks of its owner. All are called on connection threads.
struct HTTPHooks: Sendable {
    /// Counts a refusal; what to answer instead of an error, if anything.
    var refused: @Sendable (HTTPRequest, HTTPRefusal) -> HTTPResponse? = { _, _ in nil }
    /// Answers requests that never wait, on the spot: no suspending, no second turn of the daemon's
    /// loop. Nil for all others.
    var atOnce: @Sendable (HTTPRequest) -> HTTPResponse? = { _ in nil }
}
