import Alerting
import Ingest
import Model
import SLO

// The figures of SLOs as series of the agent's own store, each evaluation interval, so that
// queries, rules and dashboards see them (`evaluation.sloSeries`). They follow from the ledger and
// the time, so the log needs no record: replay makes the same. A round goes over the groups a few
// at a time, that the owner is not held up; all of its samples have the time at which it began. A
// figure that is not known any more, and a group that is gone, end with a stale marker.

/// Where a round stands, and what the last one wrote.
struct SLOExport: Sendable {
    /// A group takes about 10 us once its series are known.
    static let groupsAtOnce = 32
    static let pause = TimeSpan.milliseconds(10)
    static let unknown = UInt32.max

    /// When the round that is going on, or the last one, began.
    var roundTime = Timestamp.distantPast
    /// When the next part is due.
    var due = Timestamp.distantPast
    /// Groups that the round has still to do, the next one last.
    var waiting: [UInt32] = []
    /// Series with a sample of this round; of the round before, ascending.
    var written: [UInt32] = []
    var before: [UInt32] = []
    /// By the group's number: the series of its figures in their order. Found again when lost.
    var series: [UInt32: [UInt32]] = [:]

    /// Groups have other numbers from now on.
    mutating func startAnew() {
        before = Array(Set(before + written)).sorted()
        written = []
        waiting = []
        series = [:]
    }

    /// Ends a round; the series that it has not written.
    mutating func finish() -> [UInt32] {
        let now = Set(written)
        let ended = before.filter { !now.contains($0) }
        before = now.sorted()
        written = []
        return ended
    }
}

extension SLOExport: Archivable {
    static let blank = SLOExport()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&roundTime)
        archive.field(&due)
        archive.field(&waiting)
        archive.field(&written)
        archive.field(&before)
    }
}

extension AgentCore {
    /// When the export has something to do.
    var exportDeadline: Timestamp? {
        configuration.exportsSLOs && ledger.groupCount > 0 ? sloExport.due : nil
    }

    /// Does the next part of a round, if it is due.
    mutating func advanceExport() {
        guard configuration.exportsSLOs else { return endExport() }
        guard ledger.groupCount > 0, now >= sloExport.due else { return }
        if sloExport.waiting.isEmpty {
            sloExport.roundTime = now
            sloExport.waiting = ledger.groupsInForce(Self.groupsExportedMax).reversed()
                .map { UInt32($0) }
        }
        var made = MadeSamples()
        for _ in 0..<SLOExport.groupsAtOnce {
            guard let group = sloExport.waiting.popLast() else { break }
            export(group, into: &made)
        }
        sloExport.due = now + SLOExport.pause
        if sloExport.waiting.isEmpty {
            for id in sloExport.finish() {
                made.add(
                    id, at: sloExport.roundTime, value: Double(bitPattern: staleMarkerBits))
            }
            let interval = configuration.notifier.evaluationInterval
            sloExport.due = max(sloExport.due, sloExport.roundTime + interval)
        }
        _ = intake.store(made)
    }

    /// It was switched off: what it wrote ends.
    private mutating func endExport() {
        guard !sloExport.before.isEmpty else { return }
        var made = MadeSamples()
        for id in sloExport.finish() {
            made.add(id, at: now, value: Double(bitPattern: staleMarkerBits))
        }
        _ = intake.store(made)
    }

    private mutating func export(_ group: UInt32, into made: inout MadeSamples) {
        let time = sloExport.roundTime
        let verdict = ledger.verdict(ofGroup: Int(group), now: time)
        var figures: [(metric: SLOMetric, value: Double?, more: [(name: String, value: String)])] =
            []
        forEachFigure(of: verdict) { figures.append(($0, $1, $2)) }
        var ids = sloExport.series[group] ?? []
        if ids.count != figures.count {
            ids = Array(repeating: SLOExport.unknown, count: figures.count)
        }
        for (index, figure) in figures.enumerated() {
            guard let value = figure.value else { continue }
            // One that nobody wrote to for the retention is forgotten, and added anew.
            let isKnown =
                ids[index] != SLOExport.unknown && intake.newest(ofMade: ids[index]) > .distantPast
            if !isKnown {
                let labels = Labels(
                    [(Labels.metricName, figure.metric.name)]
                        + (Self.labels(of: verdict) + figure.more).map { ($0.name, $0.value) })
                // A limit keeps it out: it is counted there, and tried again.
                ids[index] =
                    (try? intake.resolve(made: labels, into: &made)) ?? SLOExport.unknown
            }
            guard ids[index] != SLOExport.unknown else { continue }
            made.add(ids[index], at: time, value: value)
            sloExport.written.append(ids[index])
        }
        sloExport.series[group] = ids
    }
}
