internal import Model
internal import Text

// Alertmanager's inhibition (inhibit/inhibit.go): while an alert that matches a rule's source
// fires, alerts that match its target and have the same values of the `equal` labels are not told.
// An alert that matches both sides is not inhibited by one that does too. It is looked at when a
// group is flushed, so nothing is forgotten: what still fires when the source ends is told then.

/// The rules, compiled once per configuration.
struct Inhibitor: Sendable {
    private struct Rule: Sendable {
        let settings: InhibitRule
        let source: Selector?
        let target: Selector?
    }

    private let rules: [Rule]

    init(_ settings: [InhibitRule]) {
        // A configuration whose expressions do not compile was refused when it was read.
        rules = settings.map { rule in
            Rule(
                settings: rule,
                source: rule.source.isEmpty ? nil : try? Selector(rule.source),
                target: rule.target.isEmpty ? nil : try? Selector(rule.target))
        }
    }

    var isEmpty: Bool { rules.isEmpty }

    /// What the alerts that fire now inhibit. O(rules * alerts).
    func inhibition(of firing: [Labels]) -> Inhibition {
        var inhibition = Inhibition()
        for rule in rules {
            var sources = Inhibition.Sources(rule: rule.settings)
            for labels in firing where rule.source?.matches(labels) ?? true {
                let isBoth = rule.target?.matches(labels) ?? true
                sources.add(labels, isBoth: isBoth)
            }
            if !sources.isEmpty { inhibition.add(sources, rule.source, rule.target) }
        }
        return inhibition
    }
}

/// What is inhibited at one moment.
struct Inhibition: Sendable {
    /// The alerts of one rule's source side, by the values of its `equal` labels.
    struct Sources: Sendable {
        fileprivate let rule: InhibitRule
        /// Of each value the smallest that matches the source only, else the smallest of all.
        private var smallest: [Labels: (labels: Labels, isBoth: Bool)] = [:]

        init(rule: InhibitRule) { self.rule = rule }

        var isEmpty: Bool { smallest.isEmpty }

        mutating func add(_ labels: Labels, isBoth: Bool) {
            let key = rule.equal.key(of: labels)
            if let known = smallest[key] {
                let isBetter = known.isBoth == isBoth ? labels < known.labels : known.isBoth
                guard isBetter else { return }
            }
            smallest[key] = (labels, isBoth)
        }

        /// The alert that inhibits another, if one does.
        fileprivate func source(of labels: Labels, isBoth: Bool) -> Labels? {
            guard let found = smallest[rule.equal.key(of: labels)] else { return nil }
            return found.isBoth && isBoth ? nil : found.labels
        }
    }

    private var rules: [(sources: Sources, source: Selector?, target: Selector?)] = []

    fileprivate mutating func add(_ sources: Sources, _ source: Selector?, _ target: Selector?) {
        rules.append((sources, source, target))
    }

    /// Whether an alert is kept from its receivers.
    func inhibits(_ labels: Labels) -> Bool { source(of: labels) != nil }

    /// The alert that keeps another from its receivers, by the first rule that does.
    func source(of labels: Labels) -> Labels? {
        for rule in rules where rule.target?.matches(labels) ?? true {
            let isBoth = rule.source?.matches(labels) ?? true
            if let found = rule.sources.source(of: labels, isBoth: isBoth) { return found }
        }
        return nil
    }
}

extension InhibitRule.Equality {
    fileprivate func key(of labels: Labels) -> Labels {
        switch self {
        case .of(let names): labels.keeping(names)
        case .allBut(let names):
            Labels(labels.pairs.filter { !names.contains($0.name) }.map { ($0.name, $0.value) })
        }
    }
}
