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
        /// Whether one of them matches the source only.
        private var hasPlain: [Labels: Bool] = [:]

        init(rule: InhibitRule) { self.rule = rule }

        var isEmpty: Bool { hasPlain.isEmpty }

        mutating func add(_ labels: Labels, isBoth: Bool) {
            let key = rule.equal.key(of: labels)
            hasPlain[key] = hasPlain[key] ?? false || !isBoth
        }

        fileprivate func inhibits(_ labels: Labels, isBoth: Bool) -> Bool {
            guard let plain = hasPlain[rule.equal.key(of: labels)] else { return false }
            return plain || !isBoth
        }
    }

    private var rules: [(sources: Sources, source: Selector?, target: Selector?)] = []

    fileprivate mutating func add(_ sources: Sources, _ source: Selector?, _ target: Selector?) {
        rules.append((sources, source, target))
    }

    /// Whether an alert is kept from its receivers.
    func inhibits(_ labels: Labels) -> Bool {
        rules.contains { rule in
            guard rule.target?.matches(labels) ?? true else { return false }
            return rule.sources.inhibits(labels, isBoth: rule.source?.matches(labels) ?? true)
        }
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
