import Model
import Storage

// Replicas of one sender (HA pairs). Each sends the same series under a replica label of its own.
// For counting, their samples meet in one `Counter` (SharedCounter.swift). For queries the series
// is stored once, without the replica label: a replica's sample is stored when that replica stored
// the one before, or when nothing was stored for a scrape interval. So one replica is enough,
// nobody leads, and when one falls silent the other takes over within two intervals, without a gap.

extension Intake {
    /// The labels without, and only those, that name a replica; nil when there are none.
    func splitReplica(_ labels: Labels) -> (series: Labels, replica: Labels)? {
        let names = settings.replicaLabels
        guard names.contains(where: { labels[$0] != nil }) else { return nil }
        let rest = labels.pairs.filter { !names.contains($0.name) }
        return (Labels(rest.map { ($0.name, $0.value) }), labels.keeping(names))
    }

    /// Stores a replica's newest sample under the shared series, unless another replica's is there.
    @inline(never)
    mutating func appendOnce(_ place: SeriesPlace, _ time: Timestamp, _ value: Double) {
        guard takesOver(place, time, value) else { return }
        store.append(SeriesID(place.stored), at: time, value: value)
    }

    /// Whether a replica's sample is the one to store; then it is the newest of the shared series.
    mutating func takesOver(_ place: SeriesPlace, _ time: Timestamp, _ value: Double) -> Bool {
        let id = SeriesID(place.stored)
        let tail = store.tail(of: id)
        let isSame = places[Int(place.stored)].replica == place.replica
        let interval = targets[Int(place.target)].head.replicas[Int(place.replica)].interval
        // A replica ends its series for itself; the others go on.
        let isOwnEnd = !isSame && isStaleMarker(value)
        let isDue = isSame || isStaleMarker(tail.value) || time >= tail.time + interval
        guard time > tail.time, isDue, !isOwnEnd else {
            noteDeduplicated()
            return false
        }
        places[Int(place.stored)].replica = place.replica
        if places[Int(place.stored)].state != .live { revive(id) }
        store.advance(id, to: time, value: value)
        return true
    }

    /// A late sample of a replica. Of a counted series the kept scrapes show repeats.
    mutating func takeLateReplica(
        _ place: SeriesPlace, _ time: Timestamp, _ value: Double, _ start: Int64,
        _ now: Timestamp, _ output: inout IntakeOutput
    ) -> Taken {
        if place.feed != SeriesPlace.noFeed {
            commitCursor(now, &output)
            let known = targets[Int(place.target)].scrapes.first {
                $0.replica == place.replica && $0.time == time
            }?.samples.first { $0.feed == place.feed }
            if let known {
                return known.value.bitPattern == value.bitPattern
                    ? .duplicate : .refused(.conflict)
            }
        }
        if places[Int(place.stored)].replica == place.replica {
            switch store.insert(SeriesID(place.stored), at: time, value: value) {
            case .inserted: break
            case .same: return .duplicate
            case .different: return .refused(.conflict)
            case .full: return .refused(.outOfOrder)
            }
        } else {
            noteDeduplicated()
        }
        noteLate(place, time, value, start, now, &output)
        return .stored(isStartNew: start != 0)
    }
}
