internal import Model
internal import Text

// What only a running agent knows: which metrics there are, and which bounds their histograms have.
// And what the expression alone tells of labels that templates name.

extension RuleLook {
    mutating func checkCatalog() {
        guard let catalog = lint.settings.catalog else { return }
        var selectors: [VectorSelector] = []
        rule.query.expression.walk { expression, parents in
            let isAbsent = parents.contains {
                guard case .call(let call) = $0 else { return false }
                return call.function == .absent || call.function == .absentOverTime
            }
            if !isAbsent, case .vector(let node) = expression { selectors.append(node) }
        }
        for node in selectors {
            guard let name = node.selector.metricName, lint.recorded[name] == nil,
                name != "ALERTS", name != "ALERTS_FOR_STATE"
            else { continue }
            guard catalog.names.contains(name) else {
                let meant = suggestion(for: name, among: catalog.names.sorted())
                add(
                    .unknownMetric, node.range, "the agent has no metric \(name)",
                    meant.map { "did you mean \($0)?" }
                        ?? "write its name as it is exposed, or send it to the agent")
                continue
            }
            checkBound(node, name, catalog)
        }
    }

    private mutating func checkBound(
        _ node: VectorSelector, _ name: String, _ catalog: RuleCatalog
    ) {
        guard let known = catalog.bounds[name], !known.isEmpty else { return }
        let bounds = known.compactMap(parseGoNumber).sorted()
        for matcher in node.selector.matchers where matcher.name == "le" && matcher.op == .equal {
            guard let wanted = parseGoNumber(matcher.value) else { continue }
            if known.contains(matcher.value) { continue }
            if let same = known.first(where: { parseGoNumber($0) == wanted }) {
                add(
                    .unknownBound, node.range,
                    "le=\"\(matcher.value)\" matches nothing: the bound is written \"\(same)\"",
                    "write le=\"\(same)\"")
                continue
            }
            let below = bounds.last { $0 < wanted }.map(goNumber)
            let above = bounds.first { $0 > wanted }.map(goNumber)
            let near = [below, above].compactMap { $0 }.joined(separator: " and ")
            add(
                .unknownBound, node.range,
                "\(name) has no bucket le=\"\(matcher.value)\"", "its neighbours are \(near)")
        }
    }

    // MARK: Templates

    /// `$labels.x` of a label that the expression takes away is always empty.
    mutating func checkTemplates() {
        guard case .alert = rule.kind else { return }
        let given = Set(rule.labels.map(\.name))
        var told: Set<String> = []
        let texts = rule.labels.map(\.value) + rule.annotations.map(\.value)
        for text in texts {
            for name in Self.labelsNamed(in: text) where told.insert(name).inserted {
                guard name != "alertname",
                    let loss = loss(of: name, in: rule.query.expression)
                else { continue }
                let hint = given.contains(name) ? " (labels of the rule are not in $labels)" : ""
                add(
                    .missingLabel, loss.range,
                    "a template reads $labels.\(name), which \(loss.what) takes away\(hint)",
                    "write \(loss.fix), or leave it out of the template")
            }
        }
    }

    /// The names behind `$labels.` and `.Labels.` in a template's actions, `range` and `with` left
    /// out: within them `.Labels` is another's.
    static func labelsNamed(in text: String) -> [String] {
        var names: [String] = []
        for action in text.split(separator: "{{", omittingEmptySubsequences: false).dropFirst() {
            let inside = action.split(separator: "}}", omittingEmptySubsequences: false)[0]
            var rest = inside
            while let place = rest.firstRange(of: "$labels.") {
                rest = rest[place.upperBound...]
                let name = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
                if !name.isEmpty { names.append(String(name)) }
            }
        }
        return names
    }
}
