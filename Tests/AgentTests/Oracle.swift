import Model

// What the ledger must say, worked out the slow way: each target's scrapes in order, the rules of
// DESIGN §4.1 as they are written, and sums over lists of increments. Shares no code with Sources.

struct Oracle {
    struct Counted {
        let group: String
        let isError: Bool
        let kind: String
        let time: Double
        let value: Double
        let span: Double
    }

    /// A good scrape, a failed one or the end, of one target.
    struct Seen {
        enum Kind { case good, failed, ended }
        let time: Double
        let kind: Kind
        var values: [String: Double] = [:]
        var processStart: Double?
    }

    private(set) var counted: [Counted] = []
    /// Since when the sender has been covered.
    let coveredSince: Double

    private struct TargetState {
        /// The last six.
        var scrapes: [Seen] = []
        var last: [String: (time: Double, value: Double)] = [:]
    }

    private var targets: [String: TargetState] = [:]

    init(coveredSince: Double) { self.coveredSince = coveredSince }

    /// Takes a target's next scrape. `values` are of the series named "requests" and "errors".
    mutating func see(_ scrape: Seen, of name: String, group: String) {
        var target = targets[name] ?? TargetState()
        let interval = interval(target.scrapes.map(\.time))
        for (series, value) in scrape.values.sorted(by: { $0.key < $1.key }) {
            let known = target.last[series]
            target.last[series] = (scrape.time, value)
            let isError = series == "errors"
            func count(_ kind: String, _ value: Double, _ span: Double = 0) {
                counted.append(
                    Counted(
                        group: group, isError: isError, kind: kind, time: scrape.time,
                        value: value, span: span))
            }
            if let known {
                let step = scrape.time - known.time
                let isGap = step > 2 * interval + 1e-6
                if value < known.value {
                    count("reset", value, isGap ? step : 0)
                } else {
                    count(isGap ? "gap" : "normal", value - known.value, isGap ? step : 0)
                }
            } else {
                count(isBorn(scrape, target.scrapes.last, interval) ? "birth" : "baseline", value)
            }
        }
        target.scrapes = target.scrapes.suffix(5) + [scrape]
        targets[name] = target
    }

    private func isBorn(_ scrape: Seen, _ previous: Seen?, _ interval: Double) -> Bool {
        if let start = scrape.processStart, start > coveredSince, start <= scrape.time {
            return true
        }
        guard let previous, previous.kind == .good else { return false }
        return scrape.time - previous.time <= 2 * interval + 1e-6
    }

    /// The lower median of the last five steps.
    private func interval(_ times: [Double]) -> Double {
        let steps = zip(times.dropFirst(), times).map { $0 - $1 }.suffix(5).sorted()
        return steps.isEmpty ? 60 : steps[(steps.count - 1) / 2]
    }

    // MARK: Sums

    /// Bad and total over (from, to]. Windows leave out gaps longer than they are.
    func events(
        _ group: String, from: Double, to: Double, window: Double?
    ) -> (bad: Double, total: Double) {
        var bad = 0.0
        var total = 0.0
        for one in counted where one.group == group && one.time > from && one.time <= to {
            guard one.kind != "baseline", one.span <= window ?? .infinity else { continue }
            if one.isError { bad += one.value } else { total += one.value }
        }
        return (bad, total)
    }

    /// Events of the total by class, whole days from the one that `from` lies in.
    func classes(_ group: String, from: Double) -> [String: Double] {
        let start = (from / 86_400).rounded(.down) * 86_400
        var sums: [String: Double] = [:]
        for one in counted where one.group == group && !one.isError && one.time > start {
            sums[one.kind, default: 0] += one.value
        }
        return sums
    }

    func newest(_ group: String) -> Double {
        counted.filter { $0.group == group }.map(\.time).max() ?? -.infinity
    }
}
