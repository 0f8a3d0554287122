public import Model
public import Text

// What is wrong, or looks wrong, across definitions that are each well formed. What only series can
// show - the buckets of a histogram, series that never came - is said by `Ledger.remarks`.

/// Findings about SLO definitions.
public enum SLOLint {
    /// Everything that can be said without series; errors are definitions that cannot work.
    /// O(definitions).
    public static func findings(_ definitions: [SLODefinition]) -> [Diagnostic] {
        var found: [Diagnostic] = []
        for definition in definitions {
            found += silentPairs(definition)
            if case .probe(let sli) = definition.sli {
                found += narrowWindows(definition, interval: sli.interval).map {
                    .warning(at: definition.position, $0)
                }
            }
            found += events(definition)
            found += groupLabels(definition)
        }
        found += overlaps(definitions)
        found += composites(definitions)
        return found.sorted()
    }

    /// Pairs with a window that two samples do not fit into.
    public static func narrowWindows(
        _ definition: SLODefinition, interval: TimeSpan
    ) -> [String] {
        let narrow = definition.alerts.pairs.filter { $0.short < interval * 2 }
        return narrow.map { pair in
            "the \(pair.severity.rawValue) alert over \(pair.long) looks at \(pair.short), which "
                + "is less than two intervals of \(interval): it may find no event there"
        }
    }

    // MARK: One definition

    /// A pair fires when the burn is above its factor, and no burn is above one over the budget.
    private static func silentPairs(_ definition: SLODefinition) -> [Diagnostic] {
        let most = 1 / definition.objective.budgetRatio
        return definition.alerts.pairs.filter { $0.factor >= most }.map { pair in
            .warning(
                at: definition.position,
                "the \(pair.severity.rawValue) alert over \(pair.long) above "
                    + "\(decimal(pair.factor, 2)) can never fire: with an objective of "
                    + "\(decimal(definition.objective.ratio * 100, 3)) % a total outage burns at "
                    + decimal(most, 2),
                hint: "a higher objective, or switch the tier off")
        }
    }

    private static func events(_ definition: SLODefinition) -> [Diagnostic] {
        guard case .events(let sli) = definition.sli else { return [] }
        let word = sli.counted == .bad ? "bad" : "good"
        var found: [Diagnostic] = []
        let split = definition.by.filter { label in
            sli.selector.matchers.contains { $0.name == label }
                && !sli.total.matchers.contains { $0.name == label }
        }
        for label in split {
            found.append(
                .warning(
                    at: definition.position,
                    "\"by\" has \"\(label)\", by which \"\(word)\" is told from \"total\": each "
                        + "group is wholly good or wholly bad",
                    hint: "leave it out of \"by\""))
        }
        guard let name = sli.total.metricName, name == sli.selector.metricName else {
            return found
        }
        for matcher in sli.total.matchers where !sli.selector.implies(matcher) {
            found.append(
                .warning(
                    at: definition.position,
                    "\"\(word)\" is no part of \"total\": it lacks \(matcher)",
                    expected: "the matchers of \"total\" and more",
                    hint: "events outside the total make errors above 100 %"))
        }
        return found
    }

    private static func groupLabels(_ definition: SLODefinition) -> [Diagnostic] {
        var found: [Diagnostic] = []
        if case .latency = definition.sli, definition.by.contains("le") {
            found.append(
                .error(
                    at: definition.position, "\"by\" has \"le\", the label of buckets",
                    expected: "labels that all buckets of a histogram share"))
        }
        if case .probe = definition.sli, !definition.by.isEmpty {
            found.append(
                .error(
                    at: definition.position, "\"by\" beside a probe, which has no labels",
                    expected: "no \"by\""))
        }
        for label in definition.by {
            let isEmpty = definition.sli.selectors.contains { selector in
                selector.matchers.contains { $0 == Matcher(label, .equal, "") }
            }
            guard isEmpty else { continue }
            found.append(
                .warning(
                    at: definition.position,
                    "\"by\" has \"\(label)\", which a selector wants to be absent"))
        }
        return found
    }

    // MARK: Several

    private static func overlaps(_ definitions: [SLODefinition]) -> [Diagnostic] {
        struct Counted: Hashable {
            let sli: SLI
            let by: [String]
        }
        var first: [Counted: SLODefinition] = [:]
        var found: [Diagnostic] = []
        for definition in definitions {
            let counted = Counted(sli: definition.sli, by: definition.by.sorted())
            guard let other = first[counted] else {
                first[counted] = definition
                continue
            }
            guard other.key != definition.key else { continue }
            found.append(
                .warning(
                    at: definition.position,
                    "\(definition.key) counts the same events as \(other.key)",
                    hint: "the other is at \(other.position); one incident alerts twice"))
        }
        return found
    }

    private static func composites(_ definitions: [SLODefinition]) -> [Diagnostic] {
        var byKey: [String: SLODefinition] = [:]
        for definition in definitions { byKey[definition.key] = definition }
        var found: [Diagnostic] = []
        for definition in definitions {
            guard case .composite(let sli) = definition.sli else { continue }
            for member in sli.members {
                guard let other = byKey[member.key] else {
                    let meant = suggestion(for: member.key, among: byKey.keys.sorted())
                    found.append(
                        .error(
                            at: definition.position, "there is no SLO \(member.key)",
                            expected: "service/name of another SLO",
                            hint: meant.map { "did you mean \"\($0)\"?" }))
                    continue
                }
                for label in definition.by where !other.by.contains(label) {
                    found.append(
                        .error(
                            at: definition.position,
                            "\"by\" has \"\(label)\", which \(member.key) is not split by",
                            expected: "labels that every member has in its \"by\""))
                }
            }
            if let cycle = cycle(from: definition, byKey) {
                found.append(
                    .error(
                        at: definition.position,
                        "the composite is a member of itself: "
                            + cycle.joined(separator: " -> ")))
            }
        }
        return found
    }

    /// The way from a definition back to it, if there is one. Each SLO is looked at once.
    private static func cycle(
        from start: SLODefinition, _ byKey: [String: SLODefinition]
    ) -> [String]? {
        var seen: Set<String> = []
        var ways = [[start.key]]
        while let way = ways.popLast() {
            guard let last = way.last, let definition = byKey[last],
                case .composite(let sli) = definition.sli
            else { continue }
            for member in sli.members {
                if member.key == start.key { return way + [member.key] }
                if seen.insert(member.key).inserted { ways.append(way + [member.key]) }
            }
        }
        return nil
    }
}

extension SLODefinition {
    /// "service/name".
    public var key: String { service + "/" + name }
}

extension Selector {
    /// Whether every series that this selects satisfies a matcher, as far as can be told.
    fileprivate func implies(_ wanted: Matcher) -> Bool {
        if matchers.contains(wanted) { return true }
        let own = matchers.filter { $0.name == wanted.name }
        guard let fixed = own.first(where: { $0.op == .equal }), let one = try? Selector([wanted])
        // Whether one expression lies within another is not decided here: no claim is made.
        else { return !own.isEmpty }
        return one.matches(Labels([(fixed.name, fixed.value)]))
    }
}
