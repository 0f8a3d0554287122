import Model
import Runs
import Text
import Traces
import Wire

/// An SLI in a checkpoint: a kind, texts and numbers. A kind's number is never used again.
struct SLIFields {
    private enum Kind: UInt8 {
        case eventsBad = 1
        case eventsGood, latency, freshness, threshold, composite, query, probe, spans
        case runs = 20
    }

    private var kind = Kind.eventsBad
    /// Selectors as they were written, names.
    private var texts: [String] = []
    private var numbers: [Double] = []

    init() {}

    init(_ sli: SLI) {
        switch sli {
        case .events(let sli):
            kind = sli.counted == .bad ? .eventsBad : .eventsGood
            texts = [sli.selector.text, sli.total.text]
        case .latency(let sli):
            kind = .latency
            texts = [sli.histogram.text, sli.total.text, sli.below]
            numbers = [sli.bound]
        case .freshness(let sli):
            kind = .freshness
            texts = [sli.timestamp.text]
            numbers = [
                Double(sli.within.millis), sli.unitsPerSecond, Double(sli.rule.rawValue),
            ]
        case .threshold(let sli):
            kind = .threshold
            texts = [sli.metric.text]
            numbers = [Double(sli.comparison.rawValue), sli.value, Double(sli.rule.rawValue)]
        case .composite(let sli):
            kind = .composite
            texts = sli.members.flatMap { [$0.service, $0.name] }
            numbers = [Double(sli.mode.rawValue)] + sli.members.map(\.weight)
        case .spans(let rule):
            kind = .spans
            texts = [rule.below, rule.selector.text] + (rule.bad + rule.excluded).map(\.text)
            numbers = [
                Double(rule.scope.rawValue), Double(rule.nanosMax ?? 0), Double(rule.bad.count),
            ]
        case .query(let sli):
            kind = .query
            texts = [sli.query, sli.total]
            numbers = [sli.counted == .bad ? 0 : 1]
        case .runs(let rule): self = SLIFields(runs: rule)
        case .probe(let sli):
            kind = .probe
            let request = sli.request
            texts = [request.url, request.method, request.sha256 ?? "", request.contains ?? ""]
            texts += request.headers.flatMap { [$0.name, $0.value] }
            let millis = [sli.interval, request.timeout].map { Double($0.millis) }
            let status = [request.status.lowerBound, request.status.upperBound].map { Double($0) }
            numbers = millis + status + [Double(request.size ?? -1), Double(request.bodyMax)]
        }
    }

    init(runs rule: RunRule) {
        kind = .runs
        texts = rule.texts
        numbers = rule.numbers
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&kind)
        archive.field(&texts)
        archive.field(&numbers)
    }

    /// What it was made of; nil when it is damaged.
    var sli: SLI? {
        switch kind {
        case .eventsBad, .eventsGood:
            guard let counted = selector(0), let total = selector(1) else { return nil }
            return .events(
                EventSLI(
                    counted: kind == .eventsBad ? .bad : .good, selector: counted, total: total))
        case .latency:
            guard let histogram = selector(0), let bound = numbers.first, texts.count == 3 else {
                return nil
            }
            return LatencySLI(
                histogram: histogram, total: selector(1), below: texts[2], bound: bound
            ).map { .latency($0) }
        case .freshness:
            guard let timestamp = selector(0), numbers.count == 3,
                let millis = Int64(exactly: numbers[0]), let rule = rule(numbers[2])
            else { return nil }
            return .freshness(
                FreshnessSLI(
                    timestamp: timestamp, within: .milliseconds(millis),
                    unitsPerSecond: numbers[1], rule: rule))
        case .threshold:
            guard let metric = selector(0), numbers.count == 3, let rule = rule(numbers[2]),
                let comparison = UInt8(exactly: numbers[0])
                    .flatMap(ThresholdSLI.Comparison.init)
            else { return nil }
            return .threshold(
                ThresholdSLI(
                    metric: metric, comparison: comparison, value: numbers[1], rule: rule))
        case .composite: return composite.map { .composite($0) }
        case .probe: return probe.map { .probe($0) }
        case .runs:
            return selector(0).flatMap { RunRule($0, texts, numbers) }.map { .runs($0) }
        case .spans: return spans.map { .spans($0) }
        case .query:
            guard texts.count == 2, let counted = numbers.first else { return nil }
            return .query(
                QuerySLI(counted: counted == 0 ? .bad : .good, query: texts[0], total: texts[1]))
        }
    }

    private var composite: CompositeSLI? {
        guard
            let mode = numbers.first.flatMap({ UInt8(exactly: $0) })
                .flatMap(CompositeSLI.Mode.init), texts.count == 2 * (numbers.count - 1)
        else { return nil }
        let members = numbers.dropFirst().enumerated().map { index, weight in
            CompositeSLI.Member(
                service: texts[2 * index], name: texts[2 * index + 1], weight: weight)
        }
        return CompositeSLI(mode: mode, members: members)
    }

    private var spans: SpanRule? {
        guard numbers.count == 3, texts.count >= 2,
            let scope = UInt8(exactly: numbers[0]).flatMap(SpanRule.Scope.init),
            let nanos = UInt64(exactly: numbers[1]), let bad = Int(exactly: numbers[2]),
            (0...texts.count - 2).contains(bad)
        else { return nil }
        let selectors = texts.indices.dropFirst().compactMap { attributes($0) }
        guard selectors.count == texts.count - 1 else { return nil }
        return SpanRule(
            selector: selectors[0], scope: scope, bad: Array(selectors[1..<1 + bad]),
            excluded: Array(selectors[(1 + bad)...]), nanosMax: nanos == 0 ? nil : nanos,
            below: texts[0])
    }

    /// A selector by label names, as spans have them.
    private func attributes(_ index: Int) -> Selector? {
        guard let read = selector(index) else { return nil }
        let renamed = read.matchers.map {
            Matcher(SpanLens.labelName($0.name), $0.op, $0.value)
        }
        return try? Selector(renamed, text: read.text)
    }

    private var probe: ProbeSLI? {
        let whole = numbers.compactMap { Int(exactly: $0) }
        guard whole.count == 6, texts.count >= 4, texts.count.isMultiple(of: 2),
            whole[0] > 0, whole[2] <= whole[3]
        else { return nil }
        var request = ProbeRequest(url: texts[0])
        request.method = texts[1]
        request.sha256 = texts[2].isEmpty ? nil : texts[2]
        request.contains = texts[3].isEmpty ? nil : texts[3]
        request.headers = stride(from: 4, to: texts.count, by: 2).map {
            ProbeRequest.Header(name: texts[$0], value: texts[$0 + 1])
        }
        request.timeout = .milliseconds(Int64(whole[1]))
        request.status = whole[2]...whole[3]
        request.size = whole[4] < 0 ? nil : whole[4]
        request.bodyMax = whole[5]
        return ProbeSLI(request: request, interval: .milliseconds(Int64(whole[0])))
    }

    private func rule(_ number: Double) -> SliceRule? {
        UInt8(exactly: number).flatMap(SliceRule.init)
    }

    private func selector(_ index: Int) -> Selector? {
        guard index < texts.count else { return nil }
        let nowhere = SourcePosition(file: "", line: 1, column: 1)
        do throws(Diagnostic) {
            return try Selector.parse(texts[index], at: nowhere)
        } catch {
            // The bytes are damaged: the caller refuses the checkpoint.
            return nil
        }
    }
}
