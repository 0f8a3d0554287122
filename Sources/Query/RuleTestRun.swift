internal import Model
internal import Text

// promtool's loop: at each `evaluation_interval` from the start, the input up to that time is in
// the database, all groups are evaluated whatever their own interval, and the alerts asked for
// between this time and the next are compared with what fires now. Expressions are evaluated
// after the last round, on what was loaded by then: what lies after it is not there to be seen.

extension RuleTest {
    /// The most rounds of a test.
    public static let roundsMax = 5_000_000

    /// Runs the test on rules as `RuleTestFile.ordered` gives them. An outcome for each
    /// expectation, in the order of the file; a rule that fails ends the test as in promtool, and
    /// what could not be checked counts as failed.
    public func outcomes(
        _ groups: [RuleGroup], in file: RuleTestFile, options: QueryOptions = QueryOptions()
    ) -> [RuleTestOutcome] {
        if let nameless = alerts.first(where: { $0.alert.isEmpty }) {
            return [unchecked(nameless.position, "alert test without alertname", after: 0)]
        }
        guard span.millis / file.evaluationInterval.millis < Self.roundsMax else {
            return [unchecked(position, "more than \(Self.roundsMax) evaluations", after: 0)]
        }
        let input: RuleTestInput
        do throws(RuleTestFault) {
            input = try RuleTestInput(self, round: file.evaluationInterval)
        } catch {
            return [unchecked(error.position, error.what, after: 0)]
        }
        var run = RuleTestRun(self, groups, file, options)
        for series in input.series { run.store.load(series, step: interval, from: start) }
        return run.outcomes(warning: input.ignored)
    }

    /// One outcome for all that was not checked, at least one.
    func unchecked(
        _ position: SourcePosition, _ fault: String, after checked: Int
    ) -> RuleTestOutcome {
        let missed = alerts.count + queries.count - checked
        return RuleTestOutcome(
            at: position, title, "run", fault: fault,
            difference: missed > 0 ? ["\(missed) expectations were not checked"] : [],
            count: max(1, missed))
    }
}

/// A test under way.
private struct RuleTestRun {
    let test: RuleTest
    let groups: [RuleGroup]
    let file: RuleTestFile
    var options: QueryOptions
    var context = RuleContext()
    var store = ScriptStore()
    /// Of each rule of each group.
    var memories: [[RuleMemory]]
    /// By place in the test's list.
    var found: [Int: RuleTestOutcome] = [:]

    init(_ test: RuleTest, _ groups: [RuleGroup], _ file: RuleTestFile, _ options: QueryOptions) {
        self.test = test
        self.file = file
        self.options = options
        self.options.defaultStep = file.evaluationInterval
        context.externalLabels = test.externalLabels
        context.externalURL = test.externalURL
        let step = file.evaluationInterval
        self.groups = groups.map { group in
            var group = group
            for place in group.rules.indices { group.rules[place].query.options.defaultStep = step }
            return group
        }
        memories = groups.map { $0.rules.map { _ in RuleMemory() } }
    }

    mutating func outcomes(warning ignored: SourcePosition?) -> [RuleTestOutcome] {
        let pending = test.alerts.indices.sorted {
            (test.alerts[$0].time.millis, $0) < (test.alerts[$1].time.millis, $1)
        }
        var next = 0
        var since = TimeSpan.zero
        while since <= test.span {
            store.horizon = test.start + since
            if let failure = round(at: test.start + since, since, checked: next) {
                return pending[..<next].sorted().compactMap { found[$0] } + [failure]
            }
            while next < pending.count,
                test.alerts[pending[next]].time < since + file.evaluationInterval
            {
                found[pending[next]] = check(test.alerts[pending[next]], at: test.start + since)
                next += 1
            }
            since = since + file.evaluationInterval
        }
        var list = test.alerts.indices.compactMap { found[$0] }
        list += test.queries.map { $0.outcome(test, file, store, options) }
        guard let ignored, !list.allSatisfy(\.hasPassed) else { return list }
        // It explains what failed; what passed does not need it.
        let note = "note: input series below \(ignored) are not read: a blank line ends the input"
        for place in list.indices where !list[place].hasPassed {
            list[place].difference.append(note)
        }
        return list
    }

    /// Evaluates all groups; what keeps the test from going on.
    private mutating func round(
        at time: Timestamp, _ since: TimeSpan, checked: Int
    ) -> RuleTestOutcome? {
        var failure: RuleTestOutcome?
        for (place, group) in groups.enumerated() {
            for (index, rule) in group.rules.enumerated() {
                let samples = rule.evaluate(
                    at: time, offset: group.queryOffset ?? .zero, limit: group.limit, on: store,
                    in: context, &memories[place][index])
                let refusal = append(samples)
                let error = memories[place][index].lastError ?? refusal
                if failure == nil, let error {
                    failure = test.unchecked(
                        test.position, "rule \(rule.name) fails at \(since): \(error)",
                        after: checked)
                }
            }
        }
        return failure
    }

    /// Why a sample was not taken. That of a series' end may collide with another rule's sample.
    private mutating func append(_ samples: [RuleSample]) -> String? {
        var refusal: String?
        for sample in samples {
            guard let reason = store.append(sample) else { continue }
            let isEnd = sample.histogram == nil && isStaleMarker(sample.value)
            if !isEnd && refusal == nil { refusal = "\(sample.labels): \(reason.rawValue)" }
        }
        return refusal
    }

    private func check(_ expected: AlertExpectation, at time: Timestamp) -> RuleTestOutcome {
        var alerts: [(rule: Rule, alert: RuleAlert)] = []
        var isKnown = false
        for (place, group) in groups.enumerated() {
            for (index, rule) in group.rules.enumerated() {
                guard case .alert(let name, _, _) = rule.kind, name == expected.alert else {
                    continue
                }
                isKnown = true
                alerts += memories[place][index].alerts.map { (rule, $0) }
            }
        }
        return expected.outcome(test, alerts, isKnown: isKnown)
    }
}
