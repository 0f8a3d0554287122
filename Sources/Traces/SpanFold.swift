import Model
import Wire

// The columns that a request is folded into: a plan for each of its label sets, a count for each
// group and second, a gain for each label set of the metrics.

/// What is known of a label set before its spans are looked at.
struct JudgedLabels: Sendable {
    /// SLOs that count such spans, and whether these are bad.
    var claims: [(rule: SpanRule, group: SpanGroup, isBad: Bool)] = []
    var metric: Labels = .empty
    var isError = false
}

/// A request on its way to a delta.
struct SpanFold {
    /// Of an SLO on a span: plain numbers, which cost nothing to copy.
    struct Claim {
        /// In the delta.
        var group: UInt32
        var isBad: Bool
        var scope: SpanRule.Scope
        /// The largest number where the SLO has no limit.
        var nanosMax: UInt64
    }

    var delta = SpanDelta()
    var verdicts: [SpanVerdict]
    /// By class of the batch: its place in the columns below, -1 before it is known.
    var plans: [Int32]
    var claims: [[Claim]] = []
    var metricLabels: [Labels] = []
    var isError: [Bool] = []
    var gains: [SpanMetricGain?] = []
    /// Groups of which a span was refused.
    var missed: Set<UInt32> = []
    let batchRefused: [Int]
    private let bounds: Int
    private var groups: [SpanGroup: UInt32] = [:]
    private var places: [CountKey: Int] = [:]
    private var last: (key: CountKey, place: Int)?

    private struct CountKey: Hashable {
        let group: UInt32
        let second: Int64
    }

    init(_ batch: SpanBatch, bounds: Int) {
        self.bounds = bounds
        batchRefused = batch.refused
        verdicts = Array(repeating: [], count: batch.spans.count)
        plans = Array(repeating: -1, count: batch.classes.count)
        delta.keys.reserveCapacity(batch.spans.count)
    }

    mutating func add(_ judged: JudgedLabels, for kindred: Int) {
        plans[kindred] = Int32(claims.count)
        claims.append(
            judged.claims.map { claim in
                Claim(
                    group: number(of: claim.group), isBad: claim.isBad, scope: claim.rule.scope,
                    nanosMax: claim.rule.nanosMax ?? .max)
            })
        metricLabels.append(judged.metric)
        isError.append(judged.isError)
        gains.append(nil)
    }

    private mutating func number(of group: SpanGroup) -> UInt32 {
        if let known = groups[group] { return known }
        let number = UInt32(delta.groups.count)
        groups[group] = number
        delta.groups.append(group)
        return number
    }

    @inline(__always)
    mutating func count(_ group: UInt32, _ millis: Int64, isBad: Bool, weight: Double) {
        let key = CountKey(group: group, second: (millis + 999) / 1000)
        let place: Int
        if let last, last.key == key {
            place = last.place
        } else if let known = places[key] {
            place = known
        } else {
            place = delta.counts.count
            places[key] = place
            delta.counts.append(SpanCount(group: group, time: key.second * 1000))
        }
        last = (key, place)
        delta.counts[place].total += 1
        delta.counts[place].weightedTotal += weight
        if isBad {
            delta.counts[place].bad += 1
            delta.counts[place].weightedBad += weight
        }
    }

    @inline(__always)
    mutating func gain(
        _ span: SpanRecord, _ plan: Int, bucket: Int, isBad: Bool, _ millis: Int64
    ) {
        if gains[plan] == nil {
            gains[plan] = SpanMetricGain(
                number: 0, buckets: Array(repeating: 0, count: bounds + 1))
        }
        gains[plan]?.calls += span.weight
        gains[plan]?.seconds += span.weight * Double(span.nanos) / 1e9
        gains[plan]?.bytes += span.weight * Double(span.bytesEnd - span.bytesStart)
        gains[plan]?.buckets[bucket] += span.weight
        let isWorth =
            gains[plan]?.exemplar.map {
                $0.isBad == isBad ? span.nanos > $0.nanos : isBad
            } ?? true
        guard isWorth else { return }
        gains[plan]?.exemplar = SpanExemplar(
            trace: span.trace, span: span.span, nanos: span.nanos,
            time: Timestamp(millis: millis), isBad: isBad)
    }
}

extension SpanMetricGain {
    /// Adds another's of the same label set.
    mutating func merge(_ other: Self) {
        calls += other.calls
        seconds += other.seconds
        bytes += other.bytes
        for index in buckets.indices { buckets[index] += other.buckets[index] }
        guard let new = other.exemplar else { return }
        if exemplar.map({ new.goesBefore($0) }) ?? true { exemplar = new }
    }
}
