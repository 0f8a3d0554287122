import Model
import Query
import Text

/// Reads what an OpenSLO objective measures.
struct OpenSLOIndicator {
    private let object: OpenSLOObject
    private let objective: YAMLNode
    private var differences: [Difference] = []

    init(_ object: OpenSLOObject, _ objective: YAMLNode) {
        self.object = object
        self.objective = objective
    }

    mutating func read(_ catalog: inout OpenSLOCatalog) throws(Diagnostic) -> RatioShape {
        let spec = try indicator(&catalog)
        var shape: RatioShape
        if let ratio = objective["ratioMetrics"] ?? spec.first("ratioMetric") {
            shape = try self.ratio(ratio, &catalog)
            noteSlices(of: "the good events")
        } else if let threshold = spec["thresholdMetric"] {
            shape = try self.threshold(threshold, &catalog)
        } else {
            throw .error(
                at: spec.position, "the indicator measures nothing",
                expected: "ratioMetric or thresholdMetric")
        }
        shape.differences = differences + shape.differences
        return shape
    }

    private func indicator(_ catalog: inout OpenSLOCatalog) throws(Diagnostic) -> YAMLNode {
        let spec = object.spec
        // A composite's objectives have their own; else it is the SLO's.
        for node in [objective, spec] {
            if let reference = node.first("indicatorRef", "sliRef") {
                return try catalog.find("SLI", named: reference, from: object.file).spec
            }
            if let indicator = node.first("indicator", "sli") {
                return indicator["spec"] ?? indicator
            }
        }
        if objective["ratioMetrics"] != nil { return objective }
        throw .error(
            at: spec.position, "\(object.name) has no indicator",
            expected: "\"indicator\" or \"indicatorRef\"")
    }

    // MARK: Ratio

    private mutating func ratio(
        _ ratio: YAMLNode, _ catalog: inout OpenSLOCatalog
    ) throws(Diagnostic) -> RatioShape {
        if let raw = ratio["raw"] {
            let query = try WindowedQuery(try source(raw, &catalog))
            let isSuccess = ratio["rawType"]?.asString != "failure"
            return try RatioReading.ratio(query, isErrorRatio: !isSuccess, over: window([query]))
        }
        guard let total = ratio["total"] else {
            throw .error(at: ratio.position, "a ratio without \"total\"", expected: "\"total\"")
        }
        guard let counted = ratio.first("bad", "good") else {
            throw .error(
                at: ratio.position, "a ratio without \"good\" or \"bad\"",
                expected: "one of them beside \"total\"")
        }
        let first = try WindowedQuery(try source(counted, &catalog))
        let second = try WindowedQuery(try source(total, &catalog))
        let window = window([first, second])
        if window == nil, ratio.first("counter", "incremental")?.asBool == false {
            throw .error(
                at: ratio.place("counter", "incremental"),
                "counter is false: these are no counters, and no window says over what they count",
                expected: "counters, or queries over [{{.window}}]")
        }
        return try RatioReading.counts(
            first, isBad: ratio["bad"] != nil, total: second, over: window)
    }

    /// What the queries' ranges are: the template's, else the one that all of them have; nil when
    /// there are none.
    private mutating func window(_ queries: [WindowedQuery]) -> TimeSpan? {
        if queries.contains(where: \.hasWindow) { return WindowedQuery.openWindow }
        let ranges = queries.flatMap { $0.expression.ranges }
        guard let first = ranges.first, ranges.allSatisfy({ $0 == first }) else { return nil }
        differences.append(
            Difference(
                .sli, "the range [\(first)] of the queries goes: increases are counted as they come"
            ))
        return first
    }

    // MARK: Threshold

    private mutating func threshold(
        _ metric: YAMLNode, _ catalog: inout OpenSLOCatalog
    ) throws(Diagnostic) -> RatioShape {
        let query = try WindowedQuery(try source(metric, &catalog))
        guard let value = objective["value"], let number = value.asDouble else {
            throw .error(
                at: objective.place("value"), "a threshold without a value",
                expected: "\"op\" and \"value\"")
        }
        let conditions = ["lt": "below", "lte": "atMost", "gt": "above", "gte": "atLeast"]
        let op = objective["op"]?.asString ?? ""
        guard let condition = conditions[op] else {
            throw .error(
                at: objective.place("op"), "\"\(op)\" compares nothing",
                expected: "one of lt, lte, gt, gte")
        }
        noteSlices(of: "the samples")
        differences.append(
            Difference(
                .sli, "each minute counts once here, and is bad when one sample in it was bad"))
        let by = Grouping.of(query.expression)
        if case .vector(let vector) = query.expression.unwrapped, vector.offset == nil,
            vector.at == nil
        {
            let metric = CounterSelector(vector.selector).notation
            return RatioShape(
                sli: .threshold(metric: metric, op: condition, value: plainNumber(number)), by: by,
                isUnguarded: false)
        }
        let opposite = ["lt": ">=", "lte": ">", "gt": "<=", "gte": "<"][op] ?? ">"
        return RatioShape(
            sli: .query(
                bad: "(\(query.inOurNotation)) \(opposite) bool \(plainNumber(number))",
                total: "(\(query.inOurNotation)) * 0 + 1"),
            by: by, isUnguarded: false)
    }

    private mutating func noteSlices(of what: String) {
        let slice = objective["timeSliceWindow"]?.asString.map { text in
            text.last?.isNumber == true ? text + "m" : text
        }
        let target = objective["timeSliceTarget"]?.asString.flatMap(percent(ofRatio:))
        switch object.spec["budgetingMethod"]?.asString {
        case "Timeslices":
            differences.append(
                Difference(
                    .budget,
                    "OpenSLO counts slices of \(slice ?? "1m") with at least "
                        + "\(target ?? "?") % of \(what) good; here \(what) are counted, and a "
                        + "slice just below its target costs what it lacks, not all of it"))
        case "RatioTimeslices":
            differences.append(
                Difference(
                    .budget,
                    "OpenSLO takes the mean of the ratios of \(slice ?? "1m") slices; here each "
                        + "event counts the same, whenever it comes"))
        default: break
        }
    }

    // MARK: Sources

    private func source(
        _ metric: YAMLNode, _ catalog: inout OpenSLOCatalog
    ) throws(Diagnostic) -> YAMLNode {
        let source = metric["metricSource"] ?? metric
        let given = source.first("type", "source") ?? source["dataSourceSpec"]?["type"]
        var type = given?.asString
        if let reference = source.first("metricSourceRef", "dataSourceRef"), type == nil {
            type =
                catalog.lookUp("DataSource", named: reference, from: object.file)?
                .spec["type"]?.asString
        }
        let known = ["prometheus", "thanos", "mimir", "cortex", "promql"]
        if let type, !known.contains(type.lowercased()) {
            throw .error(
                at: given?.position ?? source.position, "the metric source is \(type)",
                expected: "Prometheus: Pitot counts what Prometheus sends it")
        }
        let spec = source["spec"] ?? source
        guard let query = spec["query"] else {
            throw .error(
                at: spec.position, "the metric source has no query", expected: "\"query\"")
        }
        return query
    }
}

/// A number as a person writes it.
func plainNumber(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    return value.description
}
