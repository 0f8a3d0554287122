import Alerting
import Model
import Testing
import Text

@Suite struct PostedAlertTests {
    private var settings: NotifierSettings {
        var settings = routed(wait: .zero, interval: .seconds(10))
        settings.externalLabels = Labels([("cluster", "eu1")])
        return settings
    }

    private func read(_ text: String) throws -> (alerts: [PostedAlert], faults: [String]) {
        try PostedAlert.read(try JSONValue.parse(Array(text.utf8)), now: at(0))
    }

    private func post(
        _ notifier: inout Notifier, _ seconds: Int64, start: Int64? = nil, end: Int64? = nil
    ) {
        notifier.post(
            [
                PostedAlert(
                    labels: key("out"), details: AlertDetails(annotations: [("summary", "x")]),
                    startsAt: start.map(at), endsAt: end.map(at))
            ], now: at(seconds))
    }

    @Test func oneThatNobodyRepeatsEndsAfterFiveMinutes() throws {
        var notifier = Notifier(settings)
        post(&notifier, 0)
        let body = try #require(notifier.tick(0).first)
        #expect(summary(body) == "out:firing")
        #expect(!body.contains("cluster"), "the labels are its sender's")
        #expect(notifier.nextDeadline.map { $0 <= at(300) } == true)
        #expect(notifier.told(299) == [])
        #expect(notifier.told(310) == ["out:resolved"])
        #expect(notifier.takeEnded() == [key("out")])
    }

    @Test func oneThatIsRepeatedGoesOnFromItsStart() {
        var notifier = Notifier(settings)
        post(&notifier, 0, start: -50, end: 100)
        #expect(notifier.told(0) == ["out:firing"])
        post(&notifier, 90, start: 90, end: 190)
        #expect(notifier.standings(at: at(100)).map(\.endsAt) == [at(190)])
        #expect(notifier.told(189) == [])
        #expect(notifier.alerts.first?.startsAt == at(-50))
        post(&notifier, 189, start: -50, end: 185)
        #expect(notifier.alerts.first?.endsAt == at(185))
        #expect(notifier.told(200) == ["out:resolved"])
    }

    @Test func oneOfOurOwnStaysAsItIs() {
        var notifier = Notifier(settings)
        notifier.breach(key("out"), 0)
        post(&notifier, 1, end: 2)
        #expect(notifier.alerts.map(\.isPosted) == [false])
        #expect(notifier.told(30) == ["out:firing"])
        #expect(notifier.alerts.first?.isFiring == true)
    }

    @Test func anEndOfSomethingUnknownIsNothing() {
        var notifier = Notifier(settings)
        post(&notifier, 10, start: 0, end: 9)
        #expect(notifier.alerts.isEmpty)
    }

    @Test func postedAlertsAreNotSentOnToAlertmanagers() {
        var settings = feeding("http://am")
        settings.route = routed(wait: .zero).route
        settings.receivers = routed().receivers
        var notifier = Notifier(settings)
        post(&notifier, 0)
        notifier.breach(key("own"), 0)
        #expect(notifier.tick(0).map { posted($0).map(\.name) } == [["own"], []])
        #expect(notifier.tick(60).map { posted($0).map(\.name) } == [["own"]])
    }

    @Test func theBodyIsReadAsAlertmanagerReadsIt() throws {
        let good = try read(
            """
            [{"labels":{"alertname":"a","empty":"","é.x":"y"},"annotations":{"s":"t"},
              "startsAt":"2026-11-24T10:00:00.5+01:00","endsAt":"0001-01-01T00:00:00Z",
              "generatorURL":"http://g/"}]
            """)
        #expect(good.faults.isEmpty)
        #expect(good.alerts.first?.labels == Labels([("alertname", "a"), ("é.x", "y")]))
        #expect(good.alerts.first?.startsAt == Timestamp(rfc3339: "2026-11-24T09:00:00.5Z"))
        #expect(good.alerts.first?.endsAt == nil)
        let mixed = try read(
            """
            [{"labels":{"a":""}},{"labels":{"ok":"1"}},{"labels":{"a":"b"},
              "startsAt":"2026-11-25T10:00:00Z","endsAt":"2026-11-24T10:00:00Z"}]
            """)
        #expect(mixed.alerts.map(\.labels) == [Labels([("ok", "1")])])
        #expect(
            mixed.faults == [
                "at least one label pair required", "start time must be before end time",
            ])
        for text in ["{}", "[1]", #"[{"labels":1}]"#, #"[{"labels":{"a":1}}]"#, "[{}]"] {
            #expect(throws: BodyFault.self) { try read(text) }
        }
        let large = #"[{"labels":{"a":""# + String(repeating: "x", count: 70_000) + "\"}}]"
        #expect(try read(large).faults.count == 1)
    }
}
