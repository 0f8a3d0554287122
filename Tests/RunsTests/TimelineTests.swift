import Model
import Testing
import Wire

@testable import Runs

@Suite struct TimelineTests {
    private func change(
        _ kind: ChangeKind, _ seconds: Int64, model: String = "fraud", namespace: String = "",
        key: String = "", version: String = "7", detail: String = "champion"
    ) -> ChangeReport {
        var change = ChangeReport(kind)
        change.key = key.isEmpty ? "\(kind)/\(model)/\(seconds)" : key
        change.model = model
        change.namespace = namespace
        change.version = version
        change.detail = detail
        change.at = at(seconds)
        return change
    }

    private let alert = Labels([
        ("alertname", "SLOBurn"), ("namespace", "bank"), ("service", "fraud"),
    ])

    @Test func theSameThingToldAgainIsOneThing() {
        var timeline = Timeline()
        timeline.take(change(.alias, 10, key: "k"), at: at(11))
        timeline.take(change(.alias, 12, key: "k"), at: at(13))
        #expect(timeline.entries.map(\.at) == [at(10)])
        #expect(timeline.entries[0].title == "fraud alias champion moved to version 7")
    }

    @Test func theChangeSeenLastIsTheNewestThatIsAboutTheSameModel() {
        var timeline = Timeline()
        timeline.take(change(.deploy, 10, namespace: "bank"), at: at(10))
        timeline.take(change(.alias, 20), at: at(20))
        timeline.take(change(.deploy, 25, model: "other", namespace: "shop"), at: at(25))
        timeline.take(change(.alias, 30), at: at(40))
        #expect(timeline.lastChange(before: at(29), of: alert)?.at == at(20))
        #expect(timeline.lastChange(before: at(30), of: alert)?.at == at(30))
        #expect(timeline.lastChange(before: at(9), of: alert) == nil)
        #expect(timeline.lastChange(before: at(30 + 86_401), of: alert) == nil)
        let elsewhere = Labels([("namespace", "shop"), ("model", "other")])
        #expect(timeline.lastChange(before: at(60), of: elsewhere)?.at == at(25))
    }

    @Test func whatMayBeAboutItStandsBackBehindWhatIs() {
        var timeline = Timeline()
        timeline.take(change(.alias, 20), at: at(20))
        timeline.take(change(.other, 30, model: "", detail: "new node pool"), at: at(30))
        #expect(timeline.lastChange(before: at(60), of: alert)?.kind == .alias)
        let unknown = Labels([("service", "search")])
        #expect(timeline.lastChange(before: at(60), of: unknown)?.title == "new node pool")
    }

    @Test func oneSortDoesNotPushOutAnother() {
        var timeline = Timeline()
        timeline.take(change(.deploy, 1), at: at(1))
        for number in 0..<(Timeline.alertsMax * 2) {
            timeline.fired(Labels([("n", String(number))]), "x", at: at(Int64(number)))
        }
        #expect(timeline.entries.count { $0.kind == .deploy } == 1)
        let figures = timeline.figures[2]
        #expect(figures.count <= Timeline.alertsMax)
        #expect(figures.taken == UInt64(figures.count) + figures.dropped)
    }

    // MARK: Recovery

    @Test func timeToRecoveryIsCountedOnceForEachEpisode() {
        var timeline = Timeline()
        var told = AlertReport()
        told.labels = Labels([("alertname", "Down"), ("severity", "page")])
        told.startsAt = at(100)
        told.isFiring = true
        timeline.take(told, at: at(130))
        timeline.take(told, at: at(430))
        told.isFiring = false
        told.endsAt = at(700)
        for _ in 0..<3 { timeline.take(told, at: at(710)) }
        told.isFiring = true
        told.endsAt = nil
        timeline.take(told, at: at(711))
        #expect(timeline.recoveries.rows.count == 1)
        let row = timeline.recoveries.rows[0]
        #expect(row.count == 1 && row.seconds == 600)
        #expect(row.severity == "page" && row.source == "alertmanager")
        #expect(row.buckets == [0, 0, 1, 1, 1, 1, 1, 1, 1])
        #expect(timeline.entries.count == 1)
        // It fires again: another episode.
        told.startsAt = at(900)
        timeline.take(told, at: at(930))
        #expect(timeline.entries.count == 2)
    }

    @Test func ourOwnAlertsRecoverToo() {
        var timeline = Timeline()
        let key = Labels([("alertname", "SLOBurn"), ("severity", "ticket")])
        timeline.fired(key, "burns", at: at(0))
        timeline.resolved(key, at: at(60))
        timeline.resolved(key, at: at(90))
        #expect(timeline.recoveries.rows.map(\.count) == [1])
        #expect(timeline.recoveries.rows.map(\.seconds) == [60])
        #expect(timeline.entries.map(\.until) == [at(60)])
    }

    @Test func aCheckpointKeepsAllOfIt() {
        var timeline = Timeline()
        timeline.take(change(.stage, 3), at: at(4))
        timeline.drifted(Labels([("model", "fraud")]), "moved", at: at(5))
        timeline.fired(alert, "burns", at: at(6))
        timeline.resolved(Labels([("x", "y")]), at: at(7))
        var archive = Archive()
        archive.field(&timeline)
        var copy = Timeline()
        var reading = Archive(reading: archive.bytes)
        reading.field(&copy)
        #expect(reading.isComplete)
        #expect(copy.entries == timeline.entries)
        copy.resolved(alert, at: at(20))
        #expect(copy.entries.last?.until == at(20))
        for cut in 0..<archive.bytes.count {
            var short = Archive(reading: Array(archive.bytes[..<cut]))
            var other = Timeline()
            short.field(&other)
            #expect(!short.isComplete)
        }
    }
}
