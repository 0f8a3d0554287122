public import Model

/// What one evaluation of one rule gave.
public struct RuleResult: Sendable {
    /// What to store; the stale markers of series that ended come last. Empty on an error.
    public var samples: [RuleSample]
    /// What the rule is to be given the next time.
    public var memory: RuleMemory
    /// How long it took, by the caller's clock.
    public var nanoseconds: Int64
}

extension RuleGroup {
    /// Evaluates the rules one after the other as of one time; each sees what those before it
    /// made. `memories` are those of the last time, one a rule; without them all rules are new.
    /// Pure: `nanoseconds` is read before and after each rule and affects nothing else.
    public func evaluate(
        at time: Timestamp, on source: any SampleSource, in context: RuleContext,
        _ memories: [RuleMemory], nanoseconds: () -> Int64 = { 0 }
    ) -> [RuleResult] {
        var overlay = RuleOverlay(on: source)
        var results: [RuleResult] = []
        results.reserveCapacity(rules.count)
        var before = nanoseconds()
        for (index, rule) in rules.enumerated() {
            var memory = index < memories.count ? memories[index] : RuleMemory()
            let samples = rule.evaluate(
                at: time, offset: queryOffset ?? .zero, limit: limit, on: overlay, in: context,
                &memory)
            if index + 1 < rules.count { overlay.add(samples) }
            let after = nanoseconds()
            results.append(
                RuleResult(samples: samples, memory: memory, nanoseconds: after - before))
            before = after
        }
        return results
    }
}
