import Model
import Text

// The kinds whose events are minutes.

extension SLIKindReader {
    mutating func readFreshness() -> FreshnessSLI? {
        var fields = FieldReader(node, of: "freshness")
        let dataset = readDataset(&fields)
        if dataset == nil { _ = fields.node("timestamp") }
        let timestamp = selector(&fields, "timestamp") ?? dataset
        let within = fields.optionalDuration("within")
        if fields.node("within") != nil, let within, within <= .zero {
            fields.fail(
                at: fields.position(of: "within"), "\"within\" is not positive",
                expected: "a duration such as 1h")
        }
        let unit = fields.optionalString("unit")
        let scales = ["seconds": 1.0, "milliseconds": 1000]
        if let unit, scales[unit] == nil {
            fields.fail(
                at: fields.position(of: "unit"), "unknown unit \"\(unit)\"",
                expected: "seconds or milliseconds since 1970")
        }
        let rule = rule(&fields, isLowGood: nil)
        diagnostics += fields.finish()
        guard let timestamp, let within,
            !diagnostics.contains(where: { $0.severity == .error })
        else { return nil }
        let name = timestamp.metricName ?? ""
        let isMillis = name.hasSuffix("_milliseconds") || name.hasSuffix("_ms")
        return FreshnessSLI(
            timestamp: timestamp, within: within,
            unitsPerSecond: unit.flatMap { scales[$0] } ?? (isMillis ? 1000 : 1), rule: rule)
    }

    private static let comparisons: [(word: String, ThresholdSLI.Comparison)] = [
        ("below", .below), ("atMost", .atMost), ("above", .above), ("atLeast", .atLeast),
        ("lt", .below), ("lte", .atMost), ("gt", .above), ("gte", .atLeast),
    ]

    mutating func readThreshold() -> ThresholdSLI? {
        var fields = FieldReader(node, of: "threshold")
        _ = fields.node("metric")
        let metric = selector(&fields, "metric")
        let value = fields.number("value")
        let word = fields.string("op")
        let comparison = Self.comparisons.first { $0.word == word }?.1
        if let word, comparison == nil {
            let words = Self.comparisons.map(\.word)
            fields.fail(
                at: fields.position(of: "op"), "unknown op \"\(word)\"",
                expected: "below, atMost, above or atLeast: a good value is ... \"value\"",
                hint: suggestion(for: word, among: words).map { "did you mean \"\($0)\"?" })
        }
        let rule = rule(&fields, isLowGood: comparison.map { $0 == .below || $0 == .atMost })
        diagnostics += fields.finish()
        guard let metric, let value, let comparison,
            !diagnostics.contains(where: { $0.severity == .error })
        else { return nil }
        return ThresholdSLI(metric: metric, comparison: comparison, value: value, rule: rule)
    }

    /// `aggregate`: how several samples of a minute make one state. The largest value is below a
    /// limit when all are, and above one when any is; so every word comes down to all or any.
    private func rule(_ fields: inout FieldReader, isLowGood: Bool?) -> SliceRule {
        guard let word = fields.optionalString("aggregate") else { return .worst }
        switch word {
        case "worst": return .worst
        case "any": return .any
        case "max" where isLowGood != nil: return isLowGood == true ? .worst : .any
        case "min" where isLowGood != nil: return isLowGood == true ? .any : .worst
        // Of times the newest is the largest: one that is fresh will do.
        case "max": return .any
        case "min": return .worst
        default:
            fields.fail(
                at: fields.position(of: "aggregate"), "unknown aggregate \"\(word)\"",
                expected: "worst, any, max or min")
            return .worst
        }
    }

    // MARK: Composite

    static let membersMax = 100

    mutating func readComposite() -> CompositeSLI? {
        var fields = FieldReader(node, of: "composite")
        let nodes = fields.sequence("of")
        if nodes.isEmpty || nodes.count > Self.membersMax {
            fields.fail(
                at: fields.position(of: "of"), "\(nodes.count) members",
                expected: "1 to \(Self.membersMax) SLOs under \"of\"")
        }
        let word = fields.optionalString("mode") ?? "joint"
        let mode: CompositeSLI.Mode? =
            switch word {
            case "joint": .joint
            case "weighted": .weighted
            default: nil
            }
        if mode == nil {
            fields.fail(
                at: fields.position(of: "mode"), "unknown mode \"\(word)\"",
                expected: "joint or weighted")
        }
        var members: [CompositeSLI.Member] = []
        for element in nodes.prefix(Self.membersMax) {
            let (member, found) = readMember(element, isWeighted: mode == .weighted)
            fields.add(found)
            guard let member else { continue }
            if members.contains(where: { $0.key == member.key }) {
                fields.fail(at: element, "\"\(member.key)\" stands twice in \"of\"")
            }
            members.append(member)
        }
        diagnostics += fields.finish()
        guard let mode, !diagnostics.contains(where: { $0.severity == .error }) else { return nil }
        return CompositeSLI(mode: mode, members: members)
    }

    private func readMember(
        _ node: YAMLNode, isWeighted: Bool
    ) -> (CompositeSLI.Member?, [Diagnostic]) {
        var fields = FieldReader(node, of: "member")
        let key = fields.string("slo") ?? ""
        let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if !key.isEmpty && (parts.count != 2 || parts.contains("")) {
            fields.fail(
                at: fields.position(of: "slo"), "\"\(key)\" names no SLO",
                expected: "service/name")
        }
        let weight = fields.optionalNumber("weight")
        if let weight, weight <= 0 || weight > 1e6 {
            fields.fail(
                at: fields.position(of: "weight"), "weight \(decimal(weight, 3)) is out of range",
                expected: "a number above 0")
        } else if weight != nil && !isWeighted {
            fields.fail(
                at: fields.position(of: "weight"), "a weight in a joint composite",
                expected: "mode: weighted, or no weight")
        }
        let found = fields.finish()
        guard found.isEmpty, parts.count == 2 else { return (nil, found) }
        return (CompositeSLI.Member(service: parts[0], name: parts[1], weight: weight ?? 1), found)
    }
}
