public import Model
public import Text

// Unit tests of rules in promtool's format, as values. What a test's file says is read here and in
// `RuleTestReader`; `RuleTestRun` carries it out. The caller resolves `rulePatterns` and reads the
// files they name: nothing here touches a disk.

/// A file of rule tests.
public struct RuleTestFile: Sendable {
    /// As the caller gave it.
    public var path: String
    /// Paths and globs, relative to the test file's folder.
    public var rulePatterns: [(pattern: String, position: SourcePosition)]
    /// Between two evaluations of all groups; their own intervals do not count, as in promtool.
    public var evaluationInterval: TimeSpan
    /// Groups' names in the order they are evaluated in; a group that is missing counts as first.
    public var groupOrder: [String]
    public var tests: [RuleTest]
    /// Values may lie one representable number apart.
    public var isFuzzy: Bool

    /// The groups as they are evaluated: by `groupOrder`, otherwise as they came.
    public func ordered(_ groups: [RuleGroup]) -> [RuleGroup] {
        var places: [String: Int] = [:]
        for (place, name) in groupOrder.enumerated() { places[name] = place }
        let keyed = groups.enumerated().map { (key: places[$1.name] ?? 0, place: $0, group: $1) }
        return keyed.sorted { ($0.key, $0.place) < ($1.key, $1.place) }.map(\.group)
    }
}

/// A test: input series, and what is expected of the rules.
public struct RuleTest: Sendable {
    /// Empty when it has none.
    public var name: String
    /// Its place among the file's tests, from 0.
    public var index: Int
    public var position: SourcePosition
    /// Between two values of an input series.
    public var interval: TimeSpan
    /// When the first values are; `eval_time` counts from here.
    public var start: Timestamp
    public var input: [InputLine]
    public var externalLabels: Labels
    public var externalURL: String
    public var alerts: [AlertExpectation]
    public var queries: [QueryExpectation]
    /// What other modules read: the values of the keys that the caller of `read` named.
    public var extras: [(key: String, value: YAMLNode)]

    /// A series and its values, as written.
    public struct InputLine: Sendable {
        public var series: String
        public var values: String
        public var position: SourcePosition
    }

    /// What a message calls it.
    public var title: String { name.isEmpty ? "unnamed#\(index)" : name }

    /// The latest `eval_time` of the expectations read here.
    public var span: TimeSpan {
        (alerts.map(\.time) + queries.map(\.time)).max() ?? .zero
    }
}

/// Which alerts of a name fire at a time.
public struct AlertExpectation: Sendable {
    public var position: SourcePosition
    /// Since the test's start.
    public var time: TimeSpan
    public var alert: String
    public var alerts: [ExpectedAlert]
}

/// An alert that is to fire, labels and annotations sorted by name; empty values count.
public struct ExpectedAlert: Sendable {
    public var labels: [RuleText]
    public var annotations: [RuleText]
}

/// A label or an annotation.
public struct RuleText: Hashable, Sendable {
    public var name: String
    public var value: String
}

/// What an expression gives at a time.
public struct QueryExpectation: Sendable {
    public var position: SourcePosition
    /// Since the test's start.
    public var time: TimeSpan
    public var expression: String
    public var samples: [ExpectedSample]
}

/// A sample that is expected, as written.
public struct ExpectedSample: Sendable {
    public var position: SourcePosition
    public var labels: String
    public var value: Double
    /// In the notation of series; empty for a float.
    public var histogram: String
}

/// What came of one expectation, or of what kept some from being checked.
public struct RuleTestOutcome: Sendable {
    /// Where the expectation stands.
    public var position: SourcePosition
    /// The test's title.
    public var test: String
    /// What was checked: `alert Down at 5m`.
    public var what: String
    /// Nil when it passed; else what is wrong in a sentence.
    public var fault: String?
    /// The difference, a line each: `- ` expected, `+ ` found, two blanks for what is the same.
    public var difference: [String]
    /// How many expectations it stands for: more than one when they could not be checked.
    public var count: Int

    /// What passed, or failed with a fault.
    public init(
        at position: SourcePosition, _ test: String, _ what: String, fault: String? = nil,
        difference: [String] = [], count: Int = 1
    ) {
        self.position = position
        self.test = test
        self.what = what
        self.fault = fault
        self.difference = difference
        self.count = count
    }

    public var hasPassed: Bool { fault == nil }
}
