import Model
import Query
import Text

/// From a peer's queries to an SLI: counted where they are counts, else queried.
enum RatioReading {
    /// From two queries.
    static func counts(
        _ counted: WindowedQuery, isBad: Bool, total: WindowedQuery,
        over window: TimeSpan? = WindowedQuery.openWindow
    ) throws(Diagnostic) -> RatioShape {
        do throws(ShapeFault) {
            return try RatioShape(
                counted: EventCount(counted.expression, over: window), isBad: isBad,
                total: EventCount(total.expression, over: window), part: counted.expression)
        } catch {
            let bad = counted.inOurNotation
            let all = total.inOurNotation
            return queried(
                isBad ? bad : "(\(all)) - (\(bad))", all, error,
                by: Grouping.of(total.expression))
        }
    }

    /// From one query of the share of bad, or good, events.
    static func ratio(
        _ ratio: WindowedQuery, isErrorRatio: Bool,
        over window: TimeSpan? = WindowedQuery.openWindow
    ) throws(Diagnostic) -> RatioShape {
        do throws(ShapeFault) {
            return try RatioShape(ratio.expression, isErrorRatio: isErrorRatio, over: window)
        } catch {
            if isErrorRatio, let window,
                let gauge = GaugeShape(badShare: ratio.expression, over: window)
            {
                return gauge.shape
            }
            let query = ratio.inOurNotation
            // Where the ratio has no value there is no event either.
            return queried(
                isErrorRatio ? query : "1 - (\(query))", "(\(query)) * 0 + 1", error,
                by: Grouping.of(ratio.expression))
        }
    }

    private static func queried(
        _ bad: String, _ total: String, _ fault: ShapeFault, by: [String]
    ) -> RatioShape {
        var shape = RatioShape(sli: .query(bad: bad, total: total), by: by, isUnguarded: true)
        shape.differences.append(
            Difference(
                .sli,
                "\(fault.what): `\(excerpt(fault.part))` cannot be counted, so the SLI stays a "
                    + "query over 5m at each evaluation, with PromQL's limits"))
        return shape
    }

    private static func excerpt(_ part: Expression) -> String {
        let text = part.description.replacing("1d13s", with: "window")
        return text.count <= 60 ? text : text.prefix(57) + "..."
    }
}

extension WindowedQuery {
    /// The query in canonical PromQL over five minutes: what a `query` SLI evaluates each interval.
    /// Sloth's budget is a mean over the same window.
    var inOurNotation: String {
        expression.description.replacing(Self.openWindow.description, with: "5m")
    }
}

/// The labels by which a query's result is split.
enum Grouping {
    static func of(_ expression: Expression) -> [String] {
        switch expression.unwrapped {
        case .aggregate(let sum): sum.isWithout ? [] : sum.grouping
        case .binary(let pair):
            pair.left.type == .vector ? of(pair.left) : of(pair.right)
        case .unary(let unary): of(unary.expression)
        case .call(let call):
            call.arguments.first { $0.type == .vector || $0.type == .matrix }.map(of) ?? []
        case .subquery(let sub): of(sub.expression)
        case .number, .string, .vector, .matrix, .paren: []
        }
    }
}
