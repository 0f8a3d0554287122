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
        #expect(driftBytes(of: replayed) == driftBytes(of: life.agent))
        #expect(
            replayed.driftJSON(model: nil, version: nil, hasCells: true)
                == life.agent.driftJSON(model: nil, version: nil, hasCells: true))
        // From a checkpoint both go on the same way.
        var other = life
        other.agent = try #require(restored(life.agent))
        #expect(driftBytes(of: other.agent) == driftBytes(of: life.agent))
        for copy in 0..<2 {
            var one = copy == 0 ? life : other
            one.rows(700, shift: 0)
            one.tick(4000)
            if copy == 0 { life = one } else { other = one }
        }
        #expect(driftBytes(of: other.agent) == driftBytes(of: life.agent))
        #expect(life.state == "watching")
    }

    @Test func aCollectionSurvivesACheckpoint() throws {
        var life = DriftLife()
        life.rows(300, shift: 0)
        var other = life
        other.agent = try #require(restored(life.agent))
        life.rows(300, shift: 0)
        other.rows(300, shift: 0)
        #expect(driftBytes(of: other.agent) == driftBytes(of: life.agent))
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

    @Test func sloCountRequestsTheirTimeAndCleanWindows() throws {
        var life = DriftLife()
        life.configure(DriftLife.models, more: DriftLife.slos)
        for number in 0..<40 {
            life.exchange(UInt64(number), tookMillis: 5, status: number % 10 == 0 ? 503 : 0)
            life.tick(10)
        }
        life.rows(2000, shift: 0)
        life.tick(20)
        life.tick(20)
        let slos = try JSONValue.parse(life.agent.slosJSON(service: nil, name: nil, now: at(1e6)))
        func events(_ name: String) -> JSONValue? {
            slos["data"]?["slos"]?.elements.first { $0["name"]?.asString == name }?["events"]
        }
        // Exact, from the first request on.
        #expect(events("availability")?["total"]?.asDouble == 40)
        #expect(events("availability")?["bad"]?.asDouble == 4)
        #expect(events("no-drift")?["total"]?.asDouble == 4)
        #expect(events("no-drift")?["good"]?.asDouble == 4)
        #expect(driftBytes(of: try life.replayed()) == driftBytes(of: life.agent))
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
        var grown: [Int] = []
        for rows in [1, 500] {
            var event = FeatureEvent(.rows)
            event.model = "nobody"
            event.frame = driftFrame(rows: rows, shift: 0, seed: 1)
            let before = life.log.count
            life.send([event])
            grown.append(life.log.count - before)
        }
        #expect(grown[0] == grown[1])
        #expect(life.agent.drift.unwatched == 2)
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
