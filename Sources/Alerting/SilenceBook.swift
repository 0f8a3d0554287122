public import Model
internal import Text

// Alertmanager's silences (silence/silence.go): expired ones are kept for five days so that people
// see who silenced what; an active one is changed in place only where that does not rewrite the
// past.

/// The silences. Bounded by `silencesMax`.
public struct SilenceBook: Sendable {
    /// How long an expired silence is kept (Alertmanager's `--data.retention`).
    public static let retention = TimeSpan.hours(120)
    /// The most silences, expired ones included.
    public static let silencesMax = 2_000
    /// The most bytes of one silence's texts.
    public static let bytesMax = 16 << 10

    /// By identity, with its matchers compiled.
    private var kept: [String: (silence: Silence, selector: Selector?)] = [:]

    /// Those of planned maintenance; whoever plans it keeps them up to date.
    public private(set) var planned: [Silence] = []
    private var plannedSelectors: [Selector?] = []
    /// Expired ones that made room for new ones before their five days had passed.
    public private(set) var evicted: UInt64 = 0

    /// No silences.
    public init() {}

    /// Takes the silences of planned maintenance for the only ones.
    public mutating func plan(_ silences: [Silence]) {
        planned = silences
        plannedSelectors = silences.map { try? Selector($0.matchers) }
    }

    /// All that are kept, sorted: active first, then pending, then expired; the newest end last.
    public func all(at now: Timestamp) -> [Silence] {
        func rank(_ silence: Silence) -> Int {
            switch silence.state(at: now) {
            case .active: 0
            case .pending: 1
            case .expired: 2
            }
        }
        let set = kept.values.map(\.silence).filter { $0.endsAt + Self.retention > now }
        return (set + planned).sorted {
            (rank($0), $0.endsAt, $0.id) < (rank($1), $1.endsAt, $1.id)
        }
    }

    /// How many people set, and are kept.
    public var count: Int { kept.count }

    /// One silence.
    public subscript(_ id: String) -> Silence? {
        kept[id]?.silence ?? planned.first { $0.id == id }
    }

    /// Those that are active at a time, ready to be asked about many alerts. O(silences).
    func active(at now: Timestamp) -> ActiveSilences {
        var active = ActiveSilences()
        for entry in kept.values where entry.silence.state(at: now) == .active {
            active.add(entry.silence, entry.selector)
        }
        for (silence, selector) in zip(planned, plannedSelectors)
        where silence.state(at: now) == .active {
            active.add(silence, selector)
        }
        return active
    }

    /// Takes a draft; `id` becomes the identity of a new silence. Returns the identity in force.
    public mutating func set(
        _ draft: SilenceDraft, id: String, now: Timestamp
    ) throws(SilenceFault) -> String {
        let selector = try check(draft, now)
        if let replaced = draft.replaces {
            guard let old = kept[replaced]?.silence else { throw missing(replaced) }
            if Self.canChange(old, to: draft, now) {
                var silence = old
                silence.startsAt = old.state(at: now) == .active ? old.startsAt : draft.startsAt
                silence.endsAt = draft.endsAt
                silence.createdBy = draft.createdBy
                silence.comment = draft.comment
                silence.updatedAt = now
                kept[replaced] = (silence, selector)
                return replaced
            }
            if old.state(at: now) != .expired { end(replaced, now) }
        }
        forget(now: now)
        makeRoom(now)
        guard kept.count < Self.silencesMax else { throw .full(max: Self.silencesMax) }
        let silence = Silence(
            id: id, matchers: draft.matchers, startsAt: max(draft.startsAt, now),
            endsAt: draft.endsAt, updatedAt: now, createdBy: draft.createdBy,
            comment: draft.comment)
        kept[id] = (silence, selector)
        return id
    }

    /// Ends a silence now.
    public mutating func expire(_ id: String, now: Timestamp) throws(SilenceFault) {
        guard let silence = kept[id]?.silence else { throw missing(id) }
        if silence.state(at: now) == .expired { throw .expired(id: id) }
        end(id, now)
    }

    private func missing(_ id: String) -> SilenceFault {
        planned.contains { $0.id == id } ? .planned(id: id) : .notFound(id: id)
    }

    /// Forgets those that expired long ago. Only where a silence is set, so that the same events
    /// always leave the same silences. O(silences).
    private mutating func forget(now: Timestamp) {
        kept = kept.filter { $0.value.silence.endsAt + Self.retention > now }
    }

    private mutating func end(_ id: String, _ now: Timestamp) {
        if let silence = kept[id]?.silence, silence.startsAt > now {
            kept[id]?.silence.startsAt = now
        }
        kept[id]?.silence.endsAt = now
        kept[id]?.silence.updatedAt = now
    }

    /// The longest expired ones go when there is no room.
    private mutating func makeRoom(_ now: Timestamp) {
        guard kept.count >= Self.silencesMax else { return }
        let expired = all(at: now).filter { $0.state(at: now) == .expired }
        // Planned ones are no silences that anybody set.
        guard let oldest = expired.first(where: { kept[$0.id] != nil }) else { return }
        kept[oldest.id] = nil
        evicted += 1
    }

    private static func canChange(
        _ old: Silence, to draft: SilenceDraft, _ now: Timestamp
    ) -> Bool {
        guard old.matchers == draft.matchers else { return false }
        switch old.state(at: now) {
        case .active: return draft.startsAt == old.startsAt && draft.endsAt > now
        case .pending: return draft.startsAt >= now
        case .expired: return false
        }
    }

    private func check(
        _ draft: SilenceDraft, _ now: Timestamp
    ) throws(SilenceFault) -> Selector? {
        guard !draft.matchers.isEmpty else { throw .noMatcher }
        let bytes = draft.matchers.reduce(draft.comment.utf8.count + draft.createdBy.utf8.count) {
            $0 + $1.name.utf8.count + $1.value.utf8.count
        }
        guard bytes <= Self.bytesMax, draft.matchers.count <= Selector.matchersMax else {
            throw .tooLarge(bytesMax: Self.bytesMax)
        }
        var isSelective = false
        for matcher in draft.matchers {
            guard !matcher.name.isEmpty, let selector = try? Selector([matcher]) else {
                throw .badPattern(matcher: matcher.description)
            }
            if !selector.matches(.empty) { isSelective = true }
        }
        guard isSelective else { throw .matchesEverything }
        guard draft.endsAt > draft.startsAt else { throw .endsBeforeItStarts }
        guard draft.endsAt > now else { throw .endsInThePast }
        return try? Selector(draft.matchers)
    }
}

extension SilenceBook {
    mutating func archive(_ archive: inout Archive) {
        archive.counter(&evicted)
        var list = kept.values.map(\.silence).sorted { $0.id < $1.id }
        archive.array(&list, blank: .blank) { $1 = $1.archived(&$0) }
        guard archive.isReading else { return }
        kept = [:]
        for silence in list {
            kept[silence.id] = (silence, try? Selector(silence.matchers))
        }
        if kept.count != list.count || list.count > Self.silencesMax { archive.fail() }
    }
}
