import Agent
import Model
import Query
import Text

/// Parameters of a request, from its form and its address; those of the form come first, as Go's
/// `FormValue` has it.
struct QueryParameters: Sendable {
    private let pairs: [(name: String, value: String)]
    /// The wall clock when the request came.
    let now: Timestamp
    /// When the server started.
    let startedAt: Timestamp

    init(
        _ pairs: [(name: String, value: String)], now: Timestamp,
        startedAt: Timestamp = .distantPast
    ) {
        self.pairs = pairs
        self.now = now
        self.startedAt = startedAt
    }

    init(_ request: HTTPRequest, now: Timestamp, startedAt: Timestamp) {
        let type = request.header("Content-Type")?.prefix { $0 != ";" } ?? ""
        let form =
            type.lowercased() == "application/x-www-form-urlencoded"
            ? Self.decode(request.body) : []
        self.init(form + request.queryPairs, now: now, startedAt: startedAt)
    }

    /// `a=b&c=d` with percent escapes and `+` for a space.
    static func decode(_ body: [UInt8]) -> [(name: String, value: String)] {
        body.split(separator: UInt8(ascii: "&")).map { part in
            let halves = part.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (unescaped(halves[0]), halves.count > 1 ? unescaped(halves[1]) : "")
        }
    }

    private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String {
        var out: [UInt8] = []
        var rest = bytes
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                out.append(UInt8(ascii: " "))
            } else if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                out.append(value)
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    subscript(_ name: String) -> String { pairs.first { $0.name == name }?.value ?? "" }

    func all(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }

    /// A time that may be left out.
    func time(_ name: String, default standard: Timestamp?) throws(QueryFault) -> Timestamp {
        let text = self[name]
        if text.isEmpty, let standard { return standard }
        if let time = Self.time(text) { return time }
        let what = "cannot parse \(quoted(text)) to a valid timestamp"
        throw .badParameter(
            name, (standard == nil ? "" : "invalid time value for '\(name)': ") + what)
    }

    /// `start` and `end`, each of which may be left out.
    func span() throws(QueryFault) -> QuerySpan {
        QuerySpan(
            from: try time("start", default: .distantPast),
            to: try time("end", default: .distantFuture))
    }

    /// Seconds with decimals, or RFC 3339.
    static func time(_ text: String) -> Timestamp? {
        if let seconds = Double(text) { return millis(seconds).map { Timestamp(millis: $0) } }
        return Timestamp(rfc3339: text)
    }

    /// Seconds with decimals, or PromQL's notation.
    func span(_ name: String) throws(QueryFault) -> TimeSpan {
        let text = self[name]
        let seconds = Double(text).flatMap { Self.millis($0) }.map { TimeSpan(millis: $0) }
        if let span = seconds ?? parseDuration(text) { return span }
        let what = "cannot parse \(quoted(text)) to a valid duration"
        throw name == "lookback_delta"
            ? .badData("error parsing lookback delta duration: " + what) : .badParameter(name, what)
    }

    private static func millis(_ seconds: Double) -> Int64? {
        // Beyond 300,000 years arithmetic on times would overflow.
        guard seconds.isFinite, abs(seconds) < 1e13 else { return nil }
        return Int64((seconds * 1000).rounded())
    }

    /// How many results at most; nil for all.
    func limit() throws(QueryFault) -> Int? {
        let text = self["limit"]
        if text.isEmpty { return nil }
        guard let limit = Int(text) else {
            throw .badParameter("limit", "strconv.Atoi: parsing \(quoted(text)): invalid syntax")
        }
        guard limit >= 0 else { throw .badParameter("limit", "limit must be non-negative") }
        return limit == 0 ? nil : limit
    }

    /// The selectors of `match[]`.
    func selectors() throws(QueryFault) -> [Selector] {
        var found: [Selector] = []
        for text in all("match[]") {
            let expression: Expression
            do throws(ParseError) {
                expression = try Expression.parse(text)
            } catch {
                throw .badParameter(
                    "match[]",
                    error.isEmptySelector
                        ? "match[] must contain at least one non-empty matcher"
                        : error.description)
            }
            guard case .vector(let node) = expression, node.at == nil, node.offset == nil else {
                throw .badParameter("match[]", "\(quoted(text)) is no selector")
            }
            found.append(node.selector)
        }
        return found
    }
}
