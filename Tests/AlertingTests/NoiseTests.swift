import Alerting
import Model
import Testing
import Text

/// What keeps a storm from people: flap detection, the hold, time intervals, the watchdog.
@Suite struct NoiseTests {
    private func flapping(_ transitions: Int = 4, window: TimeSpan = .minutes(10))
        -> NotifierSettings
    {
        var settings = routed(groupBy: ["alertname"], wait: .zero, interval: .seconds(10))
        settings.flapping = FlapSettings(transitions: transitions, window: window)
        return settings
    }

    private func annotation(_ body: String) -> String? { between(body, "\"flapping\":\"", "\"") }

    @Test func anAlertThatFlapsIsToldOnceWithASummaryAndOnceWhenItIsCalm() throws {
        var notifier = Notifier(flapping())
        var bodies: [String] = []
        // It fires and ends every ten seconds, for five minutes.
        for step in 0..<30 {
            let time = Int64(step) * 10
            if step % 2 == 0 {
                notifier.breach(key("a"), time)
            } else {
                notifier.clear(key("a"), time)
            }
            bodies += notifier.tick(time)
        }
        #expect(bodies.map(summary) == ["a:firing", "a:resolved", "a:firing", "a:firing"])
        #expect(bodies.dropLast().allSatisfy { annotation($0) == nil })
        #expect(
            annotation(bodies.last ?? "")
                == "4 changes within 10m; told as firing until it has not changed for 10m")
        #expect(notifier.isFlapping(key("a")))
        #expect(notifier.flapFigures.held == 26)
        #expect(notifier.flapFigures.began == 1)
        // The last change, an end, was at 290.
        #expect(notifier.told(889) == [])
        #expect(notifier.nextDeadline == at(890))
        let end = notifier.tick(890) + notifier.tick(900)
        #expect(end.map(summary) == ["a:resolved"])
        #expect(annotation(end.first ?? "")?.hasPrefix("30 changes; none since ") == true)
        #expect(!notifier.isFlapping(key("a")))
    }

    @Test func oneThatIsCalmAndFiresStaysToldAndItsEndIsUsual() {
        var notifier = Notifier(flapping())
        for step in 0..<7 {
            let time = Int64(step) * 10
            if step % 2 == 0 {
                notifier.breach(key("a"), time)
            } else {
                notifier.clear(key("a"), time)
            }
            _ = notifier.tick(time)
        }
        #expect(notifier.told(700) == [])
        #expect(!notifier.isFlapping(key("a")))
        notifier.clear(key("a"), 705)
        #expect(notifier.told(720) == ["a:resolved"])
    }

    @Test func fewChangesWithinTheWindowAreNoFlapping() {
        var notifier = Notifier(flapping(4, window: .seconds(25)))
        for step in 0..<12 {
            let time = Int64(step) * 10
            if step % 2 == 0 {
                notifier.breach(key("a"), time)
            } else {
                notifier.clear(key("a"), time)
            }
            #expect(notifier.told(time).count == 1)
        }
        #expect(notifier.flapFigures.began == 0)
    }

    @Test func othersOfItsGroupAreToldAsEver() {
        var settings = flapping()
        settings.route = RouteSettings(
            receiver: "all", groupWait: .zero, groupInterval: .seconds(10))
        var notifier = Notifier(settings)
        for step in 0..<9 {
            let time = Int64(step) * 10
            if step % 2 == 0 {
                notifier.breach(key("a"), time)
            } else {
                notifier.clear(key("a"), time)
            }
            _ = notifier.tick(time)
        }
        notifier.breach(key("b"), 91)
        #expect(notifier.told(100) == ["a:firing b:firing"])
        notifier.clear(key("b"), 101)
        #expect(notifier.told(110) == ["a:firing b:resolved"])
    }

    @Test func withoutFlapDetectionEveryChangeIsTold() {
        var settings = flapping()
        settings.flapping = nil
        var notifier = Notifier(settings)
        var bodies: [String] = []
        for step in 0..<30 {
            let time = Int64(step) * 10
            if step % 2 == 0 {
                notifier.breach(key("a"), time)
            } else {
                notifier.clear(key("a"), time)
            }
            bodies += notifier.tick(time)
        }
        #expect(bodies.count == 30)
    }

    // MARK: The hold

    @Test func anEndIsToldWhenTheHoldHasPassed() {
        var settings = routed(wait: .zero, interval: .seconds(10))
        settings.resolveHold = .seconds(60)
        var notifier = Notifier(settings)
        notifier.breach(key("a"), 0)
        #expect(notifier.told(0) == ["a:firing"])
        notifier.clear(key("a"), 20)
        #expect(notifier.told(50) == [])
        notifier.breach(key("a"), 55)
        #expect(notifier.told(70) == [])
        notifier.clear(key("a"), 80)
        notifier.clear(key("a"), 139)
        #expect(notifier.told(139) == [])
        notifier.clear(key("a"), 140)
        #expect(notifier.told(150) == ["a:resolved"])
    }

    @Test func whatARuleReportsNoMoreEndsByItselfAfterTheHold() {
        var settings = routed(wait: .zero, interval: .seconds(10))
        settings.resolveHold = .seconds(60)
        var notifier = Notifier(settings)
        let state = AlertState.firing(since: at(0), firedAt: at(0))
        notifier.adopt(state, of: key("a"), details: AlertDetails(), now: at(0))
        #expect(notifier.told(0) == ["a:firing"])
        #expect(notifier.release(key("a"), at: at(20), now: at(20)) == nil)
        notifier.adopt(state, of: key("a"), details: AlertDetails(), now: at(30))
        #expect(notifier.told(100) == [])
        #expect(notifier.release(key("a"), at: at(110), now: at(110)) == nil)
        #expect(notifier.told(169) == [])
        #expect(notifier.told(180) == ["a:resolved"])
        #expect(notifier.takeEnded() == [key("a")])
        #expect(notifier.takeEnded() == [])
    }

    // MARK: Time intervals

    private func muted(
        mute: [String] = [], active: [String] = [], minutes: Range<Int>
    ) -> NotifierSettings {
        var settings = routed(wait: .zero, interval: .seconds(60))
        var night = TimeInterval()
        night.times = [minutes]
        settings.timeIntervals = [NamedTimeInterval(name: "night", parts: [night])]
        settings.route?.muteTimeIntervals = mute
        settings.route?.activeTimeIntervals = active
        return settings
    }

    // 16:15:25 is minute 975 of the day.
    @Test func aMutedRouteTellsAfterwardsWhatStillFiresAndTheEndsOfWhatItTold() {
        var notifier = Notifier(muted(mute: ["night"], minutes: 977..<980))
        notifier.breach(key("old"), 0)
        #expect(notifier.told(0) == ["old:firing"])
        notifier.breach(key("short"), 120)
        notifier.breach(key("new"), 130)
        notifier.clear(key("old"), 140)
        #expect(notifier.told(150) == [])
        #expect(notifier.standings(at: at(150)).map(\.mutedBy) == [["night"], ["night"]])
        notifier.clear(key("short"), 160)
        #expect(notifier.told(240) == [])
        #expect(notifier.told(300) == ["new:firing old:resolved"])
        #expect(notifier.standings(at: at(300)).map(\.mutedBy) == [[]])
    }

    @Test func aRouteOutsideItsActiveTimesTellsNothing() {
        var notifier = Notifier(muted(active: ["night"], minutes: 977..<980))
        notifier.breach(key("a"), 0)
        #expect(notifier.told(60) == [])
        #expect(notifier.standings(at: at(60)).map(\.mutedBy) == [["not night"]])
        #expect(notifier.told(120) == ["a:firing"])
    }

    @Test func intervalsBelongToTheirRouteNotToThoseBelow() {
        var settings = muted(mute: ["night"], minutes: 0..<1440)
        var child = RouteSettings(receiver: "all", groupWait: .zero)
        child.matchers = [Matcher("alertname", .equal, "b")]
        settings.route?.children = [child]
        var notifier = Notifier(settings)
        notifier.breach(key("a"), 0)
        notifier.breach(key("b"), 0)
        #expect(notifier.told(0) == ["b:firing"])
    }

    // MARK: Watchdog

    @Test func theWatchdogIsToldAgainAndAgainWhateverIsSilenced() throws {
        var settings = routed(wait: .zero)
        let watchdog = WatchdogSettings(receiver: "all", interval: .seconds(30))
        settings.watchdog = watchdog
        settings.route?.children = [watchdog.route]
        settings.flapping = FlapSettings(transitions: 2, window: .hours(1))
        settings.inhibitRules = [InhibitRule(source: [], target: [], equal: .of([]))]
        var notifier = Notifier(settings)
        notifier.adopt(
            .firing(since: at(0), firedAt: at(0)), of: watchdog.key, details: watchdog.details,
            now: at(0))
        notifier.breach(key("a"), 0)
        _ = try notifier.silence(
            SilenceDraft(
                replaces: nil, matchers: [Matcher("alertname", .matches, ".+")],
                startsAt: at(0), endsAt: at(5000), createdBy: "ann", comment: "quiet"),
            id: "1", now: at(0))
        for step in 0..<10 { #expect(notifier.told(Int64(step) * 30) == ["Watchdog:firing"]) }
    }
}
