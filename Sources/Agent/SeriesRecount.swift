import Ingest
import Model
import SLO
import Storage

// Down to the series: what each counter brought to a group, by class. The ledger does not keep
// series (a group of a thousand costs as much as one of one), so they are counted again on demand,
// from the samples that are kept: whole scrapes of the group's targets through an intake of its
// own, which is the code that counted them live. So the classes are those of the ledger, and the
// sums are compared with what it counted in the same time.
//
// They differ where the samples do: those of replicas are stored as one series, arrival times and
// start timestamps of remote write 2.0 are not stored, and what came before the first sample that
// is kept cannot be seen. About 40 ns a sample.

/// What one series brought in one of its roles.
struct SeriesTally: Sendable {
    let labels: Labels
    let role: SeriesReading.Role
    let isBadUntilShownGood: Bool
    private var sums = [Double](repeating: 0, count: IncrementClass.allCases.count)
    private var counts = [Int](repeating: 0, count: IncrementClass.allCases.count)

    init(labels: Labels, _ reading: SeriesReading) {
        self.labels = labels
        role = reading.role
        isBadUntilShownGood = reading.isBadUntilShownGood
    }

    mutating func add(_ increment: Increment) {
        sums[Int(increment.kind.rawValue)] += increment.value
        counts[Int(increment.kind.rawValue)] += 1
    }

    /// Events of a class; of baselines the values that were not counted.
    func sum(_ kind: IncrementClass) -> Double { sums[Int(kind.rawValue)] }

    func count(_ kind: IncrementClass) -> Int { counts[Int(kind.rawValue)] }

    /// Events that were counted.
    var increase: Double {
        IncrementClass.allCases.reduce(0) { $1 == .baseline ? $0 : $0 + sum($1) }
    }

    var samples: Int { counts.reduce(0, +) }
}

/// An increment that was not just the growth since the scrape before.
struct NotableIncrement: Sendable {
    let tally: Int
    let increment: Increment
}

/// The series of a group over its period, as far as samples are kept.
struct SeriesRecount: Sendable {
    /// Series of a group looked at, and shown; increments shown.
    static let seriesMax = 1000
    static let shownMax = 20
    static let notableMax = 50
    /// Samples counted again for one answer. What is more shortens the time that is looked at.
    static let samplesMax = 20_000_000
    /// Read before the beginning, so that the first increments have something to count from.
    static let lead = TimeSpan.hours(1)
    private static let slice = TimeSpan.hours(6)

    /// Why it does not reach back to the beginning of the period.
    enum Limit: Sendable {
        case none
        /// Nothing older is kept.
        case retention
        /// There are too many samples.
        case samples
    }

    let from: Timestamp
    let to: Timestamp
    let limit: Limit
    /// What the ledger counted in the same time.
    let ledgerBad: Double
    let ledgerTotal: Double
    /// Series of the group that were too many to look at.
    let seriesLeftOut: Int
    /// By increase, the largest first.
    private(set) var tallies: [SeriesTally] = []
    /// The newest first; the classes' counts say how many there were.
    private(set) var notable: [NotableIncrement] = []
    private(set) var samples = 0

    /// Counts again; nil when told to stop.
    init?(
        _ definition: SLODefinition, _ series: GroupSeries, from start: (Timestamp, Limit),
        oldest: Timestamp, to end: Timestamp, _ past: GroupPast, _ view: QueryView,
        shouldStop: () -> Bool
    ) {
        (from, ledgerBad, ledgerTotal) = past.events(since: start.0)
        limit = start.1
        to = end
        seriesLeftOut = series.leftOut
        var intake = Intake(settings: view.configuration.intake)
        intake.storesSamples = false
        intake.settings.retentionTime = .days(800)
        let ids = add(series, definition, to: &intake)
        var output = IntakeOutput()
        var time = max(from, oldest) - Self.lead
        while time <= end {
            if shouldStop() { return nil }
            let next = time + Self.slice
            let last = min(next - .milliseconds(1), end)
            count(ids, series, time, last, view, &intake, &output)
            time = next
        }
        sort()
    }

    /// The intake's number of each series; tallies of those that the SLO reads.
    private mutating func add(
        _ series: GroupSeries, _ definition: SLODefinition, to intake: inout Intake
    ) -> [UInt32?] {
        let all = (series.counted + series.health).map(\.labels)
        _ = intake.addSeries(of: ResolvedWrite(adding: all), now: from)
        return all.enumerated().map { place, labels in
            guard let id = intake.store.find(labels) else { return nil }
            guard place < series.counted.count else { return id.index }
            let routes = definition.readings(of: labels).map { reading in
                tallies.append(SeriesTally(labels: labels, reading))
                return Route(
                    slot: UInt32(tallies.count - 1), since: .distantPast, reading: reading.reading,
                    bound: reading.bound)
            }
            intake.route(id, to: routes)
            return id.index
        }
    }

    private mutating func count(
        _ ids: [UInt32?], _ series: GroupSeries, _ start: Timestamp, _ last: Timestamp,
        _ view: QueryView, _ intake: inout Intake, _ output: inout IntakeOutput
    ) {
        var columns: [ScrapeColumn] = []
        var keys: [UInt64] = []
        for (id, one) in zip(ids, series.counted + series.health) {
            guard let id, let column = view.column(one.id, as: id, from: start, to: last) else {
                continue
            }
            samples += column.times.count
            columns.append(column)
            keys.append(intake.scrapeKey(of: SeriesID(id)))
        }
        var merge = ScrapeMerge(columns, keys: keys)
        while let time = merge.nextTime {
            merge.next { intake.takeScrape($0, $1, at: time, now: time, into: &output) }
            for increment in output.increments where increment.time > from { take(increment) }
            output.removeAll()
        }
    }

    private mutating func take(_ increment: Increment) {
        let place = Int(increment.slot)
        tallies[place].add(increment)
        guard increment.kind != .normal else { return }
        // In order of time: the newest are kept, and the list is cut now and then.
        notable.append(NotableIncrement(tally: place, increment: increment))
        if notable.count >= 2 * Self.notableMax { notable.removeFirst(Self.notableMax) }
    }

    private mutating func sort() {
        let order = tallies.indices.sorted { left, right in
            let (one, other) = (tallies[left], tallies[right])
            if one.increase != other.increase { return one.increase > other.increase }
            return (one.role.rawValue, one.labels) < (other.role.rawValue, other.labels)
        }
        var places = [Int](repeating: 0, count: order.count)
        for (place, old) in order.enumerated() { places[old] = place }
        tallies = order.map { tallies[$0] }
        notable = notable.suffix(Self.notableMax).reversed().map {
            NotableIncrement(tally: places[$0.tally], increment: $0.increment)
        }
    }

    /// The group's events as the series have them.
    var total: Double {
        tallies.reduce(0) { $1.role == .total ? $0 + $1.increase : $0 }
    }

    var bad: Double {
        tallies.reduce(0) { sum, one in
            switch one.role {
            case .total: one.isBadUntilShownGood ? sum + one.increase : sum
            case .bad: sum + one.increase
            case .good: sum - one.increase
            case .undecided: sum
            }
        }
    }

    /// Whether the series add up to what the ledger counted in the same time.
    var addsUp: Bool {
        (total - ledgerTotal).magnitude <= 1e-9 * max(1, ledgerTotal)
            && (bad - ledgerBad).magnitude <= 1e-9 * max(1, ledgerBad.magnitude)
    }
}
