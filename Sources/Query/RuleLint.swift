public import Model
public import Text

// Lint of Prometheus rules: what parses and yet cannot mean what its author wants. A finding is
// made only where the rule is wrong whatever the data; what depends on taste is nobody's business
// here. Rules of all files are looked at together, since one records what another reads.

/// What lint finds. The raw value is what a person writes to have it ignored.
public enum RuleLintCode: String, Hashable, Sendable, CaseIterable {
    /// `rate` and its like on what is no counter.
    case rateOnGauge = "rate-on-gauge"
    /// `delta` on a counter, which knows nothing of resets.
    case deltaOnCounter = "delta-on-counter"
    /// `rate(sum(x)[5m:])`: the sum hides the resets of single series.
    case rateOfSum = "rate-of-sum"
    /// A window that holds fewer than two samples now and then.
    case shortWindow = "short-window"
    /// An alert whose condition no data can meet.
    case neverFires = "never-fires"
    /// `histogram_quantile` of buckets whose `le` an aggregation took away.
    case missingLe = "missing-le"
    /// Cumulative buckets added up over `le`.
    case sumOfBuckets = "sum-of-buckets"
    /// A `for` that is over at the next evaluation.
    case shortHold = "short-for"
    /// Two rules that record the same series, or the same alert twice.
    case duplicateRule = "duplicate-rule"
    /// An annotation or label names a label that the expression takes away.
    case missingLabel = "missing-label"
    /// A metric that the running agent does not have.
    case unknownMetric = "unknown-metric"
    /// A `le` that is no bound of the running agent's histogram.
    case unknownBound = "unknown-bound"
}

/// A fault that lint found in a rule.
public struct RuleFinding: Hashable, Sendable {
    public var code: RuleLintCode
    public var position: SourcePosition
    /// A sentence.
    public var what: String
    /// What to do.
    public var advice: String
    /// The rule it is in.
    public var rule: String

    /// As a warning that names its code.
    public var diagnostic: Diagnostic {
        .warning(at: position, "\(what) [\(code.rawValue)]", hint: advice)
    }
}

/// What lint goes by.
public struct RuleLintSettings: Sendable {
    /// Between two samples of a series that is scraped.
    public var scrapeInterval = TimeSpan.seconds(15)
    /// Between two evaluations of a group that says nothing of it; nil when it is not known.
    public var evaluationInterval: TimeSpan?
    /// What a running agent knows of its metrics.
    public var catalog: RuleCatalog?

    /// Scrapes each 15 s, no agent.
    public init() {}
}

/// What a running agent knows of its metrics.
public struct RuleCatalog: Sendable {
    /// All metrics' names.
    public var names: Set<String>
    /// `counter`, `gauge`, `histogram` ... by metric family.
    public var types: [String: String]
    /// The values of `le` by metric.
    public var bounds: [String: [String]]

    public init(names: Set<String>, types: [String: String], bounds: [String: [String]]) {
        self.names = names
        self.types = types
        self.bounds = bounds
    }
}

/// A rule file that is linted: it was read without errors.
public struct LintedFile: Sendable {
    public var path: String
    public var bytes: [UInt8]
    public var groups: [RuleGroup]

    public init(path: String, bytes: [UInt8], groups: [RuleGroup]) {
        self.path = path
        self.bytes = bytes
        self.groups = groups
    }
}

/// Lint of rule files.
public struct RuleLint {
    let settings: RuleLintSettings
    /// The rules that record a metric, with their groups.
    private(set) var recorded: [String: [(rule: Rule, group: RuleGroup)]] = [:]
    private let files: [LintedFile]

    public init(_ files: [LintedFile], settings: RuleLintSettings = RuleLintSettings()) {
        self.files = files
        self.settings = settings
        for group in files.flatMap(\.groups) {
            for rule in group.rules {
                if case .record(let name) = rule.kind {
                    recorded[name, default: []].append((rule, group))
                }
            }
        }
    }

    /// All findings that no comment takes away, by place. O(rules x expression).
    public func findings() -> [RuleFinding] {
        var found: [RuleFinding] = []
        var reader = BoundsReader(self)
        for file in files {
            let places = RulePlaces(file)
            var seen: [String: Rule] = [:]
            for (groupIndex, group) in file.groups.enumerated() {
                for (index, rule) in group.rules.enumerated() {
                    var look = RuleLook(self, rule, group)
                    look.all(&reader)
                    look.checkDuplicate(&seen)
                    for finding in look.found {
                        var finding = finding
                        if let range = look.ranges[finding.position] {
                            finding.position = places.position(of: range.start, in: rule)
                        }
                        if !places.ignores(finding.code, groupIndex, index) {
                            found.append(finding)
                        }
                    }
                }
            }
        }
        return Array(Set(found)).sorted {
            ($0.position, $0.code.rawValue, $0.what) < ($1.position, $1.code.rawValue, $1.what)
        }
    }

    /// The metrics that the rules read and no rule makes: what a catalog should tell about.
    public var metrics: [String] {
        var names: Set<String> = []
        for group in files.flatMap(\.groups) {
            for rule in group.rules {
                rule.query.expression.walk { expression, _ in
                    guard case .vector(let node) = expression,
                        let name = node.selector.metricName, recorded[name] == nil
                    else { return }
                    names.insert(name)
                }
            }
        }
        return names.sorted()
    }
}

/// One rule under lint.
struct RuleLook {
    let lint: RuleLint
    let rule: Rule
    let group: RuleGroup
    private(set) var found: [RuleFinding] = []
    /// Where in the expression a finding is, by a position that stands in for it.
    private(set) var ranges: [SourcePosition: SourceRange] = [:]

    init(_ lint: RuleLint, _ rule: Rule, _ group: RuleGroup) {
        self.lint = lint
        self.rule = rule
        self.group = group
    }

    mutating func all(_ reader: inout BoundsReader) {
        checkFunctions()
        checkHistograms()
        checkCondition(&reader)
        checkHold()
        checkTemplates()
        checkCatalog()
    }

    mutating func add(
        _ code: RuleLintCode, _ range: SourceRange?, _ what: String, _ advice: String
    ) {
        var position = rule.position
        if let range {
            // Told apart until the file's text says where they are.
            position = SourcePosition(file: rule.position.file, line: -1, column: range.start)
            ranges[position] = range
        }
        found.append(
            RuleFinding(
                code: code, position: position, what: what, advice: advice, rule: rule.name))
    }

    // MARK: What needs no look at the expression

    private mutating func checkHold() {
        guard case .alert(_, let hold, _) = rule.kind, hold > .zero,
            let interval = group.interval ?? lint.settings.evaluationInterval, hold < interval
        else { return }
        add(
            .shortHold, nil,
            "for: \(hold) is over at the next evaluation, \(interval) later",
            "make it a multiple of the group's interval")
    }

    /// Two recorded series of one name and labels collide; an alert said twice pages twice.
    mutating func checkDuplicate(_ seen: inout [String: Rule]) {
        let labels = rule.labels.map { "\($0.name)=\(quoted($0.value))" }.joined(separator: ",")
        var key = "\(rule.name){\(labels)}"
        if case .alert = rule.kind { key += " alert \(rule.query.expression)" }
        guard let first = seen[key] else {
            seen[key] = rule
            return
        }
        add(
            .duplicateRule, nil,
            "\(rule.name) is made with the same labels on line \(first.position.line)",
            "give one of them another name or label")
    }
}

extension Expression {
    /// Calls `body` with each expression, the outer ones first, and what stands around it.
    func walk(
        _ parents: [Expression] = [], _ body: (_ one: Expression, _ parents: [Expression]) -> Void
    ) {
        body(self, parents)
        if case .matrix(let node) = self {
            Expression.vector(node.vector).walk(parents + [self], body)
        }
        for child in children { child.walk(parents + [self], body) }
    }
}
