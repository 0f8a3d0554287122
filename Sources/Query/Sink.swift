internal import Text

// Streams end in sinks, and a stream is often made by giving another one a sink that changes the
// series and hands it on. Were sinks closures, the optimiser would specialise `stream` for each
// closure, find closures around closures in the copies, and specialise again: 13 GB before it was
// stopped. It does not look into an object, so this is where that ends.

/// Takes one series after the other; may change it, must not keep the buffer.
final class Sink {
    typealias Body = (inout Series) throws(QueryError) -> Void

    /// The labels that it looks at, nil for all; see `SeriesRequest`.
    let labels: [String]?
    private let body: Body

    init(keeping labels: [String]? = nil, _ body: @escaping Body) {
        self.labels = labels
        self.body = body
    }

    func callAsFunction(_ series: inout Series) throws(QueryError) { try body(&series) }
}

extension Evaluation {
    /// Gives each series of a vector to `body`, in order.
    func stream(
        _ expression: Expression, _ grid: Grid, _ body: Sink.Body
    ) throws(QueryError) {
        try withoutActuallyEscaping(body) { (body) throws(QueryError) in
            try stream(expression, grid, Sink(body))
        }
    }

    /// The same of a selector whose samples are taken from `span` alone.
    func select(
        _ selector: Selector, _ look: Grid, _ span: (from: Int64, to: Int64),
        _ body: Sink.Body
    ) throws(QueryError) {
        try withoutActuallyEscaping(body) { (body) throws(QueryError) in
            try select(selector, look, span, isTimestamp: false, Sink(body))
        }
    }

    /// As `stream`; names that are dropped at once must not make series equal.
    func streamUnique(
        _ expression: Expression, _ grid: Grid, keeping labels: [String]? = nil, _ body: Sink.Body
    ) throws(QueryError) {
        try withoutActuallyEscaping(body) { (body) throws(QueryError) in
            try streamUnique(expression, grid, Sink(keeping: labels, body))
        }
    }

    /// The same for a sink that there is.
    func streamUnique(_ expression: Expression, _ grid: Grid, _ sink: Sink) throws(QueryError) {
        guard mayCollide(expression.unwrapped) else { return try stream(expression, grid, sink) }
        for var series in try vector(expression, grid) { try sink(&series) }
    }
}
