import Ingest
import Model
import Text

// What series have shown of an SLO beyond its figures, for people: a histogram without the bucket,
// a selector that nothing matches.

/// What of an SLO's series was ever seen.
struct SeenSeries: Hashable, Sendable {
    /// Distinct bounds kept: enough to name the neighbours of any threshold.
    static let boundsMax = 256

    var hasTotal = false
    /// A series of the bad, or good, events.
    var hasCounted = false
    /// Of the buckets of its classic histograms, ascending.
    private(set) var bounds: [Double] = []

    mutating func note(_ bound: Double) {
        let place = bounds.firstIndex { $0 >= bound } ?? bounds.count
        if place < bounds.count && bounds[place] == bound { return }
        guard bounds.count < Self.boundsMax else { return }
        bounds.insert(bound, at: place)
    }

    /// What is wrong when buckets were seen and none is that of the threshold.
    func fault(of sli: LatencySLI) -> String? {
        guard !bounds.isEmpty, !bounds.contains(sli.bound) else { return nil }
        let below = bounds.last { $0 < sli.bound }
        let above = bounds.first { $0 > sli.bound }
        let neighbours = [below, above].compactMap(\.self).map { "le=\"\(Self.text($0))\"" }
        return
            "\(sli.below) is no bucket bound of \(sli.name): nothing is counted without a bucket "
            + "le=\"\(Self.text(sli.bound))\"; its neighbours are "
            + neighbours.joined(separator: " and ")
    }

    private static func text(_ bound: Double) -> String {
        if bound == .infinity { return "+Inf" }
        let isWhole = bound == bound.rounded() && bound.magnitude < 1e15
        return isWhole ? String(Int64(bound)) : "\(bound)"
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&hasTotal)
        archive.field(&hasCounted)
        archive.field(&bounds)
        if bounds.count > Self.boundsMax || bounds.contains(where: \.isNaN) { archive.fail() }
    }
}

extension Ledger {
    /// What a person should know of a verdict's SLO beyond its figures, as sentences.
    public func remarks(of verdict: Verdict) -> [String] {
        let group = groups[verdict.group]
        let seen = entries[group.slo].seen
        var remarks: [String] = []
        switch verdict.definition.sli {
        case .events(let sli): remarks += Self.remarks(of: sli, verdict, seen)
        case .latency(let sli):
            if let fault = seen.fault(of: sli) { remarks.append(fault) }
            let undecided = group.undecided.events(from: verdict.period?.from ?? .distantPast)
            if undecided > 0 {
                remarks.append(
                    "\(decimal(undecided, 0)) events of the period are in no bucket that ends at "
                        + "\(sli.below): they are not counted; best and worst of the budget take "
                        + "them for good and for bad")
            }
        case .runs:
            let undecided = group.undecided.events(from: verdict.period?.from ?? .distantPast)
            if undecided > 0 {
                remarks.append(
                    "of \(decimal(undecided, 0)) runs it is not known when they started: they are "
                        + "not counted; best and worst of the budget take them for good and bad")
            }
        case .spans: remarks += samplingRemark(group, verdict)
        case .freshness, .threshold, .composite, .query, .probe: break
        }
        let missing = verdict.definition.by.filter { verdict.labels[$0] == nil }
        if !missing.isEmpty && group.started != nil {
            remarks.append(
                "series of this group lack \(missing.joined(separator: ", ")) of \"by\"")
        }
        return remarks
    }

    private static func remarks(
        of sli: EventSLI, _ verdict: Verdict, _ seen: SeenSeries
    ) -> [String] {
        let word = sli.counted == .bad ? "bad" : "good"
        var remarks: [String] = []
        if seen.hasTotal && !seen.hasCounted {
            remarks.append(
                sli.counted == .bad
                    ? "no series of \"bad\" was ever seen: what is misspelt never alerts"
                    : "no series of \"good\" was ever seen: every event counts as bad")
        }
        if seen.hasCounted && !seen.hasTotal {
            remarks.append("no series of \"total\" was ever seen: nothing can be judged")
        }
        guard let counts = verdict.period?.counts, counts.total > 0 else { return remarks }
        if counts.bad > counts.total || counts.bad < 0 {
            remarks.append(
                "more \"\(word)\" events than events in all: is \"\(word)\" a part of \"total\"?")
        }
        return remarks
    }

    /// The targets that feed a verdict's group.
    public func targets(of verdict: Verdict) -> [UInt32] { groups[verdict.group].targets }
}
