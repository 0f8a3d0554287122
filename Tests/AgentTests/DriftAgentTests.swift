import Alerting
import Drift
import Model
import Storage
import Testing
import Text
import Wire

@testable import Agent

/// Rows and requests in, alerts out, over replays and checkpoints.
@Suite struct DriftAgentTests {
    @Test func nothingIsRaisedBeforeTheBaselineIsComplete() {
        var life = DriftLife()
        life.rows(399, shift: 0)
        life.rows(1, shift: 50)
        #expect(life.state == "watching")
        #expect(life.agent.drift.watches[0].monitor?.used == 0)
        #expect(life.alerts.isEmpty)
    }

    @Test func aShiftPagesOnceAndNamesTheFeature() throws {
        var life = DriftLife()
        life.rows(600, shift: 0)
        life.rows(100, shift: 1.5)
        let alert = try #require(life.alerts.first)
        #expect(life.alerts.count == 1 && alert.isFiring)
        #expect(alert.labels["alertname"] == "ModelDrift" && alert.labels["model"] == "credit")
        #expect(alert.labels["severity"] == "page" && alert.labels["team"] == "risk")
        let notes = Dictionary(
            alert.details.annotations.map { ($0.name, $0.value) }
        ) { first, _ in first }
        #expect(notes["features"] == "age")
        #expect(notes["seed"] == "7")
        #expect(notes["guarantee"]?.hasPrefix("At most one false alarm per 10000 rows") == true)
        // The same rows, seed and row number give the same evidence to anybody.
        let row = try #require(notes["row"].flatMap { UInt64($0) })
        #expect(row > 200 && row < 300)
    }

    @Test func aCleanWindowEndsTheAlertAndABadOneDoesNot() {
        var life = DriftLife()
        life.rows(600, shift: 0)
        life.rows(600, shift: 1.5)
        #expect(life.state == "drifted")
        #expect(life.agent.drift.watches[0].windows.drifted >= 1)
        life.rows(800, shift: 0)
        #expect(life.state == "watching")
        #expect(life.alerts.allSatisfy { $0.isResolved })
        let windows = life.agent.drift.watches[0].windows
        #expect(windows.clean + windows.drifted == (600 + 600 + 800 - 400) / 400)
    }

    @Test func aWindowOfFewRowsSaysNothing() {
        var life = DriftLife()
        life.rows(420, shift: 0)
        life.tick(3601)
        #expect(life.agent.drift.watches[0].windows == DriftWindows(noData: 1))
    }

    @Test func replayAndCheckpointsGiveTheSameBytes() throws {
        var life = DriftLife()
        life.rows(600, shift: 0)
        life.requests(300)
        life.rows(100, shift: 1.5)
        life.requests(50, answered: false)
        life.tick(10)
        let replayed = try life.replayed()
        #expect(bytes(of: replayed) == bytes(of: life.agent))
        #expect(
            replayed.driftJSON(model: nil, version: nil, hasCells: true)
                == life.agent.driftJSON(model: nil, version: nil, hasCells: true))
        // From a checkpoint both go on the same way.
        var restored = life
        restored.agent = try #require(restore(life.agent))
        #expect(bytes(of: restored.agent) == bytes(of: life.agent))
        for copy in 0..<2 {
            var one = copy == 0 ? life : restored
            one.rows(700, shift: 0)
            one.tick(4000)
            if copy == 0 { life = one } else { restored = one }
        }
        #expect(bytes(of: restored.agent) == bytes(of: life.agent))
        #expect(life.state == "watching")
    }

    @Test func aCollectionSurvivesACheckpoint() throws {
        var life = DriftLife()
        life.rows(300, shift: 0)
        var restored = life
        restored.agent = try #require(restore(life.agent))
        life.rows(300, shift: 0)
        restored.rows(300, shift: 0)
        #expect(bytes(of: restored.agent) == bytes(of: life.agent))
    }

    @Test func requestsArePairedInAnyOrderAndTimedExactly() {
        var life = DriftLife()
        life.exchange(1, tookMillis: 250)
        life.exchange(2, tookMillis: 250.000001)
        life.exchange(3, tookMillis: 30, isResponseFirst: true)
        life.exchange(3, tookMillis: 30)
        life.exchange(4, tookMillis: 1, status: 503)
        life.exchange(5, tookMillis: 1, status: 404)
        life.send([life.half(.request, 6, nanos: 0)])
        life.tick(30)
        let tally = life.tally("iris")
        #expect(tally.good == 3 && tally.failed == 2 && tally.rejected == 1)
        #expect(tally.duplicates == 2)
        let within = Dictionary(zip(InferenceTally.boundsMillis, tally.cumulative)) { $1 }
        #expect(within[25] == 0 && within[50] == 1 && within[250] == 2 && within[300] == 3)
    }

    @Test func whatWasShedMakesALostAnswerUnknown() {
        var life = DriftLife()
        life.send([life.half(.request, 1, nanos: 1)])
        var batch = FeatureBatch()
        batch.shed = 1
        life.handle(.features(batch, nil))
        life.tick(30)
        #expect(life.tally("iris").unknown == 1 && life.tally("iris").failed == 0)
    }

    @Test func rowsWaitForTheVersionThatTheResponseTells() {
        var life = DriftLife()
        life.requests(350, version: "2")
        let watch = life.agent.drift.watches.first { $0.key.version == "2" }
        #expect(watch?.rows == 350)
        #expect(watch?.monitor != nil)
    }

    @Test func modelsThatNobodyWatchesAreCountedAndNotLogged() {
        var life = DriftLife()
        var event = FeatureEvent(.rows)
        event.model = "nobody"
        event.frame = frame(rows: 10, shift: 0, seed: 1)
        let before = life.log.count
        life.send([event])
        #expect(life.log.count - before < 100)
        #expect(life.agent.drift.unwatched == 1)
    }

    @Test func versionsAreBounded() {
        var life = DriftLife()
        for version in 0..<40 { life.rows(1, shift: 0, version: "v\(version)") }
        #expect(life.agent.drift.watches.count == DriftBook.watchesPerModel)
        #expect(life.agent.drift.crowdedOut == UInt64(40 - DriftBook.watchesPerModel))
        // An idle one makes room.
        life.tick(7200)
        life.rows(1, shift: 0, version: "new")
        #expect(life.agent.drift.watches.contains { $0.key.version == "new" })
    }

    @Test func aReloadWithTheSameModelKeepsItsState() {
        var life = DriftLife()
        life.rows(600, shift: 0)
        let used = life.agent.drift.watches[0].monitor?.used
        life.configure(DriftLife.models.replacing("severity: page", with: "severity: ticket"))
        #expect(life.agent.drift.watches[0].monitor?.used == used)
        life.configure(DriftLife.models.replacing("rows: 10000", with: "rows: 20000"))
        #expect(life.state == "collecting")
        life.configure("apiVersion: pitot/v1\nkind: DriftModels\nmodels: [{model: other}]\n")
        #expect(life.agent.drift.watches.isEmpty)
    }

    @Test func removingAModelEndsItsAlert() {
        var life = DriftLife()
        life.rows(600, shift: 0)
        life.rows(100, shift: 1.5)
        #expect(life.alerts.contains { $0.isFiring })
        life.configure("apiVersion: pitot/v1\nkind: DriftModels\nmodels: [{model: other}]\n")
        #expect(!life.alerts.contains { $0.isFiring })
    }

    @Test func aBaselineFromAFileIsPartOfTheConfiguration() throws {
        var life = DriftLife()
        let table = try #require(
            TrainingTable(
                names: ["age"],
                columns: [.numbers((0..<500).map { Double($0 % 97) })], isInOrder: false))
        var settings = BaselineSettings(model: "credit", version: "9")
        settings.stride = 1
        let baseline = try BaselineBuilder.build(table, settings).baseline
        let rules = DriftLife.models.replacing("{firstRows: 400}", with: "{file: b.baseline}")
        let file = SourceFile(path: "rules/b.baseline", bytes: baseline.bytes)
        life.configure(rules, baselines: [file])
        life.rows(10, shift: 0, version: "9")
        #expect(life.agent.drift.watches[0].monitor?.baselineID == baseline.id)
        #expect(life.agent.drift.watches[0].refusals[.unknownFeature] == 10)
        #expect(
            try life.replayed().driftJSON(model: nil, version: nil, hasCells: true)
                == life.agent.driftJSON(model: nil, version: nil, hasCells: true))
        let broken = ConfigurationFiles(
            config: nil, rules: [SourceFile(path: "rules/d.yaml", bytes: Array(rules.utf8))])
        #expect(
            Configuration.read(broken).diagnostics.map(\.what).contains {
                $0.contains("was not read")
            })
    }
}

/// All records of a checkpoint.
private func records(of agent: AgentCore) -> [LogRecord] {
    var snapshot = agent.snapshot()
    var records: [LogRecord] = []
    while let record = snapshot.next() { records.append(record) }
    return records
}

private func bytes(of agent: AgentCore) -> [UInt8] {
    var out: [UInt8] = []
    for record in records(of: agent) { record.encode(into: &out) }
    return out
}

private func restore(_ agent: AgentCore) -> AgentCore? {
    var restorer = AgentRestorer()
    for record in records(of: agent) where !restorer.take(record) { return nil }
    return restorer.finish()
}

/// Rows of an age around 40 and a city.
private func frame(rows: Int, shift: Double, seed: UInt64) -> FeatureFrame {
    var frame = FeatureFrame()
    frame.columns = ["age", "city"]
    frame.texts = ["Bonn", "Ulm", "Jena"]
    var state = seed
    func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) * 0x1p-53
    }
    for _ in 0..<rows {
        let normal = (0..<12).reduce(-6.0) { sum, _ in sum + uniform() }
        frame.words.append(FeatureWord(40 + 10 * (normal + shift)))
        frame.words.append(FeatureWord(text: Int(uniform() * 3)))
    }
    return frame
}

private struct DriftLife {
    static let models = """
        apiVersion: pitot/v1
        kind: DriftModels
        models:
          - model: credit
            seed: 7
            features: [{name: age, type: numeric}, {name: city, type: categorical}]
            baseline: {firstRows: 400}
            budget: {rows: 10000}
            guards: {thin: 1}
            window: {every: 1h, rows: 400}
            alerts: {severity: page, labels: {team: risk}}
          - model: iris
            version: {from: response}
            features: [{name: age}, {name: city}]
            baseline: {firstRows: 300}
            guards: {thin: 1}
            responses: {within: 5s}
        """

    var agent = AgentCore()
    private(set) var log: [UInt8] = []
    private var seconds = 0.0
    private var seed: UInt64 = 1
    private var numbers: UInt64 = 1000

    init() {
        handle(.started)
        configure(Self.models)
    }

    mutating func configure(_ rules: String, baselines: [SourceFile] = []) {
        handle(
            .configured(
                ConfigurationFiles(
                    config: nil,
                    rules: [SourceFile(path: "rules/d.yaml", bytes: Array(rules.utf8))],
                    baselines: baselines)))
    }

    mutating func handle(_ event: Event) {
        var effects: [PlannedEffect] = []
        agent.handle(event, at: at(seconds), into: &effects)
        log += agent.takeLog()
        for planned in effects {
            if case .report(let report) = planned.effect { #expect(report.isTaken) }
        }
    }

    mutating func tick(_ more: Double) {
        seconds += more
        handle(.tick)
    }

    mutating func send(_ events: [FeatureEvent]) {
        var batch = FeatureBatch()
        batch.events = events
        handle(.features(batch, nil))
    }

    /// Rows in frames of at most 50, a second each.
    mutating func rows(_ count: Int, shift: Double, version: String = "") {
        var left = count
        while left > 0 {
            seed += 1
            var event = FeatureEvent(.rows)
            event.model = "credit"
            event.version = version
            event.frame = frame(rows: min(50, left), shift: shift, seed: seed)
            left -= 50
            seconds += 1
            send([event])
        }
    }

    func half(
        _ kind: FeatureEvent.Kind, _ id: UInt64, nanos: Int64, status: Int = 0,
        version: String = ""
    ) -> FeatureEvent {
        var event = FeatureEvent(kind)
        event.model = "iris"
        event.id = String(id)
        event.nanos = nanos
        event.status = status
        event.version = version
        if kind == .request { event.frame = frame(rows: 3, shift: 0, seed: id) }
        return event
    }

    mutating func exchange(
        _ id: UInt64, tookMillis: Double, status: Int = 0, isResponseFirst: Bool = false,
        version: String = ""
    ) {
        let start = at(seconds).millis * 1_000_000
        let asked = half(.request, id, nanos: start)
        let answered = half(
            .response, id, nanos: start + Int64(tookMillis * 1e6), status: status,
            version: version)
        seconds += 0.01
        send(isResponseFirst ? [answered, asked] : [asked, answered])
    }

    mutating func requests(_ count: Int, answered: Bool = true, version: String = "") {
        for _ in 0..<count {
            numbers += 1
            if answered {
                exchange(numbers, tookMillis: 5, version: version)
            } else {
                send([half(.request, numbers, nanos: 1)])
            }
        }
    }

    func tally(_ model: String) -> InferenceTally {
        agent.drift.watches.first { $0.key.model == model }?.tally ?? InferenceTally()
    }

    var alerts: [Alert] { agent.notifier.alerts }

    var state: String {
        let json = agent.driftJSON(model: "credit", version: nil, hasCells: false)
        let value = try? JSONValue.parse(json)
        return value?["data"]?["models"]?[0]?["state"]?.asString ?? ""
    }

    func replayed() throws -> AgentCore {
        var agent = AgentCore()
        var reader = LogReader(log, from: LogPosition(1))
        var effects: [PlannedEffect] = []
        while let record = reader.next() {
            let isKnown = agent.replay(record, into: &effects)
            #expect(isKnown)
        }
        return agent
    }
}
