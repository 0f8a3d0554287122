import Alerting
import Model
import SLO
import Storage
import Testing
import Traces
import Wire

@testable import Agent

private let spanRules = """
    apiVersion: pitot/v1
    kind: SLOs
    service: shop
    slos:
      - name: availability
        objective: 99
        period: 30d
        by: [service_name]
        sli: {spans: {select: '{service_name=~".+"}'}}
      - name: latency
        objective: 90
        period: 30d
        sli: {spans: {select: '{service_name="a"}', below: 250ms}}
    """

private let start = Timestamp(millis: 1_700_000_000_000)
private let decoder = OTLPTraceDecoder(seed: HashSeed(low: 1, high: 2))

/// Spans through the whole agent: alerts, replay and checkpoints.
@Suite struct SpanAgentTests {
    private var agent = AgentCore()
    private var log: [UInt8] = []
    private var now = start

    init() { handle(.configured(files)) }

    private var files: ConfigurationFiles {
        ConfigurationFiles(
            config: nil, rules: [SourceFile(path: "slo.yaml", bytes: Array(spanRules.utf8))])
    }

    @discardableResult
    private mutating func handle(_ event: Event) -> [Effect] {
        var effects: [PlannedEffect] = []
        agent.handle(event, at: now, into: &effects)
        log += agent.takeLog()
        return effects.map(\.effect)
    }

    /// A server's span that ended some time ago.
    private func span(
        _ number: UInt64, ago millis: Int64 = 100, isBad: Bool = false, threshold: String = ""
    ) -> [UInt8] {
        let end = UInt64((now.millis - millis) * 1_000_000)
        var json = #"{"traceId":"\#(hexadecimal(0))\#(hexadecimal(number))","#
        json += #""spanId":"\#(hexadecimal(number))","name":"op","kind":2,"#
        json += #""startTimeUnixNano":"\#(end - 1_000_000)","endTimeUnixNano":"\#(end)","#
        json += #""traceState":"\#(threshold)","status":{"code":\#(isBad ? 2 : 0)}}"#
        return Array(json.utf8)
    }

    private mutating func send(_ spans: [[UInt8]]) throws -> SpanReply {
        var json = Array(
            #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":"#.utf8)
        json += Array(#"{"stringValue":"a"}}]},"scopeSpans":[{"spans":["#.utf8)
        json += spans.joined(separator: Array(",".utf8))
        json += Array("]}]}]}".utf8)
        let body = try OTLPJSON.traces(json)
        let batch = try decoder.decode(body, lens: agent.spanLens)
        for effect in handle(.spans(batch, RequestID(1))) {
            if case .spansTaken(let reply) = effect { return reply }
        }
        throw WireError.emptyBody
    }

    private func counts(_ name: String) -> EventCounts {
        agent.ledger.evaluate(service: "shop", name: name, now: now).first?.period?.counts ?? .zero
    }

    @Test func spansBurnABudgetAndPage() throws {
        var copy = self
        for minute in 0..<90 {
            let spans = (0..<20).map { number in
                copy.span(UInt64(minute * 20 + number + 1), isBad: minute > 20 && number < 8)
            }
            _ = try copy.send(spans)
            copy.now = copy.now + .minutes(1)
            copy.handle(.tick)
        }
        #expect(copy.counts("availability") == EventCounts(bad: 69 * 8, total: 1800))
        let verdict = try #require(
            copy.agent.ledger.evaluate(service: "shop", name: "availability", now: copy.now).first)
        #expect(verdict.pairs.contains { $0.finding == .breaching })
        #expect(copy.agent.notifier.book.alerts.contains { $0.isFiring })
    }

    @Test func aBatchOfAnOlderLensIsSentBack() throws {
        var copy = self
        let old = SpanLens([], generation: 99)
        let batch = try decoder.decode([], lens: old)
        for effect in copy.handle(.spans(batch, RequestID(7))) {
            guard case .spansTaken(let reply) = effect else { continue }
            #expect(reply.isStale && reply.id == RequestID(7))
        }
    }

    @Test func sampledSpansAreTestedAsTheyWereSeen() throws {
        var copy = self
        // One span in a hundred: two bad ones of four are two hundred of four hundred.
        for number: UInt64 in 1...4 {
            _ = try copy.send([copy.span(number, isBad: number < 3, threshold: "ot=th:fd70a4")])
        }
        #expect(abs(copy.counts("availability").total - 400) < 0.1)
        let verdict = try #require(
            copy.agent.ledger.evaluate(service: "shop", name: "availability", now: copy.now).first)
        let page = try #require(verdict.pairs.first { $0.pair.severity == .page })
        // 2 of 4 at 1 %: 5.9e-4; 200 of 400 would be as good as impossible.
        #expect(try #require(page.chance) > 1e-4)
    }

    @Test func replayAndCheckpointsGiveTheSameAgent() throws {
        var copy = self
        for minute in 0..<20 {
            let spans = (0..<30).map { number in
                copy.span(
                    UInt64((minute * 17 + number) % 400 + 1), ago: 60_000, isBad: number == 0,
                    threshold: number % 2 == 0 ? "ot=th:8" : "")
            }
            _ = try copy.send(spans)
            copy.now = copy.now + .seconds(7)
            copy.handle(.tick)
        }
        var replayed = AgentCore()
        var effects: [PlannedEffect] = []
        var reader = LogReader(copy.log, from: LogPosition(1))
        while let record = reader.next() {
            let isKnown = replayed.replay(record, into: &effects)
            #expect(isKnown)
        }
        #expect(reader.end == .clean)
        #expect(records(replayed) == records(copy.agent))
        var restorer = AgentRestorer()
        for record in records(copy.agent) {
            let isTaken = restorer.take(record)
            #expect(isTaken)
        }
        var restored = try #require(restorer.finish())
        #expect(records(restored) == records(copy.agent))
        restored.handle(.tick, at: copy.now, into: &effects)
        #expect(restored.spanLens.names == copy.agent.spanLens.names)
    }

    private func records(_ agent: AgentCore) -> [LogRecord] {
        var snapshot = agent.snapshot()
        var all: [LogRecord] = []
        while let record = snapshot.next() { all.append(record) }
        return all
    }
}
