public import Model
public import Query

// A round is one evaluation of one group: the core says that it is due, the shell evaluates it on
// a point in time of the store, on a thread of its own, and brings back the outcome as an event.

/// One evaluation of one group of rules, to be carried out. A value; nothing in it changes.
public struct RuleRound: Sendable {
    /// Told again by the outcome.
    public let number: UInt64
    public let group: RuleGroup
    /// The time it is evaluated at: when it was due.
    public let time: Timestamp
    let context: RuleContext
    /// One a rule, parallel to the group's.
    let alerts: [[RuleAlert]]
    /// The series each rule gave the last time.
    let series: [[UInt32]]

    /// Evaluates the group. Pure: `nanoseconds` is read to tell how long it took, `startedAt` is
    /// handed on, and `shouldStop` ends it early, as an error of the rules that are left.
    public func evaluate(
        on view: QueryView, startedAt: Timestamp, nanoseconds: () -> Int64,
        shouldStop: @escaping @Sendable () -> Bool
    ) -> RuleOutcome {
        let before = nanoseconds()
        var context = context
        context.shouldStop = shouldStop
        let memories = zip(alerts, series).map { alerts, series in
            var memory = RuleMemory()
            memory.alerts = alerts
            memory.series = series.compactMap { view.labels(of: $0) }
            return memory
        }
        let results = group.evaluate(
            at: time, on: view.preparing(group.sharedSelectors), in: context, memories,
            nanoseconds: nanoseconds)
        return RuleOutcome(
            number: number, startedAt: startedAt, nanoseconds: nanoseconds() - before,
            results: results)
    }
}

/// What a round gave.
public struct RuleOutcome: Sendable {
    /// The round's.
    public let number: UInt64
    /// On the agent's clock.
    public let startedAt: Timestamp
    /// How long all of it took.
    public let nanoseconds: Int64
    /// One a rule.
    public let results: [RuleResult]
}
