import Foundation
import Model
import Text

// What issue 5's scenarios are compared with: a list of events, sums over it, and the alerting rule
// as DESIGN §4.4 writes it. Shares no code with Sources; windows are those that the agent reports.
//
// Where each scenario (a) to (m) stands, fixed and in seeded variants:
// (a) (b) (c) (d) (e) (i) (l2)  BudgetScenarioTests; variants in BudgetVariantTests
// (f) (g) (h) (k) (l)           AlertScenarioTests, PeriodScenarioTests; variants in
//                               AlertVariantTests, EvidenceVariantTests
// (j) (l3)                      DeliveryScenarioTests, seeded; OutOfOrderTests, ReplicaTests
// (l4)                          LatencyScenarioTests; variants in LatencyOracleTests
// (m)                           PeriodScenarioTests; variants in MonthVariantTests, CalendarTests
// quiet services                QuietServiceTests

/// Events of one group.
struct Story {
    struct Event {
        let time: Double
        let total: Double
        let bad: Double
        /// Over how long they happened, when that is more than two intervals.
        var span = 0.0
    }

    private(set) var events: [Event] = []

    mutating func add(_ time: Double, total: Double, bad: Double, span: Double = 0) {
        events.append(Event(time: time, total: total, bad: bad, span: span))
    }

    /// Over (from, to]; a window leaves out what happened over more than its length.
    func sum(from: Double, to: Double, window: Double = .infinity) -> (bad: Double, total: Double) {
        var sum = (bad: 0.0, total: 0.0)
        for event in events where event.time > from && event.time <= to && event.span <= window {
            sum.bad += event.bad
            sum.total += event.total
        }
        return sum
    }
}

/// One pair of an SLO, by hand.
struct PairByHand: Hashable {
    let severity: String
    let long: Int
    let short: Int
    let factor: Double

    /// DESIGN §4.4: windows in minutes; scaled by period / 30 d to whole minutes, a short one of at
    /// least 5 minutes, a long one of at least 3 short ones; a factor under 1 is dropped.
    static func all(periodMinutes: Double) -> [PairByHand] {
        let shapes: [(String, Double, Double, Double)] = [
            ("page", 60, 5, 0.02), ("page", 360, 30, 0.05), ("ticket", 1440, 120, 0.1),
            ("ticket", 4320, 360, 0.1),
        ]
        let scale = periodMinutes / 43_200
        let pairs = shapes.map { severity, long, short, share in
            let short = max((short * scale).rounded(), 5)
            let long = max((long * scale).rounded(), 3 * short)
            return PairByHand(
                severity: severity, long: Int(long), short: Int(short),
                factor: share * periodMinutes / long)
        }
        return pairs.filter { $0.factor >= 1 }
    }

    /// Breaching, clear, or nil when a window is empty.
    func breaches(
        _ long: (bad: Double, total: Double), _ short: (bad: Double, total: Double), budget: Double
    ) -> Bool? {
        guard long.total > 0, short.total > 0 else { return nil }
        let limit = factor * (1 + 1e-12)
        guard long.bad / long.total / budget > limit, short.bad / short.total / budget > limit
        else { return false }
        let chance = Self.tail(long.bad, of: long.total, budget)
        return chance < (severity == "page" ? 1e-3 : 1e-2) && long.bad >= 2
    }

    /// P(X >= bad), term by term.
    static func tail(_ bad: Double, of total: Double, _ ratio: Double) -> Double {
        var sum = 0.0
        var count = bad
        while count <= total {
            let ways: Double = lgamma(total + 1) - lgamma(count + 1) - lgamma(total - count + 1)
            let odds: Double = count * log(ratio) + (total - count) * log1p(-ratio)
            let term = exp(ways + odds)
            sum += term
            if term < sum * 1e-12 { break }
            count += 1
        }
        return sum
    }
}

extension JSONValue {
    /// The reported edges of a window, in seconds of the tests' day.
    func edges(_ name: String) -> (from: Double, to: Double)? {
        guard let window = window(name), let from = window.number("from"),
            let to = window.number("to")
        else { return nil }
        return (from - at(0).seconds, to - at(0).seconds)
    }
}

func isNear(_ found: Double?, _ expected: Double?, _ tolerance: Double = 1e-9) -> Bool {
    guard let found, let expected else { return found == nil && expected == nil }
    return abs(found - expected) <= tolerance * max(1, abs(expected))
}

/// "1h24m" of 84 minutes, as a window is named.
func windowName(minutes: Int) -> String { TimeSpan.minutes(Int64(minutes)).description }

func pick(_ values: [Double], _ random: inout SeededGenerator) -> Double {
    values[Int.random(in: values.indices, using: &random)]
}
