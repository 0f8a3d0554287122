import Ingest
import Model

/// Increments of one group, time and span.
struct IncrementRun {
    var group: Int?
    var time = Timestamp.distantPast
    var span = TimeSpan.zero
    var target: UInt32 = 0
    var counts = EventCounts.zero
    var classes: (Double, Double, Double, Double, Double) = (0, 0, 0, 0, 0)
    var undecided = 0.0
    var hasReset = false
    var isTakenBack = false
    var increments = 0

    init() {}

    init(_ increment: Increment) {
        group = Ledger.Role.group(of: increment.slot)
        time = increment.time
        span = increment.span
        target = increment.target
        isTakenBack = increment.isTakenBack
    }

    func takes(_ increment: Increment) -> Bool {
        group == Ledger.Role.group(of: increment.slot) && time == increment.time
            && span == increment.span
            && target == increment.target && isTakenBack == increment.isTakenBack
    }

    mutating func add(_ increment: Increment) {
        let role = Ledger.Role(slot: increment.slot)
        let isTotal = role == .total || role == .totalOfGood
        increments += 1
        if isTotal { classify(increment) }
        if increment.kind == .reset && increment.span > .zero { hasReset = true }
        guard increment.kind != .baseline else { return }
        switch role {
        case .total: counts.total += increment.value
        case .bad: counts.bad += increment.value
        case .good: counts.bad -= increment.value
        case .totalOfGood:
            counts.total += increment.value
            counts.bad += increment.value
        case .undecided: undecided += increment.value
        case .gauge: break
        }
    }

    private mutating func classify(_ increment: Increment) {
        switch increment.kind {
        case .normal: classes.0 += increment.value
        case .reset: classes.1 += increment.value
        case .gap: classes.2 += increment.value
        case .birth: classes.3 += increment.value
        case .baseline: classes.4 += increment.value
        }
    }
}
