internal import Model

// The notifier in a checkpoint (DESIGN §4.5): a stream of records, cut into sections of at most a
// mebibyte wherever that falls, since one notification can be longer than a section. A record is
// its length, its kind, its fields. Settings are not in it: they are in the configuration, which
// comes first. Everything is sorted or in its own order, so equal notifiers give equal bytes.

/// A notifier at one point in time, in bytes. Taken by the owner in O(1); read on any thread while
/// the notifier goes on: they share parts until either writes one.
public struct NotifierSections: Sendable {
    static let version: UInt32 = 4
    static let bytesMax = 1 << 20

    private let notifier: Notifier
    private var stage = Stage.head
    /// Written and not yet cut off.
    private var stream = ByteWriter()

    private enum Stage {
        case head
        case alerts([Alert], next: Int)
        case groups([NotificationGroup], next: Int)
        case lane(Int)
        case delivery(lane: Int, next: Int)
        case deadLetters
        case done
    }

    init(_ notifier: Notifier) { self.notifier = notifier }

    /// The next section, nil after the last. The memory it takes beside the notifier's own is a
    /// section and the longest record.
    public mutating func next() -> [UInt8]? {
        while stream.bytes.count < Self.bytesMax {
            if case .done = stage { break }
            step()
        }
        let size = min(Self.bytesMax, stream.bytes.count)
        guard size > 0 else { return nil }
        let section = Array(stream.bytes[..<size])
        stream.bytes.removeFirst(size)
        return section
    }

    /// Writes one record and moves to what follows it.
    private mutating func step() {
        let notifier = notifier
        switch stage {
        case .head:
            write(.head) { archive in
                var copy = notifier
                copy.archiveHead(&archive)
            }
            stage = .alerts(notifier.book.alerts, next: 0)
        case .alerts(let alerts, let next):
            guard next < alerts.count else {
                write(.retained) { archive in
                    var copy = notifier.book
                    copy.archiveRetained(&archive)
                }
                stage = .groups(notifier.groups.sorted, next: 0)
                return
            }
            write(.alert) { archive in
                var copy = alerts[next]
                archive.alert(&copy)
            }
            stage = .alerts(alerts, next: next + 1)
        case .groups(let groups, let next):
            guard next < groups.count else {
                stage = .lane(0)
                return
            }
            write(.group) { groups[next].write(to: &$0) }
            stage = .groups(groups, next: next + 1)
        case .lane(let index): writeLane(index)
        case .delivery(let lane, let next): writeDelivery(next, of: lane)
        case .deadLetters:
            write(.deadLetters) { archive in
                var copy = notifier.outbox
                copy.archiveDeadLetters(&archive)
            }
            stage = .done
        case .done: break
        }
    }

    private mutating func writeLane(_ index: Int) {
        guard index < notifier.outbox.lanes.count else {
            stage = .deadLetters
            return
        }
        let lane = notifier.outbox.lanes[index]
        write(.lane) { archive in
            var copy = lane
            var destination = copy.destination
            archive.destination(&destination)
            copy.archive(&archive)
        }
        stage = .delivery(lane: index, next: 0)
    }

    private mutating func writeDelivery(_ next: Int, of lane: Int) {
        let queue = notifier.outbox.lanes[lane].queue
        guard next < queue.count else {
            stage = .lane(lane + 1)
            return
        }
        write(.delivery) { archive in
            var copy = queue[next]
            archive.queued(&copy)
        }
        stage = .delivery(lane: lane, next: next + 1)
    }

    private mutating func write(_ kind: NotifierRecord, _ fields: (inout Archive) -> Void) {
        var archive = Archive()
        var kind = kind
        archive.field(&kind)
        fields(&archive)
        stream.lengthPrefixed(archive.bytes)
    }
}

/// What a record is; written before its fields.
enum NotifierRecord: UInt8 {
    case head = 1
    case alert, retained, group, lane, delivery, deadLetters
}

extension NotificationGroup {
    fileprivate func write(to archive: inout Archive) {
        var copy = self
        var key = id.routeKey
        var labels = id.labels
        archive.field(&key)
        archive.field(&labels)
        copy.archive(&archive)
    }
}
