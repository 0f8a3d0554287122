import Drift

/// A detector with its baseline behind it: takes a value, answers whether it alarms.
struct Watcher {
    enum Kind: String, CaseIterable {
        case pitot
        case adwin = "ADWIN clock 1"
        case pageHinkley = "Page-Hinkley"
    }

    private enum Detector {
        case ordered(OrderedDetector, CellCuts)
        case step(StepDetector)
        case window(AdaptiveWindow)
        case pageHinkley(PageHinkley)
    }

    static let limit = 1e5
    private var detector: Detector
    private let start: UInt64
    private var row: UInt64 = 0

    /// An e-detector that was given a baseline; others learn from the stream itself.
    init(_ kind: Kind, baseline: [Double], isBinary: Bool, seed: UInt64) {
        start = UniformHash(seed: seed, version: 1).start(stream: 0)
        switch kind {
        case .adwin: detector = .window(AdaptiveWindow(AdaptiveWindowSettings(clock: 1)))
        case .pageHinkley: detector = .pageHinkley(PageHinkley())
        case .pitot where isBinary:
            let ones = baseline.count { $0 == 1 }
            detector = .step(
                StepDetector(ones: UInt32(ones), total: UInt32(baseline.count)))
        case .pitot:
            let (cuts, counts, isCutAtRows) = CellCuts.fitted(baseline)
            detector = .ordered(
                OrderedDetector(baseline: counts, isCutAtRows: isCutAtRows), cuts)
        }
    }

    mutating func alarms(_ value: Double) -> Bool {
        row += 1
        switch detector {
        case .ordered(var ordered, let cuts):
            let uniform = UniformHash.uniform(start: start, row: row)
            let sum = ordered.observe(cuts.cell(of: value), uniform: uniform)
            detector = .ordered(ordered, cuts)
            return sum >= Self.limit
        case .step(var step):
            let sum = step.observe(
                value == 1, uniform: UniformHash.uniform(start: start, row: row))
            detector = .step(step)
            return sum >= Self.limit
        case .window(var window):
            // The window's arrays must have one owner while it changes.
            detector = .pageHinkley(PageHinkley())
            let alarms = window.observe(value)
            detector = .window(window)
            return alarms
        case .pageHinkley(var pageHinkley):
            let alarms = pageHinkley.observe(value)
            detector = .pageHinkley(pageHinkley)
            return alarms
        }
    }
}

/// Numbers of many runs.
struct Outcomes {
    private(set) var early = 0
    private var delays: [Int] = []
    private(set) var runs = 0

    /// The row of a run's first alarm, counted from 1, and the first row that has changed.
    mutating func add(alarm: Int?, change: Int) {
        runs += 1
        guard let alarm else { return }
        if alarm < change { early += 1 } else { delays.append(alarm - change + 1) }
    }

    var detected: Int { delays.count }
    func percentile(_ share: Double) -> Int? {
        let sorted = delays.sorted()
        guard !sorted.isEmpty else { return nil }
        return sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }
    /// Among runs without an early alarm.
    var median: Int? { percentile(0.5) }
}
