public import Model

// An alert that fires and ends again and again is one problem, not many. From so many changes
// within a window on it is told as firing, once, with a summary of what it does; it is told again
// when it has not changed for as long as the window.

/// When an alert flaps.
public struct FlapSettings: Hashable, Sendable {
    /// So many times it fired or ended ...
    public var transitions: Int
    /// ... within this long.
    public var window: TimeSpan

    /// At least two changes.
    public init(transitions: Int = 10, window: TimeSpan = .hours(1)) {
        self.transitions = transitions
        self.window = window
    }
}

/// What a change of an alert is to its receivers.
enum FlapVerdict {
    case usual
    /// It flaps from now on; this is what is told.
    case began(Alert)
    /// It goes on flapping: nothing new.
    case held
}

/// Which alerts changed lately, and which flap. Bounded by `trackedMax`.
struct FlapBook: Sendable {
    /// An alert that flaps.
    private struct Flapping: Sendable {
        /// As it is really.
        var latest: Alert
        var changedAt: Timestamp
        /// Changes since the first that counted.
        var changes: UInt64
    }

    var trackedMax: Int
    /// Changes that nobody was told of.
    private(set) var held: UInt64 = 0
    /// Alerts that began to flap.
    private(set) var began: UInt64 = 0
    /// The newest changes of an alert, oldest first; at most as many as make it flap.
    private var recent: [Labels: [Timestamp]] = [:]
    private var flapping: [Labels: Flapping] = [:]
    /// When the first of those that flap is calm, if it does not change again.
    private(set) var nextDeadline: Timestamp?

    init(trackedMax: Int) { self.trackedMax = trackedMax }

    var count: Int { flapping.count }

    func isFlapping(_ key: Labels) -> Bool { flapping[key] != nil }

    /// An alert fired or ended. O(transitions), and O(flapping) when it flaps.
    mutating func take(
        _ alert: Alert, _ settings: FlapSettings, at now: Timestamp
    ) -> FlapVerdict {
        let key = alert.labels
        if flapping[key] != nil {
            flapping[key]?.latest = alert
            flapping[key]?.changedAt = now
            flapping[key]?.changes += 1
            held += 1
            schedule(settings)
            return .held
        }
        let wanted = max(2, settings.transitions)
        let times = (recent[key] ?? []).filter { now - $0 < settings.window } + [now]
        guard times.count >= wanted else {
            if recent[key] == nil { makeRoom(settings, now) }
            if recent[key] != nil || recent.count < trackedMax {
                recent[key] = Array(times.suffix(wanted))
            }
            return .usual
        }
        recent[key] = nil
        began += 1
        flapping[key] = Flapping(latest: alert, changedAt: now, changes: UInt64(times.count))
        schedule(settings)
        return .began(alert.flapping(times.count, settings))
    }

    /// The alerts that have calmed down, as they are, sorted.
    mutating func calm(_ settings: FlapSettings?, at now: Timestamp) -> [Alert] {
        let window = settings?.window ?? .zero
        let calm = flapping.filter { now - $0.value.changedAt >= window }
            .sorted { $0.key < $1.key }
        for (key, _) in calm { flapping[key] = nil }
        schedule(settings ?? FlapSettings())
        return calm.map { _, entry in
            var alert = entry.latest
            alert.details = alert.details.adding(
                FlapBook.annotation, "\(entry.changes) changes; none since \(entry.changedAt)")
            return alert
        }
    }

    /// The annotation that tells of it.
    static let annotation = "flapping"

    private mutating func schedule(_ settings: FlapSettings) {
        nextDeadline = flapping.values.map(\.changedAt).min().map { $0 + settings.window }
    }

    /// Forgets those that have not changed for long, when there are too many.
    private mutating func makeRoom(_ settings: FlapSettings, _ now: Timestamp) {
        guard recent.count >= trackedMax else { return }
        recent = recent.filter { now - ($0.value.last ?? .distantPast) < settings.window }
    }
}

extension Alert {
    /// As its receivers are told while it flaps: firing, whatever it does.
    fileprivate func flapping(_ changes: Int, _ settings: FlapSettings) -> Alert {
        var alert = self
        if let activeAt, let startsAt {
            alert.state = .firing(since: activeAt, firedAt: startsAt)
        }
        alert.details = details.adding(
            FlapBook.annotation,
            "\(changes) changes within \(settings.window); told as firing until it has not "
                + "changed for \(settings.window)")
        return alert
    }
}

extension FlapBook {
    mutating func archive(_ archive: inout Archive) {
        archive.counter(&held)
        archive.counter(&began)
        archive.time(&nextDeadline)
        var times = recent.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        archive.array(&times, blank: (Labels.empty, [])) { archive, entry in
            archive.field(&entry.0)
            archive.array(&entry.1, blank: .distantPast) { $0.time(&$1) }
        }
        var entries = flapping.sorted { $0.key < $1.key }.map(\.value)
        let blank = Flapping(latest: .blank, changedAt: .distantPast, changes: 0)
        archive.array(&entries, blank: blank) { archive, entry in
            archive.alert(&entry.latest)
            archive.time(&entry.changedAt)
            archive.counter(&entry.changes)
        }
        guard archive.isReading else { return }
        recent = [:]
        flapping = [:]
        for (key, value) in times { recent[key] = value }
        for entry in entries { flapping[entry.latest.labels] = entry }
        if recent.count != times.count || flapping.count != entries.count { archive.fail() }
    }
}
