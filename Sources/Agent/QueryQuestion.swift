public import Model
import Query
import SLO
import Text

// SLIs that PromQL counts: evaluated each `evaluation.interval` on a point in time of the store, on
// a thread that also evaluates rules. A value is the number of events of the interval that ends at
// the time of evaluation. What has no value - an empty result, NaN, an error - is not seen; bad
// events that are missing beside a total are none.

/// One evaluation of a `query` SLI.
public struct QueryQuestion: Sendable {
    let sli: QuerySLI
    let by: [String]
    /// The end of the interval.
    let time: Timestamp

    /// Evaluates it. Pure; `shouldStop` ends it early, as an error.
    public func evaluate(
        on view: QueryView, shouldStop: @escaping @Sendable () -> Bool
    ) -> Answer {
        do throws(QueryError) {
            let totals = try sums(sli.total, view, shouldStop)
            let counted = try sums(sli.query, view, shouldStop)
            guard totals.count <= Ledger.groupsPerSLOMax else {
                throw .execution("more than \(Ledger.groupsPerSLOMax) groups")
            }
            let groups = totals.sorted { $0.key < $1.key }.map { labels, total in
                let part = counted[labels] ?? 0
                return QueryCount(
                    labels: labels, bad: sli.counted == .bad ? part : total - part, total: total)
            }
            return .query(groups)
        } catch {
            return .queryFailed(String(error.description.prefix(Self.reasonMax)))
        }
    }

    private static let reasonMax = 200

    /// A query's values by group.
    private func sums(
        _ text: String, _ view: QueryView, _ shouldStop: @escaping @Sendable () -> Bool
    ) throws(QueryError) -> [Labels: Double] {
        var options = QueryOptions()
        options.features = view.settings.features
        options.lookback = view.settings.lookback
        options.limits.samplesMax = view.settings.samplesMax
        options.limits.shouldStop = shouldStop
        let query = try Query(parsing: text, options: options)
        var sums: [Labels: Double] = [:]
        switch try query.evaluate(at: time, on: view).value {
        case .scalar(let value): Self.add(value, .empty, &sums)
        case .vector(let list):
            for sample in list where sample.histogram == nil {
                Self.add(sample.value, sample.labels.keeping(by), &sums)
            }
        case .string, .matrix: throw .execution("no vector or scalar")
        }
        return sums
    }

    private static func add(_ value: Double, _ labels: Labels, _ sums: inout [Labels: Double]) {
        guard value.isFinite, value >= 0 else { return }
        sums[labels, default: 0] += value
    }

    /// What is wrong with the queries of definitions.
    static func findings(_ definitions: [SLODefinition], _ settings: QuerySettings) -> [Diagnostic]
    {
        var options = QueryOptions()
        options.features = settings.features
        var found: [Diagnostic] = []
        for definition in definitions {
            guard case .query(let sli) = definition.sli else { continue }
            let word = sli.counted == .bad ? "bad" : "good"
            for (key, text) in [(word, sli.query), ("total", sli.total)] {
                do throws(QueryError) {
                    let query = try Query(parsing: text, options: options)
                    let type = query.expression.type
                    guard type != .vector && type != .scalar else { continue }
                    found.append(
                        .error(
                            at: definition.position, "\"\(key)\" gives no vector or scalar",
                            expected: "a number of events for each group"))
                } catch {
                    found.append(
                        .error(
                            at: definition.position, "\"\(key)\" is no query: \(error.description)",
                            expected: "PromQL"))
                }
            }
        }
        return found
    }
}

/// The events of one group in one interval.
public struct QueryCount: Hashable, Sendable {
    public var labels: Labels
    public var bad: Double
    public var total: Double
}

extension QueryCount: Archivable {
    /// To read into.
    public static let blank = QueryCount(labels: .empty, bad: 0, total: 0)

    /// Labels, bad, total.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&labels)
        archive.field(&bad)
        archive.field(&total)
    }
}
