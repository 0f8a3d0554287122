public import Model

// Two lists of alerts are paired by what they are about: first those of the same identity (window
// included) whose times touch, then those of the same SLO, group and severity whose times touch
// under another window, as when a period changes. What finds no partner was added or removed.

/// A difference between two rule sets.
public struct AlertChangeFound: Hashable, Sendable {
    /// What became of an alert.
    public enum Kind: String, Hashable, Sendable {
        case added, removed
        /// It fires or ends at another time, or under another window.
        case moved
    }

    public let kind: Kind
    public let before: BacktestAlert?
    public let after: BacktestAlert?

    /// The one there is; of two the first.
    public var alert: BacktestAlert? { before ?? after }
    /// When it matters first.
    public var time: Timestamp {
        min(before?.firedAt ?? .distantFuture, after?.firedAt ?? .distantFuture)
    }
}

/// Alerts at most so far apart are the same one, moved.
private let movedMax = TimeSpan.hours(1)

/// What differs from one list to the other, in order of time. O(n log n) but for alerts of one SLO,
/// which are compared in pairs.
func compare(_ before: [BacktestAlert], _ after: [BacktestAlert]) -> [AlertChangeFound] {
    var pairing = Pairing(before, after)
    pairing.pair(by: { $0.identity })
    let loose = Set(
        (before + after).flatMap { $0.identity.pairs.map(\.name) }
    ).subtracting(["window"]).sorted()
    pairing.pair(by: { $0.identity.keeping(loose) })
    return pairing.changes.sorted {
        let left = $0.alert?.labels ?? .empty
        let right = $1.alert?.labels ?? .empty
        return ($0.time, left, $0.kind.rawValue) < ($1.time, right, $1.kind.rawValue)
    }
}

private struct Pairing {
    private let before: [BacktestAlert]
    private let after: [BacktestAlert]
    private var partner: [Int?]
    private var isTaken: [Bool]

    init(_ before: [BacktestAlert], _ after: [BacktestAlert]) {
        self.before = before
        self.after = after
        partner = Array(repeating: nil, count: before.count)
        isTaken = Array(repeating: false, count: after.count)
    }

    /// Pairs what is left and has equal keys: exact matches first, then the nearest that touch.
    mutating func pair(by key: (BacktestAlert) -> Labels) {
        var candidates: [Labels: [Int]] = [:]
        for index in after.indices where !isTaken[index] {
            candidates[key(after[index]), default: []].append(index)
        }
        for isExact in [true, false] {
            for index in before.indices where partner[index] == nil {
                let alert = before[index]
                let found = (candidates[key(alert)] ?? []).filter { other in
                    guard !isTaken[other] else { return false }
                    return isExact
                        ? after[other].firedAt == alert.firedAt : touch(alert, after[other])
                }.min {
                    distance(alert, after[$0]) < distance(alert, after[$1])
                }
                guard let found else { continue }
                partner[index] = found
                isTaken[found] = true
            }
        }
    }

    private func touch(_ left: BacktestAlert, _ right: BacktestAlert) -> Bool {
        let to = right.resolvedAt.map { $0 + movedMax } ?? .distantFuture
        return left.overlaps(from: right.firedAt - movedMax, to: to)
    }

    private func distance(_ left: BacktestAlert, _ right: BacktestAlert) -> Int64 {
        abs((left.firedAt - right.firedAt).millis)
    }

    var changes: [AlertChangeFound] {
        var found: [AlertChangeFound] = []
        for (index, alert) in before.enumerated() {
            guard let other = partner[index].map({ after[$0] }) else {
                found.append(AlertChangeFound(kind: .removed, before: alert, after: nil))
                continue
            }
            let isSame =
                alert.firedAt == other.firedAt && alert.resolvedAt == other.resolvedAt
                && alert.identity == other.identity
            if isSame { continue }
            found.append(AlertChangeFound(kind: .moved, before: alert, after: other))
        }
        for (index, alert) in after.enumerated() where !isTaken[index] {
            found.append(AlertChangeFound(kind: .added, before: nil, after: alert))
        }
        return found
    }
}
