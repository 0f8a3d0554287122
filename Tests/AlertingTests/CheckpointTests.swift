import Model
import Testing

@testable import Alerting

/// A notifier that went through a checkpoint is the notifier that did not.
@Suite struct CheckpointTests {
    private static var settings: NotifierSettings {
        var settings = routed(groupBy: ["slo"], wait: .seconds(10), interval: .minutes(1))
        settings.alertmanagers = ["http://am1", "http://am2"]
        settings.limits.deadLetters = 20
        settings.limits.deliveriesPerDestination = 12
        settings.limits.alerts = 25
        settings.limits.groupedAlerts = 30
        return settings
    }

    private static let outcomes: [Outcome] = [
        .delivered(status: 200), .delivered(status: 200), .refused(status: 503, retryAfter: nil),
        .refused(status: 429, retryAfter: .seconds(90)), .refused(status: 400, retryAfter: nil),
        .failed(reason: .timedOut), .failed(reason: .tls),
    ]

    /// Both notifiers live through the same; what they send must be the same.
    private struct Walk {
        var notifiers: [Notifier]
        var random: SeededGenerator
        var now: Int64 = 0
        var inFlight: [Delivery] = []

        mutating func step() throws {
            now += Int64.random(in: 0...25, using: &random)
            let number = Int.random(in: 0..<40, using: &random)
            let key = key("n\(number)", ("slo", "s\(number % 5)"))
            let breaches = Int.random(in: 0..<5, using: &random) > 1
            let details = AlertDetails(
                annotations: [("summary", "at \(now)"), ("é", "ü")], generatorURL: "http://x",
                value: Double(now) / 3)
            let choice = Int.random(in: 0..<60, using: &random)
            let outcome = CheckpointTests.outcomes.randomElement(using: &random)
            let answered = inFlight.isEmpty || choice % 3 == 0 ? nil : inFlight.removeFirst()
            var sent: [[Delivery]] = []
            for index in notifiers.indices {
                notifiers[index].observe(
                    breaches ? .breaching : .clear, of: key, details: details,
                    hold: .seconds(Int64(number % 3 * 30)), at: at(now), now: at(now))
                if let answered, let outcome {
                    notifiers[index].delivered(answered.id, outcome, now: at(now))
                }
                if choice == 0 {
                    notifiers[index].resolve(key, reason: .groupEnded, at: at(now), now: at(now))
                }
                if choice == 1 { notifiers[index].restarted() }
                if choice == 2 { notifiers[index].configure(CheckpointTests.settings) }
                notifiers[index].advance(to: at(now))
                sent.append(notifiers[index].takeDeliveries())
            }
            if choice == 1 { inFlight = [] }
            inFlight += sent[0]
            try #require(sent.allSatisfy { $0 == sent[0] })
            let deadline = notifiers[0].nextDeadline
            try #require(notifiers.allSatisfy { $0.nextDeadline == deadline })
        }
    }

    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func theRestGoesOnAsIfNothingHadHappened(seed: UInt64) throws {
        var walk = Walk(
            notifiers: [Notifier(Self.settings)], random: SeededGenerator(state: seed))
        let cut = Int.random(in: 1..<900, using: &walk.random)
        for _ in 0..<cut { try walk.step() }
        let sections = walk.notifiers[0].written
        let restored = try #require(Notifier.restored(from: sections, Self.settings))
        #expect(restored.written == sections)
        walk.notifiers.append(restored)
        for _ in cut..<900 { try walk.step() }
        let (one, other) = (walk.notifiers[0], walk.notifiers[1])
        #expect(one.alerts == other.alerts)
        #expect(one.outbox.statuses == other.outbox.statuses)
        #expect(one.outbox.counters == other.outbox.counters)
        #expect(one.outbox.deadLetters == other.outbox.deadLetters)
        #expect(one.groupCount == other.groupCount)
        #expect(one.groupRefusals == other.groupRefusals)
        #expect(one.book.refused == other.book.refused && one.book.evicted == other.book.evicted)
        #expect(one.written == other.written)
        let hasLetters = one.outbox.deadLetters.count > 3
        #expect(hasLetters && one.book.refused > 0, "the walk met no limit")
    }

    @Test func aSnapshotStaysWhatItWasWhileTheNotifierGoesOn() throws {
        var walk = Walk(notifiers: [Notifier(Self.settings)], random: SeededGenerator(state: 3))
        for _ in 0..<300 { try walk.step() }
        let taken = walk.notifiers[0].written
        var held = walk.notifiers[0].sections()
        for _ in 0..<300 { try walk.step() }
        var sections: [[UInt8]] = []
        while let section = held.next() { sections.append(section) }
        #expect(sections == taken)
        #expect(walk.notifiers[0].written != taken)
    }

    @Test func whatIsLongerThanASectionIsCut() throws {
        var settings = routed(wait: .zero)
        settings.alertmanagers = ["http://am"]
        var notifier = Notifier(settings)
        let text = String(repeating: "x", count: 4000)
        for number in 0..<600 {
            notifier.breach(
                key("n\(number)"), 1, details: AlertDetails(annotations: [("text", text)]))
        }
        _ = notifier.takeDeliveries()
        let sections = notifier.written
        #expect(sections.count >= 8)
        #expect(sections.allSatisfy { $0.count <= NotifierSections.bytesMax })
        let restored = try #require(Notifier.restored(from: sections, settings))
        #expect(restored.written == sections)
        for order in [Array(sections.dropLast()), Array(sections.dropFirst()), sections.reversed()]
        {
            #expect(Notifier.restored(from: order, settings) == nil)
        }
        #expect(Notifier.restored(from: [], settings) == nil)
        #expect(Notifier.restored(from: sections + sections, settings) == nil)
    }

    @Test func otherSettingsThanTheCheckpointsAreRefused() throws {
        var walk = Walk(notifiers: [Notifier(Self.settings)], random: SeededGenerator(state: 8))
        for _ in 0..<200 { try walk.step() }
        let sections = walk.notifiers[0].written
        var settings = Self.settings
        settings.alertmanagers = ["http://am1"]
        #expect(Notifier.restored(from: sections, settings) == nil)
        settings = Self.settings
        settings.route = nil
        #expect(Notifier.restored(from: sections, settings) == nil)
    }

    @Test func damagedSectionsAreRefusedOrGiveANotifierThatWorks() throws {
        var walk = Walk(notifiers: [Notifier(Self.settings)], random: SeededGenerator(state: 21))
        for _ in 0..<9 { try walk.step() }
        let sections = walk.notifiers[0].written
        let section = try #require(sections.first)
        #expect(sections.count == 1)
        for length in section.indices {
            #expect(Notifier.restored(from: [Array(section[..<length])], Self.settings) == nil)
        }
        var refused = 0
        var tried = 0
        for index in section.indices where index < 1500 || index % 5 == 0 {
            var damaged = section
            damaged[index] ^= UInt8.random(in: 1...255, using: &walk.random)
            tried += 1
            guard let restored = Notifier.restored(from: [damaged], Self.settings) else {
                refused += 1
                continue
            }
            var other = Walk(notifiers: [restored], random: SeededGenerator(state: 5), now: 2000)
            for _ in 0..<6 { try other.step() }
            other.notifiers[0].advance(to: at(200_000))
            _ = other.notifiers[0].drain(200_001)
            other.notifiers[0].configure(Self.settings)
            _ = other.notifiers[0].written
        }
        #expect(refused > tried / 20, "\(refused) of \(tried)")
    }
}

extension Notifier {
    /// All sections.
    fileprivate var written: [[UInt8]] {
        var sections = sections()
        var all: [[UInt8]] = []
        while let section = sections.next() { all.append(section) }
        return all
    }

    fileprivate static func restored(
        from sections: [[UInt8]], _ settings: NotifierSettings
    ) -> Notifier? {
        var notifier = Notifier()
        notifier.configure(settings)
        for section in sections where !notifier.restore(section) {
            return nil
        }
        return notifier.finishRestore() ? notifier : nil
    }
}

/// The dictionary in parts, beside a dictionary.
@Suite struct SplitTableTests {
    @Test func itIsADictionary() {
        var random = SeededGenerator(state: 1)
        var table = SplitTable<Labels, [Int]>()
        var plain: [Labels: [Int]] = [:]
        var snapshots: [(SplitTable<Labels, [Int]>, [Labels: [Int]])] = []
        for step in 0..<20_000 {
            let key = key("n\(Int.random(in: 0..<3000, using: &random))")
            if step % 3 == 0 {
                table[key] = nil
                plain[key] = nil
            } else if step % 5 == 0 {
                table[key]?.append(step)
                plain[key]?.append(step)
            } else {
                table[key] = [step]
                plain[key] = [step]
            }
            if step % 5000 == 4000 { snapshots.append((table, plain)) }
        }
        for (table, plain) in snapshots + [(table, plain)] {
            #expect(table.count == plain.count && table.isEmpty == plain.isEmpty)
            #expect(table.keys.sorted() == plain.keys.sorted())
            #expect(plain.allSatisfy { table[$0.key] == $0.value })
            #expect(table.values.count == plain.count)
        }
    }
}
