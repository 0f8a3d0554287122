import Alerting
import Model
import Testing

// A random walk: 12 alerts come and go, the sinks answer 200, 503, 429, time out or stay silent,
// the agent restarts and reloads. Each sink keeps what it was last told. When the sinks are well
// again they must come to know exactly what fires, and the counters must balance at every step.

/// What a sink believes, from the bodies it accepted.
private struct Sink {
    var firing: Set<String> = []

    mutating func accept(_ delivery: Delivery, at now: Timestamp) {
        let body = String(decoding: delivery.body, as: UTF8.self)
        switch delivery.destination {
        case .receiver:
            for notice in notices(body) { set(notice.name, notice.status == "firing") }
        case .alertmanager:
            // Both are RFC 3339 in UTC with the same digits up to the second: text order is time's.
            for alert in posted(body) { set(alert.name, alert.endsAt > now.rfc3339) }
        }
    }

    private mutating func set(_ name: String, _ isFiring: Bool) {
        if isFiring { firing.insert(name) } else { firing.remove(name) }
    }
}

private struct Walk {
    var generator: SeededGenerator
    var notifier: Notifier
    var now: Int64 = 0
    var inFlight: [Delivery] = []
    var sinks: [Destination: Sink] = [:]
    var everFired: Set<String> = []
    let refuses: Bool

    init(seed: UInt64, refuses: Bool) {
        generator = SeededGenerator(state: seed)
        notifier = Notifier(Self.settings)
        self.refuses = refuses
    }

    static var settings: NotifierSettings {
        var settings = routed(groupBy: ["slo"], wait: .seconds(10), interval: .minutes(1))
        settings.alertmanagers = ["http://am1", "http://am2"]
        return settings
    }

    mutating func step() {
        now += Int64.random(in: 0...20, using: &generator)
        let number = Int.random(in: 0..<12, using: &generator)
        let key = key("n\(number)", ("slo", "s\(number % 3)"))
        let observation =
            [Observation.breaching, .breaching, .clear, .unknown]
            .randomElement(using: &generator) ?? .unknown
        let change = notifier.observe(
            observation, of: key, details: AlertDetails(),
            hold: .seconds(Int64(number % 3 * 30)), at: at(now), now: at(now))
        if case .fired = change { everFired.insert("n\(number)") }
        inFlight += notifier.takeDeliveries()
        if Int.random(in: 0..<3, using: &generator) > 0 { answerOne() }
        switch Int.random(in: 0..<100, using: &generator) {
        case 0:
            inFlight = []
            notifier.restarted()
        case 1: notifier.configure(Self.settings)
        default: notifier.advance(to: at(now))
        }
    }

    private mutating func answerOne() {
        guard !inFlight.isEmpty else { return }
        let index = Int.random(in: 0..<inFlight.count, using: &generator)
        let delivery = inFlight.remove(at: index)
        switch Int.random(in: 0..<(refuses ? 6 : 5), using: &generator) {
        case 0, 1: accept(delivery)
        case 2: settle(delivery, .refused(status: 503, retryAfter: nil))
        case 3: settle(delivery, .refused(status: 429, retryAfter: .seconds(20)))
        case 4:
            // It arrived, but nobody knows: it will arrive twice.
            sinks[delivery.destination, default: Sink()].accept(delivery, at: at(now))
            settle(delivery, .failed(reason: .timedOut))
        default: settle(delivery, .refused(status: 400, retryAfter: nil))
        }
    }

    private mutating func settle(_ delivery: Delivery, _ outcome: Outcome) {
        notifier.delivered(delivery.id, outcome, now: at(now))
    }

    private mutating func accept(_ delivery: Delivery) {
        sinks[delivery.destination, default: Sink()].accept(delivery, at: at(now))
        settle(delivery, .delivered(status: 200))
    }

    /// The sinks are well again, for ten minutes.
    mutating func recover() {
        for _ in 0..<600 {
            now += 1
            notifier.advance(to: at(now))
            inFlight += notifier.takeDeliveries()
            let answered = inFlight
            inFlight = []
            for delivery in answered { accept(delivery) }
        }
    }

    var isBalanced: Bool {
        let counters = notifier.outbox.counters
        return counters.enqueued
            == counters.delivered + counters.droppedTotal + UInt64(notifier.outbox.queued)
    }

    var firing: Set<String> {
        Set(notifier.alerts.filter(\.isFiring).compactMap { $0.labels["alertname"] })
    }
}

@Suite struct NothingIsLostTests {
    @Test(arguments: UInt64(1)...12)
    func everySinkComesToKnowWhatFires(_ seed: UInt64) {
        var walk = Walk(seed: seed, refuses: false)
        for _ in 0..<600 {
            walk.step()
            #expect(walk.isBalanced)
        }
        walk.recover()
        #expect(!walk.everFired.isEmpty)
        #expect(walk.sinks.count == 3)
        for sink in walk.sinks.values { #expect(sink.firing == walk.firing) }
        #expect(walk.notifier.outbox.queued == 0)
        let counters = walk.notifier.outbox.counters
        #expect(counters.dropped(.refused) == 0)
        // The walk went where it is rough.
        #expect(counters.retriableRefusals > 0 && counters.failed(.timedOut) > 0)
        #expect(counters.dropped(.superseded) > 0 && counters.attempts > counters.delivered)
    }

    @Test(arguments: UInt64(41)...46)
    func whatFiresIsToldEvenAfterRefusals(_ seed: UInt64) {
        var walk = Walk(seed: seed, refuses: true)
        for _ in 0..<600 {
            walk.step()
            #expect(walk.isBalanced)
        }
        walk.recover()
        for sink in walk.sinks.values { #expect(walk.firing.isSubset(of: sink.firing)) }
        #expect(walk.notifier.outbox.counters.dropped(.refused) > 0)
        #expect(walk.isBalanced)
    }

    @Test(arguments: UInt64(61)...62)
    func theSameWalkTwiceSendsTheSame(_ seed: UInt64) {
        var first = Walk(seed: seed, refuses: true)
        var second = Walk(seed: seed, refuses: true)
        for _ in 0..<300 {
            first.step()
            second.step()
            #expect(first.inFlight == second.inFlight)
            #expect(first.notifier.nextDeadline == second.notifier.nextDeadline)
        }
    }
}
