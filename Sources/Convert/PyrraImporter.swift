import Model
import Query
import SLO
import Text

/// Reads Pyrra's `ServiceLevelObjective`, as a resource or a plain file.
struct PyrraImporter {
    private let root: YAMLNode
    private let spec: YAMLNode
    private var warnings: [Diagnostic] = []

    /// Reads one document.
    static func read(_ document: YAMLNode) -> Imported {
        var result = Imported()
        var importer = PyrraImporter(root: document, spec: document["spec"] ?? document)
        do throws(Diagnostic) {
            result.slos = [try importer.slo()]
        } catch {
            result.refusals = [error]
        }
        result.warnings = importer.warnings
        return result
    }

    private init(root: YAMLNode, spec: YAMLNode) {
        self.root = root
        self.spec = spec
    }

    private mutating func slo() throws(Diagnostic) -> NativeSLO {
        let metadata = root["metadata"]
        guard let name = metadata?["name"]?.asString, !name.isEmpty else {
            throw .error(
                at: root.place("metadata"), "this SLO has no name", expected: "metadata.name")
        }
        guard let written = spec["target"]?.asString,
            let objective = Objective(percent: plainPercent(written))
        else {
            throw .error(
                at: spec.place("target"), "the target of \(name) is no percentage",
                expected: "one above 0 and below 100, such as \"99.9\"")
        }
        guard let text = spec["window"]?.asString, let window = parseDuration(text),
            window > .zero
        else {
            throw .error(
                at: spec.place("window"), "the window of \(name) is no duration",
                expected: "a duration such as 4w")
        }
        guard let indicator = spec["indicator"] else {
            throw .error(at: spec.position, "\(name) has no indicator", expected: "\"indicator\"")
        }
        let shape = try read(indicator, name)
        var slo = NativeSLO(
            service: metadata?["namespace"]?.asString ?? "default", name: name,
            objective: plainPercent(written), period: .rolling(window), by: shape.by,
            sli: shape.sli, description: spec["description"]?.asString, position: root.position)
        slo.differences = shape.differences
        if metadata?["namespace"] == nil {
            slo.differences.append(
                Difference(.notes, "no namespace to name the service by: it is \"default\""))
        }
        alerting(metadata, &slo)
        PyrraDifferences(objective, window, spec["alerting"]).add(to: &slo)
        return slo
    }

    // MARK: Indicator

    private mutating func read(
        _ indicator: YAMLNode, _ name: String
    ) throws(Diagnostic) -> RatioShape {
        if let node = indicator["ratio"] { return try ratio(node) }
        if let node = indicator["latency"] { return try latency(node) }
        if let node = indicator["latencyNative"] { return try native(node) }
        if let node = indicator["bool_gauge"] {
            let selector = try selector(node)
            return RatioShape(
                sli: .threshold(metric: selector.notation, op: "atLeast", value: "1"),
                by: grouping(node), isUnguarded: false,
                differences: [
                    Difference(
                        .sli,
                        "Pyrra counts the samples of the gauge, here each minute counts once and "
                            + "is bad when the gauge was below 1 in it")
                ])
        }
        throw .error(
            at: indicator.position, "the indicator of \(name) has no known kind",
            expected: "ratio, latency, latencyNative or bool_gauge")
    }

    private func ratio(_ node: YAMLNode) throws(Diagnostic) -> RatioShape {
        let errors = try part(node, "errors")
        let total = try part(node, "total")
        guard errors != total else {
            throw .error(
                at: node.place("errors"), "errors and total select the same series",
                expected: "errors that are a part of the total")
        }
        return RatioShape(
            sli: .events(counted: "bad", selector: errors.notation, total: total.notation),
            by: grouping(node), isUnguarded: true)
    }

    private mutating func latency(_ node: YAMLNode) throws(Diagnostic) -> RatioShape {
        let success = try part(node, "success")
        let total = try part(node, "total")
        guard success.bound != nil else {
            throw .error(
                at: node["success"]?.place("metric") ?? node.position,
                "the success selector has no single bucket", expected: "le=\"0.5\" or the like")
        }
        let sli = success.latency(of: total)
        if success.dropping("le").matchers != total.matchers {
            warnings.append(
                .warning(
                    at: node["success"]?.place("metric") ?? node.position,
                    "success and total select by other labels",
                    hint: "what total selects and success does not, counts as bad"))
        }
        return RatioShape(
            sli: sli
                ?? .events(counted: "good", selector: success.notation, total: total.notation),
            by: grouping(node), isUnguarded: false)
    }

    private func native(_ node: YAMLNode) throws(Diagnostic) -> RatioShape {
        let total = try part(node, "total")
        guard let text = node["latency"]?.asString, let below = parseDuration(text), below > .zero
        else {
            throw .error(
                at: node.place("latency"), "the latency is no duration",
                expected: "a duration such as 200ms")
        }
        return RatioShape(
            sli: .latency(histogram: total.notation, total: nil, below: below.description),
            by: grouping(node), isUnguarded: false,
            differences: [
                Difference(
                    .sli,
                    "Pyrra interpolates within the native bucket around \(below); see what "
                        + "`pitot check` says of the bucket bounds here")
            ])
    }

    private func part(_ node: YAMLNode, _ key: String) throws(Diagnostic) -> CounterSelector {
        guard let part = node[key] else {
            throw .error(
                at: node.position, "the indicator has no \(key)", expected: "\(key).metric")
        }
        return try selector(part)
    }

    private func selector(_ node: YAMLNode) throws(Diagnostic) -> CounterSelector {
        guard let metric = node["metric"], let text = metric.asString else {
            throw .error(at: node.position, "no metric here", expected: "a selector")
        }
        return CounterSelector(try Selector.parse(text, at: metric.textPosition))
    }

    private func grouping(_ node: YAMLNode) -> [String] {
        node["grouping"]?.elements.compactMap(\.asString) ?? []
    }

    // MARK: Alerts

    private func alerting(_ metadata: YAMLNode?, _ slo: inout NativeSLO) {
        let alerting = spec["alerting"]
        let isOff =
            alerting?["disabled"]?.asBool == true || alerting?["burnrates"]?.asBool == false
        let prefix = "pyrra.dev/"
        let own = { (key: String) in
            (metadata?[key]?.textPairs ?? []).filter { $0.name.hasPrefix(prefix) }
                .map { TextPair(name: String($0.name.dropFirst(prefix.count)), value: $0.value) }
        }
        let severities = alerting?["severities"]
        let names: [NativeTier.Name: (String, String)] = [
            .page: ("fastBurn", "critical"), .ticket: ("slowBurn", "warning"),
        ]
        for index in slo.tiers.indices {
            slo.tiers[index].isEnabled = !isOff
            guard !isOff, let (key, standard) = names[slo.tiers[index].name] else { continue }
            let severity = severities?[key]?.asString ?? standard
            slo.tiers[index].labels = AlertNames.labels(
                own("labels").merging([TextPair(name: "severity", value: severity)]),
                alertName: alerting?["name"]?.asString ?? "ErrorBudgetBurn")
            slo.tiers[index].annotations = AlertNames.annotations(
                own("annotations"), &slo.differences)
        }
    }
}
