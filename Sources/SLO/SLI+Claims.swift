import Ingest
import Model
public import Text

// Which series an SLI looks at, and as what. A kind that is fed from series is added here; one that
// is not posts to its group as `Ledger+Posting` has it.

/// What an SLO does with a series.
struct Claim {
    let role: Ledger.Role
    var reading = Reading.counter
    var bound = 0.0
}

extension SLI {
    /// Those whose series it looks at.
    public var selectors: [Selector] {
        switch self {
        case .events(let sli): [sli.total, sli.selector] + sli.witnesses
        case .latency(let sli):
            [sli.goodBuckets, sli.totalBuckets, sli.totalCount, sli.histogram, sli.total]
        case .freshness(let sli): [sli.timestamp]
        case .threshold(let sli): [sli.metric]
        case .composite, .query, .probe, .runs, .spans: []
        }
    }

    /// What it does with a series of these labels.
    func claims(on labels: Labels) -> [Claim] {
        switch self {
        case .events(let sli): sli.claims(on: labels)
        case .latency(let sli): sli.claims(on: labels)
        case .freshness(let sli):
            sli.timestamp.matches(labels) ? [Claim(role: .gauge, reading: .gauge)] : []
        case .threshold(let sli):
            sli.metric.matches(labels) ? [Claim(role: .gauge, reading: .gauge)] : []
        case .composite, .query, .probe, .runs, .spans: []
        }
    }
}

extension EventSLI {
    func claims(on labels: Labels) -> [Claim] {
        var claims: [Claim] = []
        let isBad = counted == .bad
        if total.matches(labels) { claims.append(Claim(role: isBad ? .total : .totalOfGood)) }
        if selector.matches(labels) { claims.append(Claim(role: isBad ? .bad : .good)) }
        guard claims.isEmpty, witnesses.contains(where: { $0.matches(labels) }) else {
            return claims
        }
        return [Claim(role: .total, reading: .witness)]
    }
}

extension LatencySLI {
    func claims(on labels: Labels) -> [Claim] {
        switch labels[Labels.metricName] ?? "" {
        case name: nativeClaims(on: labels)
        case name + "_bucket": bucketClaims(on: labels)
        case name + "_count":
            totalCount.matches(labels) ? [Claim(role: .total, reading: .witness)] : []
        default: []
        }
    }

    private func bucketClaims(on labels: Labels) -> [Claim] {
        guard totalBuckets.matches(labels), let le = labels["le"].flatMap(bucketBound) else {
            return []
        }
        if le == .infinity {
            return [
                Claim(role: .totalOfGood, reading: .histogramTotal, bound: bound),
                Claim(role: .undecided, reading: .histogramRest, bound: bound),
            ]
        }
        if le == bound && goodBuckets.matches(labels) { return [Claim(role: .good)] }
        return [Claim(role: .total, reading: .witness)]
    }

    private func nativeClaims(on labels: Labels) -> [Claim] {
        guard total.matches(labels) else { return [] }
        if !histogram.matches(labels) {
            return [Claim(role: .totalOfGood, reading: .nativeCount, bound: bound)]
        }
        return [
            Claim(role: .totalOfGood, reading: .nativeDecided, bound: bound),
            Claim(role: .good, reading: .nativeBelow, bound: bound),
            Claim(role: .undecided, reading: .nativeUndecided, bound: bound),
        ]
    }
}

/// Judges one value of a gauge.
enum GaugeTest: Sendable {
    case freshness(FreshnessSLI)
    case threshold(ThresholdSLI)

    init?(_ sli: SLI) {
        switch sli {
        case .freshness(let sli): self = .freshness(sli)
        case .threshold(let sli): self = .threshold(sli)
        case .events, .latency, .composite, .query, .probe, .runs, .spans: return nil
        }
    }

    var rule: SliceRule {
        switch self {
        case .freshness(let sli): sli.rule
        case .threshold(let sli): sli.rule
        }
    }

    func isGood(_ value: Double, at time: Timestamp) -> Bool {
        switch self {
        case .freshness(let sli):
            time.seconds - value / sli.unitsPerSecond <= sli.within.seconds
        case .threshold(let sli): sli.comparison.holds(value, sli.value)
        }
    }
}
