import Model
import Testing

@testable import Ingest

/// The short way of counting gives what the general way gives.
@Suite struct GrowthTests {
    private static func routes(_ random: inout SeededGenerator) -> [Route] {
        (0..<Int.random(in: 0...3, using: &random)).map { slot in
            Route(
                slot: UInt32(slot), since: .distantPast,
                reading: Int.random(in: 0..<8, using: &random) == 0 ? .gauge : .counter)
        }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func growthIsCountedAsTheGeneralWayCountsIt(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        let routes = Self.routes(&random)
        var quick = Feed(startingAt: CounterCursor(), metric: 3, target: 7, routes: routes)
        var time = Timestamp(millis: 1_700_000_000_000)
        var value = 0.0
        var taken = 0
        for _ in 0..<400 {
            time = time + .seconds(.random(in: 1...90, using: &random))
            switch Int.random(in: 0..<12, using: &random) {
            case 0: value = Double(Int.random(in: 0...9, using: &random))
            case 1: value = .nan
            case 2: value = -1
            case 3: value = 0x1p53
            default:
                let base = Counter.isCount(value) ? value : 5
                value = base + Double(Int.random(in: 0...50, using: &random))
            }
            let start = Int.random(in: 0..<9, using: &random) == 0 ? time.millis - 5 : 0
            let sample = CountedSample(feed: 0, value: value, start: start)
            let isOther = seed % 4 == 0 && Int.random(in: 0..<50, using: &random) == 0
            let replica: UInt8 = isOther ? 1 : 0
            var general = quick
            var found: [Increment] = []
            let isTaken = quick.takeGrowth(
                sample, at: time, replica: replica, gapAfter: .seconds(60), of: 7, into: &found)
            let judged = general.head.take(
                sample, at: time, replica: Int(replica), gapAfter: .seconds(60))
            guard isTaken else {
                #expect(found.isEmpty)
                if !general.routes.contains(where: { $0.reading == .gauge }) { quick = general }
                continue
            }
            taken += 1
            let expected = routes.map { route in
                Increment(
                    slot: route.slot, kind: .normal, time: time, value: judged?.value ?? -1,
                    span: judged?.span ?? .days(9), target: 7)
            }
            if case .known(.normal)? = judged?.kind {
                #expect(found == expected, "seed \(seed)")
            } else {
                Issue.record("seed \(seed): \(String(describing: judged))")
            }
            #expect(quick.head.cursor.time == general.head.cursor.time)
            #expect(quick.head.cursor.value == general.head.cursor.value)
            #expect(quick.head.cursor.start == general.head.cursor.start)
        }
        let isPlain = seed % 4 > 0 && !routes.contains { $0.reading == .gauge }
        #expect(taken > 50 || !isPlain, "seed \(seed): \(taken)")
    }
}
