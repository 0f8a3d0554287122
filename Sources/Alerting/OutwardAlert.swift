internal import Model

/// An alert as a receiver sees it: external labels merged under its own.
struct OutwardAlert: Hashable, Sendable {
    let labels: Labels
    let alert: Alert

    init(_ alert: Alert, externalLabels: Labels) {
        // What came from outside has its sender's.
        labels = alert.isPosted ? alert.labels : externalLabels.merging(alert.labels)
        self.alert = alert
    }
}

extension OutwardAlert: Comparable {
    /// Alertmanager's `AlertSlice` order: `job`, `instance` (without: last), then the labels.
    static func < (left: Self, right: Self) -> Bool {
        for name in ["job", "instance"] {
            switch (left.labels[name], right.labels[name]) {
            case (nil, nil): continue
            case (nil, .some): return false
            case (.some, nil): return true
            case (.some(let mine), .some(let other)):
                if mine != other { return mine.utf8.lexicographicallyPrecedes(other.utf8) }
            }
        }
        // Two alerts can differ only in a label that an external one stands in for.
        if left.labels == right.labels { return left.alert.labels < right.alert.labels }
        return precedes(left.labels, right.labels)
    }

    /// prometheus/common's `LabelSet.Before`: fewer labels first, then by the sorted names' values.
    private static func precedes(_ left: Labels, _ right: Labels) -> Bool {
        let mine = left.pairs
        let others = right.pairs
        if mine.count != others.count { return mine.count < others.count }
        for (own, other) in zip(mine, others) {
            // The set that lacks the smaller name is the smaller one.
            if own.name != other.name {
                return other.name.utf8.lexicographicallyPrecedes(own.name.utf8)
            }
            if own.value != other.value {
                return own.value.utf8.lexicographicallyPrecedes(other.value.utf8)
            }
        }
        return false
    }
}
