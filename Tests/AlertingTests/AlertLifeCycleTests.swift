import Alerting
import Model
import Testing

@Suite struct AlertLifeCycleTests {
    private let patient = AlertTerms(hold: .seconds(60), keepFiring: .seconds(90))

    @Test func keepsFiringUntilItsTimeHasPassed() {
        var state = AlertState.inactive
        #expect(state.observe(.breaching, patient, at: at(0)) == .pendingBegan(since: at(0)))
        #expect(state.observe(.breaching, patient, at: at(59)) == nil)
        #expect(state.observe(.breaching, patient, at: at(60)) == .fired(at: at(60)))
        #expect(state.observe(.clear, patient, at: at(70)) == nil)
        #expect(
            state == .keptFiring(since: at(0), firedAt: at(60), clearSince: at(70)))
        #expect(state.isFiring && state.name == "firing" && state.keptSince == at(70))
        #expect(state.observe(.clear, patient, at: at(159)) == nil)
        #expect(
            state.observe(.clear, patient, at: at(160))
                == .resolved(at: at(160), reason: .cleared))
        #expect(state.resolvedAt == at(160) && !state.isFiring)
    }

    @Test func aBreachWhileItIsKeptStartsTheTimeAnew() {
        var state = AlertState.keptFiring(since: at(0), firedAt: at(60), clearSince: at(70))
        #expect(state.observe(.breaching, patient, at: at(150)) == nil)
        #expect(state == .firing(since: at(0), firedAt: at(60)))
        #expect(state.observe(.clear, patient, at: at(155)) == nil)
        #expect(state.observe(.clear, patient, at: at(244)) == nil)
        #expect(state.observe(.clear, patient, at: at(245)) != nil)
    }

    @Test func nothingKnownChangesNothing() {
        let states: [AlertState] = [
            .inactive, .pending(since: at(1)), .firing(since: at(1), firedAt: at(2)),
            .keptFiring(since: at(1), firedAt: at(2), clearSince: at(3)),
            .resolved(since: at(1), firedAt: at(2), at: at(3), reason: .cleared),
        ]
        for state in states {
            var copy = state
            #expect(copy.observe(.unknown, patient, at: at(1000)) == nil)
            #expect(copy == state)
            var archive = Archive()
            archive.field(&copy)
            var reading = Archive(reading: archive.bytes)
            var back = AlertState.blank
            reading.field(&back)
            #expect(reading.isComplete && back == state)
        }
    }

    @Test func aRemovedRuleEndsWhatIsKept() {
        var state = AlertState.keptFiring(since: at(0), firedAt: at(60), clearSince: at(70))
        #expect(
            state.end(.ruleRemoved, at: at(80)) == .resolved(at: at(80), reason: .ruleRemoved))
        #expect(state.end(.ruleRemoved, at: at(81)) == nil)
    }

    @Test func theBookKeepsFiringToo() {
        var book = AlertBook()
        let key = Labels([("alertname", "A")])
        func observe(_ observation: Observation, _ seconds: Int64) -> AlertChange? {
            book.observe(
                observation, of: key, details: AlertDetails(value: Double(seconds)), hold: .zero,
                keepFiring: .seconds(30), at: at(seconds), now: at(seconds))
        }
        #expect(observe(.breaching, 0) == .fired(at: at(0)))
        #expect(observe(.clear, 10) == nil)
        #expect(book[key]?.isFiring == true && book[key]?.details.value == 0)
        #expect(observe(.clear, 39) == nil)
        #expect(observe(.clear, 40) == .resolved(at: at(40), reason: .cleared))
    }
}

/// The life of an alert as Prometheus' documentation tells it, kept in plain fields: the breach
/// starts the clock of `for`, the end of it that of `keep_firing_for`.
private struct PlainAlert {
    enum State { case inactive, pending, firing }

    var state = State.inactive
    var activeAt: Timestamp?
    var firedAt: Timestamp?
    var keptSince: Timestamp?
    var resolvedAt: Timestamp?

    mutating func evaluate(_ isBreaching: Bool, _ terms: AlertTerms, at time: Timestamp) {
        guard isBreaching else {
            if state == .firing && terms.keepFiring > .zero {
                keptSince = keptSince ?? time
                if let keptSince, time - keptSince < terms.keepFiring { return }
            }
            if state == .firing { resolvedAt = time }
            if state == .pending { self = PlainAlert() }
            (state, keptSince) = (.inactive, nil)
            return
        }
        keptSince = nil
        if state == .inactive {
            self = PlainAlert()
            (state, activeAt) = (.pending, time)
        }
        if state == .pending, let activeAt, time - activeAt >= terms.hold {
            (state, firedAt) = (.firing, time)
        }
    }
}

@Suite struct AlertLifeCycleModelTests {
    @Test func randomLivesAreThoseOfThePlainModel() {
        for seed in 0..<400 {
            var generator = SeededGenerator(state: UInt64(seed))
            let terms = AlertTerms(
                hold: .seconds(Int64.random(in: 0...3, using: &generator) * 20),
                keepFiring: .seconds(Int64.random(in: 0...3, using: &generator) * 20))
            var plain = PlainAlert()
            var state = AlertState.inactive
            var seconds: Int64 = 0
            for _ in 0..<120 {
                seconds += Int64.random(in: 1...30, using: &generator)
                let isBreaching = Int64.random(in: 0...9, using: &generator) < 6
                let time = at(seconds)
                plain.evaluate(isBreaching, terms, at: time)
                _ = state.observe(isBreaching ? .breaching : .clear, terms, at: time)
                #expect(state.activeAt == plain.activeAt, "seed \(seed)")
                #expect(state.firedAt == plain.firedAt, "seed \(seed)")
                #expect(state.keptSince == plain.keptSince, "seed \(seed)")
                #expect(state.resolvedAt == plain.resolvedAt, "seed \(seed)")
                #expect(state.isFiring == (plain.state == .firing), "seed \(seed)")
            }
        }
    }
}
