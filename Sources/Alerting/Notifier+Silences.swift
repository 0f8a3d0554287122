public import Model

// Silences as the notifier has them, and what they and other things keep from being told.

extension Notifier {
    /// Sets a silence, and says which identity it has: `id`, or that of the one it changes.
    public mutating func silence(
        _ draft: SilenceDraft, id: String, now: Timestamp
    ) throws(SilenceFault) -> String {
        see(now)
        return try silences.set(draft, id: id, now: self.now)
    }

    /// Ends a silence.
    public mutating func endSilence(_ id: String, now: Timestamp) throws(SilenceFault) {
        see(now)
        try silences.expire(id, now: self.now)
    }

    /// Takes the silences of planned maintenance for the only ones.
    public mutating func plan(_ planned: [Silence]) { silences.plan(planned) }

    /// The alerts that ended by themselves since this was last called.
    public mutating func takeEnded() -> [Labels] {
        defer { ended = [] }
        return ended
    }

    /// How many alerts flap now, how many began to, and how many of their changes nobody was told.
    public var flapFigures: (now: Int, began: UInt64, held: UInt64) {
        (flaps.count, flaps.began, flaps.held)
    }

    /// Whether an alert flaps.
    public func isFlapping(_ key: Labels) -> Bool { flaps.isFlapping(key) }

    /// What is not to be told at a time. O(rules * alerts + silences).
    func muting(at now: Timestamp) -> Muting {
        var inhibition = Inhibition()
        if !inhibitor.isEmpty {
            let firing = book.alerts.filter(\.isFiring).map(settings.outward)
            inhibition = inhibitor.inhibition(of: firing)
        }
        return Muting(
            inhibition: inhibition, silences: silences.active(at: now), flaps: flaps,
            timeIntervals: settings.timeIntervals, watchdog: settings.watchdog?.key, now: now)
    }
}

extension NotifierSettings {
    /// An alert's labels as its receivers see them. What came from outside has its sender's.
    func outward(_ alert: Alert) -> Labels {
        alert.isPosted ? alert.labels : externalLabels.merging(alert.labels)
    }
}
