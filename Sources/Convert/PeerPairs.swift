import Model
import SLO
import Text

/// A pair of windows as a peer alerts on it.
struct PeerPair: Equatable {
    var severity: Severity
    var long: TimeSpan
    var short: TimeSpan
    var factor: Double
    /// Its `for`.
    var hold: TimeSpan = .zero
}

extension PeerPair {
    /// Whether our files take it and it says something: windows of whole minutes, the short one at
    /// least five of them, and a factor that spends more than the budget.
    fileprivate func canStand(_ period: TimeSpan) -> Bool {
        long.millis % 60_000 == 0 && short.millis % 60_000 == 0 && short >= .minutes(5)
            && long > short && long <= period && factor >= 1 && factor <= 1e6
    }
}

/// What a peer's pairs are beside ours.
enum PairComparison {
    /// Keeps a peer's pairs where they are not ours and can be written; tells what changes. Of a
    /// tier with a window under five minutes, or a factor that alerts within the budget, ours are
    /// taken. Nothing waits here, so each `for` goes.
    static func keep(
        _ peer: [PeerPair], _ peerName: String, period: TimeSpan, _ slo: inout NativeSLO
    ) {
        let ours = AlertPair.standard(for: period).pairs.map {
            PeerPair(severity: $0.severity, long: $0.long, short: $0.short, factor: $0.factor)
        }
        for index in slo.tiers.indices where slo.tiers[index].isEnabled {
            let severity: Severity = slo.tiers[index].name == .page ? .page : .ticket
            let theirs = peer.filter { $0.severity == severity }
            let standard = ours.filter { $0.severity == severity }
            let areOurs =
                theirs.count == standard.count
                && theirs.allSatisfy { pair in standard.contains { hasSameLimits($0, pair) } }
            let canStand = theirs.allSatisfy { $0.canStand(period) }
            let isKept = !areOurs && canStand
            if isKept {
                slo.tiers[index].pairs = theirs.sorted { $0.long < $1.long }
                for pair in slo.tiers[index].pairs.indices {
                    slo.tiers[index].pairs[pair].hold = .zero
                }
            }
            let waits = theirs.contains { $0.hold > .zero }
            guard !areOurs || waits else { continue }
            let here =
                isKept
                ? "the same without waiting"
                : areOurs
                    ? "the same at once" : standard.map(notation).joined(separator: ", ")
            slo.differences.append(
                Difference(
                    .pairs,
                    "\(peerName)'s \(severity.rawValue) alerts on "
                        + "\(theirs.map(notation).joined(separator: ", ")); here \(here)"
                        + (isKept ? "; without \"pairs\": \(list(standard))" : "")))
        }
    }

    private static func list(_ pairs: [PeerPair]) -> String {
        pairs.isEmpty ? "none" : pairs.map(notation).joined(separator: ", ")
    }

    private static func hasSameLimits(_ left: PeerPair, _ right: PeerPair) -> Bool {
        left.long == right.long && left.short == right.short
            && abs(left.factor - right.factor) <= 1e-9 * max(left.factor, right.factor)
    }

    /// `1h/5m above 14.4`, with what it waits.
    private static func notation(_ pair: PeerPair) -> String {
        "\(pair.long)/\(pair.short) above \(shortDecimal(pair.factor))"
            + (pair.hold > .zero ? " for \(pair.hold)" : "")
    }
}

/// At most four decimals, without trailing zeros.
func shortDecimal(_ value: Double) -> String {
    let text = decimal(value, 4)
    let parts = text.split(separator: ".")
    guard parts.count == 2 else { return text }
    return plainDecimal(String(parts[0]), String(parts[1]))
}

/// What our evidence test changes for an objective, in figures.
enum EvidenceFigures {
    /// Among how many events at most two bad ones page; below 2 when they never do.
    static func totalMax(forTwoBadAt objective: Objective, _ severity: Severity) -> Int {
        var (low, high) = (0, 1 << 30)
        while low < high {
            let middle = (low + high + 1) / 2
            let chance = binomialUpperTail(
                successes: 2, trials: Double(middle), probability: objective.budgetRatio)
            // Fewer than two events cannot have two bad ones: a chance of 0.
            if chance < severity.significance { low = middle } else { high = middle - 1 }
        }
        return low
    }

    /// The sentence of it.
    static func sentence(_ objective: Objective, peer: String) -> String {
        let most = totalMax(forTwoBadAt: objective, .page)
        let two =
            most >= 2 ? "two page only among at most \(most) events" : "two alone never page"
        return "one bad event can page in \(peer); here it needs two, and that so many are "
            + "improbable while the objective is met: \(two)"
    }
}
