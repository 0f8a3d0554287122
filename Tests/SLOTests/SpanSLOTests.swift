import Model
import Testing
import Text
import Wire

@testable import SLO
@testable import Traces

private let start = Timestamp(millis: 1_700_000_040_000)

private func definitions(_ sli: String, by: String = "") throws -> [SLODefinition] {
    let text = """
        apiVersion: pitot/v1
        kind: SLOs
        service: shop
        slos:
          - name: a
            objective: 99
            period: 30d
            \(by)
            sli: {spans: \(sli)}
        """
    let document = try #require(try YAML.parse(Array(text.utf8), file: "slo.yaml").first)
    let file = DefinitionReader.read(document, zones: TimeZones())
    try #require(!file.hasErrors, "\(file.diagnostics.map(\.description))")
    return file.definitions
}

private func delta(_ counts: [(ago: Int64, bad: Int, total: Int, weight: Double)]) -> SpanDelta {
    var delta = SpanDelta()
    delta.groups = [SpanGroup(service: "shop", name: "a", labels: .empty)]
    for one in counts {
        var count = SpanCount(group: 0, time: start.millis - one.ago * 1000)
        (count.bad, count.total) = (one.bad, one.total)
        count.weightedBad = Double(one.bad) * one.weight
        count.weightedTotal = Double(one.total) * one.weight
        delta.counts.append(count)
    }
    return delta
}

/// SLOs of spans, as files have them and as the ledger counts them.
@Suite struct SpanSLOTests {
    @Test func attributesMayHaveDots() throws {
        let sli = try definitions(#"{select: '{"http.route"="/pay"}', below: 250ms}"#)[0].sli
        guard case .spans(let rule) = sli else {
            Issue.record("another kind")
            return
        }
        #expect(rule.selector.matchers == [Matcher("http_route", .equal, "/pay")])
        #expect(rule.nanosMax == 250_000_000 && rule.bad.isEmpty && rule.excluded.count == 2)
        #expect(rule.scope == .entry)
        #expect(SLIFields(sli).sli == sli, "a checkpoint has it whole")
    }

    @Test func withoutALimitErrorsAreBad() throws {
        let sli = try definitions(#"{select: '{service_name="x"}', count: root}"#)[0].sli
        guard case .spans(let rule) = sli else {
            Issue.record("another kind")
            return
        }
        #expect(rule.bad.count == 2 && rule.nanosMax == nil && rule.scope == .root)
        #expect(SLIFields(sli).sli == sli)
    }

    @Test(arguments: [
        ("{below: 1s}", "missing"), (#"{select: '{span_kind="server"}'}"#, "SPAN_KIND_SERVER"),
        (#"{select: 'up{a="b"}'}"#, "names a metric"),
        (#"{select: '{a="b"}', below: fast}"#, "no limit"),
        (#"{select: '{a="b"}', count: entyr}"#, "did you mean"),
        (#"{select: '{a="b"}', slower: 1s}"#, "unknown key"),
    ])
    func aMistakeIsNamed(_ sli: String, _ told: String) throws {
        let text = """
            apiVersion: pitot/v1
            kind: SLOs
            service: shop
            slos: [{name: a, objective: 99, period: 30d, sli: {spans: \(sli)}}]
            """
        let document = try #require(try YAML.parse(Array(text.utf8), file: "slo.yaml").first)
        let file = DefinitionReader.read(document, zones: TimeZones())
        #expect(
            file.diagnostics.contains { $0.description.contains(told) },
            "\(file.diagnostics.map(\.description))")
    }

    @Test func spansCountInAnyOrderAtTheirSeconds() throws {
        let slos = try definitions(#"{select: '{a="b"}'}"#)
        var inOrder = Ledger()
        inOrder.configure(slos, now: start - .hours(2))
        var backwards = inOrder
        let parts = (0..<40).map { delta([(Int64($0 * 37 % 40) * 60, $0 % 3, 10, 1)]) }
        for part in parts { inOrder.post(part, now: start) }
        for part in parts.reversed() { backwards.post(part, now: start) }
        let left = inOrder.evaluateAll(now: start)[0]
        let right = backwards.evaluateAll(now: start)[0]
        #expect(left.windows.map(\.counts) == right.windows.map(\.counts))
        #expect(left.period?.counts.total == 400 && left.asOf == start)
        let hour = try #require(left.windows.first { $0.window == .minutes(5) })
        #expect(hour.counts.total == 50, "those of the last five minutes")
    }

    @Test func aMissedSpanMakesEvidencePartial() throws {
        var ledger = Ledger()
        ledger.configure(try definitions(#"{select: '{a="b"}'}"#), now: start - .days(40))
        ledger.post(delta([(0, 0, 10, 1)]), now: start)
        #expect(ledger.evaluateAll(now: start)[0].evidence == .complete)
        var missed = SpanDelta()
        missed.groups = [SpanGroup(service: "shop", name: "a", labels: .empty)]
        missed.missed = missed.groups
        ledger.post(missed, now: start)
        #expect(ledger.evaluateAll(now: start)[0].evidence == .partial)
    }

    @Test func chanceIsOfSpansThatWereSeen() throws {
        var ledger = Ledger()
        ledger.configure(try definitions(#"{select: '{a="b"}'}"#), now: start - .days(40))
        ledger.post(delta([(10, 0, 10, 1)]), now: start)
        ledger.post(delta([(0, 2, 4, 100)]), now: start)
        let verdict = ledger.evaluateAll(now: start)[0]
        #expect(verdict.period?.counts == EventCounts(bad: 200, total: 410))
        let chance = try #require(verdict.pairs[0].chance)
        #expect(
            abs(chance - binomialUpperTail(successes: 2, trials: 14, probability: 0.01)) < 1e-12)
    }

    @Test func timeGoesOnWithoutSpansOfAGroup() throws {
        var ledger = Ledger()
        ledger.configure(try definitions(#"{select: '{a="b"}'}"#), now: start - .days(40))
        ledger.post(delta([(0, 5, 10, 1)]), now: start)
        let later = start + .minutes(30)
        ledger.advanceSpans(to: later)
        let verdict = ledger.evaluateAll(now: later)[0]
        #expect(verdict.asOf == later)
        #expect(verdict.windows.first { $0.window == .minutes(5) }?.evidence == .noTraffic)
    }
}
