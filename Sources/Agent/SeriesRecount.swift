import Model
import Query
import SLO
import Text

// Down to the series: what each counter did in a window, from the samples that are kept. The ledger
// does not keep series (a group of a thousand costs as much as one of one), so this counts again,
// on demand, over the shortest long window of the SLO's alerts. A first value is told and not
// judged: birth and baseline are the ledger's to say, of the whole scrape.

/// What one counter did in a window.
struct SeriesCount {
    let labels: Labels
    /// "total", "bad" or "good": the selector that matched.
    let role: String
    var samples = 0
    var normal = 0.0
    var reset = 0.0
    var gap = 0.0
    /// The first value ever kept, if that lies in the window.
    var first: Double?
    var resets = 0

    var increase: Double { normal + reset + gap }
}

/// The series of a group in a window.
struct SeriesRecount {
    /// Series looked at, and shown.
    static let seriesMax = 500
    static let shownMax = 20
    /// Longer windows are not counted again: samples are kept for a day.
    static let windowMax = TimeSpan.hours(6)
    /// How far back the sample before the window may be.
    private static let lookback = TimeSpan.minutes(10)

    let window: WindowFigures
    /// By increase, the largest first.
    private(set) var series: [SeriesCount] = []
    /// Series beyond the most that are looked at.
    private(set) var isCut = false

    init?(_ verdict: Verdict, _ view: QueryView) {
        let long = verdict.pairs.map(\.long).filter { $0.window <= Self.windowMax }
        let counters = verdict.definition.sli.counters
        guard !counters.isEmpty, let window = long.min(by: { $0.window < $1.window }) else {
            return nil
        }
        self.window = window
        for selection in counters { count(selection, verdict, view) }
        series.sort { ($1.increase, $0.role, $0.labels) < ($0.increase, $1.role, $1.labels) }
    }

    private mutating func count(
        _ selection: CounterSelection, _ verdict: Verdict, _ view: QueryView
    ) {
        let by = verdict.definition.by
        let from = window.from - Self.lookback
        var found: [SeriesCount] = []
        var isCut = false
        view.forEachSeries(matching: selection.selector, from: from, to: window.to) {
            labels, columns in
            guard labels.keeping(by) == verdict.labels, selection.holds(labels["le"]) else {
                return true
            }
            if found.count == Self.seriesMax {
                isCut = true
                return false
            }
            var one = SeriesCount(labels: labels, role: selection.role)
            one.take(columns, after: window.from)
            found.append(one)
            return true
        }
        series += found
        self.isCut = self.isCut || isCut
    }

    /// The sum of a role's increases.
    func increase(_ role: String) -> Double {
        series.reduce(0) { $1.role == role ? $0 + $1.increase : $0 }
    }
}

extension SeriesCount {
    fileprivate mutating func take(_ columns: QueryColumns, after from: Timestamp) {
        var steps: [Int64] = []
        var last: (time: Int64, value: Double)?
        var jumps: [(step: Int64, value: Double, isReset: Bool)] = []
        for (time, value) in zip(columns.times, columns.values) where !value.isNaN {
            defer { last = (time, value) }
            guard let before = last else {
                if time > from.millis { first = value }
                if time > from.millis { samples += 1 }
                continue
            }
            steps.append(time - before.time)
            guard time > from.millis else { continue }
            samples += 1
            let isReset = value < before.value
            jumps.append(
                (time - before.time, isReset ? value : value - before.value, isReset))
        }
        // More than two scrape intervals are a gap; the interval is the median step.
        let interval = steps.isEmpty ? 0 : steps.sorted()[(steps.count - 1) / 2]
        for jump in jumps {
            if jump.isReset {
                reset += jump.value
                resets += 1
            } else if jump.step > 2 * interval {
                gap += jump.value
            } else {
                normal += jump.value
            }
        }
    }
}
