import Model
import SLO
import Text

/// Reads the alert policies of an OpenSLO SLO. One condition has one window, so that what they say
/// is a wish rather than a rule: it decides which tiers are on, and is told beside ours.
struct OpenSLOAlerts {
    private let object: OpenSLOObject
    private(set) var differences: [Difference] = []
    private(set) var warnings: [Diagnostic] = []
    private var conditions: [NativeTier.Name: [String]] = [:]
    private var pairs: [PeerPair] = []

    init(_ object: OpenSLOObject) {
        self.object = object
    }

    mutating func read(_ catalog: inout OpenSLOCatalog) throws(Diagnostic) -> [NativeTier] {
        var tiers = [NativeTier(.page), NativeTier(.ticket)]
        let policies = object.spec["alertPolicies"]?.elements ?? []
        for node in policies { try policy(node, &catalog) }
        for index in tiers.indices {
            let name = tiers[index].name
            tiers[index].labels = labels()
            guard !policies.isEmpty else { continue }
            if let found = conditions[name] {
                differences.append(
                    Difference(
                        .pairs,
                        "\(name.rawValue): OpenSLO wants \(found.joined(separator: ", ")); here a "
                            + "short window of a twelfth, at least 5m, must burn too"))
                tiers[index].pairs = pairs.filter { $0.severity.rawValue == name.rawValue }
            } else {
                tiers[index].isEnabled = false
            }
        }
        if policies.isEmpty {
            differences.append(
                Difference(.pairs, "no alert policy there; here pages and tickets are on"))
        }
        return tiers
    }

    private mutating func policy(
        _ node: YAMLNode, _ catalog: inout OpenSLOCatalog
    ) throws(Diagnostic) {
        var spec = node["spec"]
        if let reference = node["alertPolicyRef"] {
            spec = try catalog.find("AlertPolicy", named: reference, from: object.file).spec
        }
        guard let spec else {
            throw .error(
                at: node.position, "this alert policy is empty",
                expected: "\"alertPolicyRef\" or a policy with a spec")
        }
        let file = spec.position.file
        for condition in spec["conditions"]?.elements ?? [] {
            var found = condition["spec"]
            if let reference = condition["conditionRef"] {
                found = try catalog.find("AlertCondition", named: reference, from: file).spec
            }
            if let found { try self.condition(found) }
        }
        for target in spec["notificationTargets"]?.elements ?? [] {
            var name = target["metadata"]?["name"]?.asString
            if let reference = target["targetRef"] {
                name = reference.asString
                if catalog.lookUp("AlertNotificationTarget", named: reference, from: file) == nil {
                    warnings.append(
                        .warning(
                            at: reference.position,
                            "there is no AlertNotificationTarget named \"\(name ?? "")\""))
                }
            }
            add(
                Difference(
                    .labels,
                    "who is notified (\(name ?? "?")) is not part of an SLO here: see receivers in "
                        + "pitot.yaml"), to: &differences)
        }
    }

    private mutating func condition(_ spec: YAMLNode) throws(Diagnostic) {
        let condition = spec["condition"] ?? spec
        let severity = spec["severity"]?.asString ?? ""
        let isPage = ["page", "critical", "high", "sev1", "p1"].contains(severity.lowercased())
        var window = condition["lookbackWindow"]?.asString ?? ""
        if window.hasPrefix("-") { window.removeFirst() }
        let minutes = (parseDuration(window)?.millis ?? 0) / 60_000
        guard let factor = condition["threshold"]?.asDouble, factor > 0, minutes > 5 else {
            throw .error(
                at: condition.position, "this condition has no burn rate and window",
                expected: "a threshold above 0 and a lookbackWindow above 5m")
        }
        let threshold = plainNumber(factor)
        let pair = PeerPair(
            severity: isPage ? .page : .ticket, long: .minutes(minutes),
            short: .minutes(max(5, minutes / 12)), factor: factor)
        if !pairs.contains(where: { $0.severity == pair.severity && $0.long == pair.long }) {
            pairs.append(pair)
        }
        let op = condition["op"]?.asString ?? "gt"
        if op == "lt" || op == "lte" {
            warnings.append(
                .warning(
                    at: condition.place("op"),
                    "the condition fires when the burn rate is low (\(op) \(threshold))",
                    hint: "taken the other way round; write gt or gte"))
        }
        let after = condition["alertAfter"]?.asString.map { " for \($0)" } ?? ""
        conditions[isPage ? .page : .ticket, default: []].append(
            "burn above \(threshold) over \(window)\(after) (\(severity))")
    }

    /// Labels of the SLO that can be labels of an alert; a list is one text.
    private func labels() -> [TextPair] {
        guard case .mapping(let pairs)? = object.node["metadata"]?["labels"]?.content else {
            return []
        }
        let found = pairs.compactMap { pair -> TextPair? in
            guard case .scalar(let name, _) = pair.key.content, isPlainName(name) else {
                return nil
            }
            let texts =
                pair.value.asString.map { [$0] } ?? pair.value.elements.compactMap(\.asString)
            let value = texts.joined(separator: ",")
            return value.isEmpty ? nil : TextPair(name: name, value: value)
        }
        return AlertNames.labels(found, alertName: nil)
    }
}
