import Model
import Runs
import Text

// Runs of pipelines and training, and datasets that they write.

extension SLIKindReader {
    /// The series that the agent writes of each dataset that it was told of.
    static let datasetMetric = "pitot_dataset_updated_timestamp_seconds"

    /// `dataset: {namespace: s3://features, name: fraud}` of a freshness SLI.
    mutating func readDataset(_ fields: inout FieldReader) -> Selector? {
        guard let node = fields.optionalNode("dataset") else { return nil }
        if fields.optionalNode("timestamp") != nil {
            fields.fail(
                at: node, "both \"timestamp\" and \"dataset\"", expected: "one of them")
        }
        var dataset = FieldReader(node, of: "dataset")
        var matchers = [Matcher(Labels.metricName, .equal, Self.datasetMetric)]
        if let name = dataset.string("name") {
            matchers.append(Matcher("dataset", .equal, name))
        }
        if let namespace = dataset.optionalString("namespace") {
            matchers.append(Matcher("dataset_namespace", .equal, namespace))
        }
        fields.add(dataset.finish())
        return try? Selector(matchers)  // No expression that could be wrong.
    }

    mutating func readRuns() -> RunRule? {
        var fields = FieldReader(node, of: "runs")
        let selector = runSelector(&fields)
        let measure = runMeasure(&fields)
        let level = runLevel(&fields)
        let within = positive(&fields, "within")
        let deadline = positive(&fields, "deadline")
        let facets = fields.optionalStrings("facets")
        let schedule = runSchedule(&fields)
        if let measure {
            check(&fields, measure, within: within, facets: facets, hasSchedule: schedule != nil)
        }
        let found = fields.finish()
        diagnostics += found
        guard let selector, let measure, !found.contains(where: { $0.severity == .error }) else {
            return nil
        }
        var rule = RunRule(measure, of: selector)
        rule.level = level
        rule.within = within ?? .zero
        rule.deadline = deadline
        rule.facets = facets ?? []
        rule.schedule = schedule
        return rule
    }

    private mutating func runSelector(_ fields: inout FieldReader) -> Selector? {
        guard fields.node("select") != nil, let selector = selector(&fields, "select") else {
            return nil
        }
        if let name = selector.metricName {
            fields.fail(
                at: fields.position(of: "select"), "\"select\" names a metric, \(name)",
                expected: "matchers of runs' labels, such as {namespace=\"a\", job=~\"train-.*\"}")
        }
        return selector
    }

    private func runMeasure(_ fields: inout FieldReader) -> RunMeasure? {
        guard let word = fields.string("good") else { return nil }
        if let measure = RunMeasure.allCases.first(where: { $0.word == word }) { return measure }
        let words = RunMeasure.allCases.map(\.word)
        fields.fail(
            at: fields.position(of: "good"), "no measure of runs \"\(word)\"",
            expected: words.joined(separator: ", "),
            hint: suggestion(for: word, among: words).map { "did you mean \"\($0)\"?" })
        return nil
    }

    private func runLevel(_ fields: inout FieldReader) -> RunLevel {
        guard let word = fields.optionalString("level") else { return .pipelines }
        if let level = RunLevel.allCases.first(where: { $0.word == word }) { return level }
        fields.fail(
            at: fields.position(of: "level"), "no level of runs \"\(word)\"",
            expected: RunLevel.allCases.map(\.word).joined(separator: ", "))
        return .pipelines
    }

    private func positive(_ fields: inout FieldReader, _ key: String) -> TimeSpan? {
        guard let span = fields.optionalDuration(key) else { return nil }
        if span <= .zero || span > .days(35) {
            fields.fail(
                at: fields.position(of: key), "\"\(key)\" is out of range",
                expected: "a duration of up to 35d")
        }
        return span
    }

    private func runSchedule(_ fields: inout FieldReader) -> RunSchedule? {
        let line = fields.optionalString("schedule")
        let span = fields.optionalDuration("every")
        let zone = zones.read(&fields)
        if line != nil && span != nil {
            fields.fail(
                at: fields.position(of: "every"), "both \"schedule\" and \"every\"",
                expected: "one of them")
        }
        if line == nil && fields.optionalNode("timeZone") != nil {
            fields.fail(
                at: fields.position(of: "timeZone"), "a time zone without a \"schedule\"",
                expected: "a cron line beside it")
        }
        if let span {
            if let schedule = RunSchedule(every: span) { return schedule }
            fields.fail(
                at: fields.position(of: "every"), "\"every\" is out of range",
                expected: "1m to 31d")
        }
        guard let line, let zone else { return nil }
        if let schedule = RunSchedule(cron: line, zone: zone) { return schedule }
        fields.fail(
            at: fields.position(of: "schedule"), "\"\(line)\" is no schedule",
            expected: "a cron line of five fields, such as \"0 3 * * *\"")
        return nil
    }

    private func check(
        _ fields: inout FieldReader, _ measure: RunMeasure, within: TimeSpan?, facets: [String]?,
        hasSchedule: Bool
    ) {
        let needsBound = measure == .duration || measure == .lateness
        if needsBound != (within != nil) {
            fields.fail(
                at: needsBound ? node.position : fields.position(of: "within"),
                needsBound
                    ? "\"\(measure.word)\" without \"within\""
                    : "\"within\" has no meaning for \"\(measure.word)\"",
                expected: "\"within\" beside \"duration\" and \"lateness\", and only there")
        }
        if (measure == .metadata) != (facets?.isEmpty == false) {
            fields.fail(
                at: measure == .metadata ? node.position : fields.position(of: "facets"),
                measure == .metadata
                    ? "\"metadata\" without \"facets\""
                    : "\"facets\" has no meaning for \"\(measure.word)\"",
                expected: "the facets that runs must carry beside \"metadata\", and only there")
        }
        if hasSchedule && measure != .lateness {
            fields.fail(
                at: node.position, "a schedule has no meaning for \"\(measure.word)\"",
                expected: "\"schedule\" or \"every\" beside \"lateness\" only")
        }
        let hasDeadline = fields.optionalNode("deadline") != nil
        if hasDeadline && (measure == .lateness || measure == .metadata) {
            fields.fail(
                at: fields.position(of: "deadline"),
                "\"deadline\" has no meaning for \"\(measure.word)\"",
                expected: "\"deadline\" beside \"success\", \"completion\" or \"duration\"")
        }
    }
}

extension RunRule {
    /// As files have it.
    var described: [(name: String, value: String)] {
        var all = [(name: "select", value: selector.text), (name: "good", value: measure.word)]
        if level != .pipelines { all.append((name: "level", value: level.word)) }
        if within > .zero { all.append((name: "within", value: within.description)) }
        if let deadline { all.append((name: "deadline", value: deadline.description)) }
        if !facets.isEmpty {
            all.append((name: "facets", value: facets.joined(separator: ", ")))
        }
        if let schedule {
            all.append((name: schedule.isCron ? "schedule" : "every", value: schedule.text))
            if schedule.isCron { all.append((name: "timeZone", value: schedule.zoneName)) }
        }
        return all
    }

    /// What a checkpoint has of it.
    var texts: [String] {
        [selector.text, schedule?.text ?? "", schedule?.zoneName ?? ""] + facets
    }

    var numbers: [Double] {
        [
            Double(measure.rawValue), Double(level.rawValue), Double(within.millis),
            deadline.map { Double($0.millis) } ?? -1, schedule.map { $0.isCron ? 1 : 2 } ?? 0,
        ]
    }

    /// From what a checkpoint has; nil when that is damaged.
    init?(_ selector: Selector, _ texts: [String], _ numbers: [Double]) {
        let whole = numbers.compactMap { Int64(exactly: $0) }
        guard whole.count == 5, texts.count >= 3,
            let measure = UInt8(exactly: whole[0]).flatMap(RunMeasure.init),
            let level = UInt8(exactly: whole[1]).flatMap(RunLevel.init)
        else { return nil }
        self.init(measure, of: selector)
        self.level = level
        within = .milliseconds(whole[2])
        deadline = whole[3] < 0 ? nil : .milliseconds(whole[3])
        facets = Array(texts[3...])
        switch whole[4] {
        case 1:
            // Of a removed SLO only what it is counts: the rules of its zone are not asked.
            schedule = RunSchedule(cron: texts[1], zone: .utc, zoneName: texts[2])
            if schedule == nil { return nil }
        case 2:
            guard let span = parseDuration(texts[1]), let every = RunSchedule(every: span) else {
                return nil
            }
            schedule = every
        default: break
        }
    }
}
