import Text

// Cross-origin requests of pages, as Prometheus answers them (`--web.cors.origin`): a page whose
// address the pattern matches as a whole may read the API.

/// Which pages of other origins may read answers.
struct CrossOrigin: Sendable {
    private let allowed: Pattern?

    /// The configuration has checked the pattern; what is none allows nobody.
    init(_ allowed: String) { self.allowed = try? Pattern(allowed) }

    /// What an answer to a page of `origin` carries; a request of no page has no origin.
    func headers(for origin: String?) -> [(name: String, value: String)] {
        guard let origin, !origin.isEmpty else { return [("Vary", "Origin")] }
        var headers = [
            ("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin"),
            ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
            ("Access-Control-Expose-Headers", "Date"), ("Vary", "Origin"),
        ]
        if allowed?.matches(origin) == true {
            headers.append(("Access-Control-Allow-Origin", origin))
        }
        return headers
    }
}
