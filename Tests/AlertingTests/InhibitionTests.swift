import Alerting
import Model
import Testing

@Suite struct InhibitionTests {
    private func settings(_ rules: [InhibitRule]) -> NotifierSettings {
        var settings = routed(wait: .zero, interval: .seconds(10))
        settings.inhibitRules = rules
        return settings
    }

    private let down = InhibitRule(
        source: [Matcher("alertname", .equal, "down")],
        target: [Matcher("alertname", .equal, "slow")], equal: .of(["model"]))

    @Test func aTargetIsToldWhenItsSourceEnds() {
        var notifier = Notifier(settings([down]))
        notifier.breach(key("down", ("model", "a")), 0)
        notifier.breach(key("slow", ("model", "a")), 0)
        #expect(notifier.told(0) == ["down:firing"])
        #expect(notifier.told(10) == [])
        notifier.clear(key("down", ("model", "a")), 15)
        #expect(notifier.told(20) == ["down:resolved slow:firing"])
    }

    @Test func anotherValueOfAnEqualLabelInhibitsNothing() {
        var notifier = Notifier(settings([down]))
        notifier.breach(key("down", ("model", "a")), 0)
        notifier.breach(key("slow", ("model", "b")), 0)
        #expect(notifier.told(0) == ["down:firing slow:firing"])
    }

    @Test func labelsThatBothLackAreEqual() {
        var notifier = Notifier(settings([down]))
        notifier.breach(key("down"), 0)
        notifier.breach(key("slow"), 0)
        #expect(notifier.told(0) == ["down:firing"])
    }

    @Test func whatMatchesBothSidesIsNotInhibitedByItsLike() {
        let mutual = InhibitRule(
            source: [Matcher("severity", .equal, "page")],
            target: [Matcher("severity", .equal, "page")], equal: .of([]))
        var notifier = Notifier(settings([mutual]))
        notifier.breach(key("a", ("severity", "page")), 0)
        notifier.breach(key("b", ("severity", "page")), 0)
        #expect(notifier.told(0) == ["a:firing b:firing"])
    }

    @Test func whoWasToldOfAnAlertHearsItsEndThoughItIsInhibited() {
        var notifier = Notifier(settings([down]))
        notifier.breach(key("slow"), 0)
        #expect(notifier.told(0) == ["slow:firing"])
        notifier.breach(key("down"), 5)
        notifier.clear(key("slow"), 6)
        #expect(notifier.told(10) == ["down:firing slow:resolved"])
        #expect(notifier.told(30) == [])
    }

    @Test func whatEndsInhibitedAndUntoldIsForgotten() {
        var notifier = Notifier(settings([down]))
        notifier.breach(key("down"), 0)
        notifier.breach(key("slow"), 0)
        #expect(notifier.told(0) == ["down:firing"])
        notifier.clear(key("slow"), 5)
        #expect(notifier.told(10) == [])
        notifier.clear(key("down"), 15)
        #expect(notifier.told(20) == ["down:resolved"])
        #expect(notifier.groupCount == 0)
    }

    @Test func theFastBurnOfAnSLOSpeaksForTheSlowOnes() {
        var notifier = Notifier(settings(InhibitRule.standard))
        func burn(_ window: String, _ severity: String, _ slo: String = "availability") -> Labels {
            key(
                "SLOBurn", ("window", window), ("severity", severity), ("slo", slo),
                ("service", "recommender"))
        }
        notifier.breach(burn("3d", "ticket"), 0)
        notifier.breach(burn("1h", "page"), 0)
        notifier.breach(burn("6h", "page", "latency"), 0)
        notifier.breach(burn("1d", "ticket", "freshness"), 0)
        let bodies = notifier.tick(0)
        #expect(bodies.count == 1)
        #expect(bodies[0].contains(#""window":"1h""#))
        #expect(bodies[0].contains("freshness"))
        #expect(!bodies[0].contains(#""window":"3d""#))
        #expect(!bodies[0].contains("latency"))
    }
}
