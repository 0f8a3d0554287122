import Model
import Storage

// The intake in checkpoints: sections of at most about a megabyte, made from a point-in-time copy
// whose large parts are pages, so that a thread can write them while the owner goes on. What can be
// worked out from the rest is not written. docs/formats/checkpoint.md.

/// A point in time of an intake, given out section by section.
public struct IntakeSections: Sendable {
    /// The first byte of a section.
    enum Kind: UInt8, CaseIterable {
        case head = 1
        case series, places, feeds, targets
    }

    private static let pagesPerSection = 64
    private var head: [UInt8]?
    private var store: StoreSections
    private var places: PagedArray<SeriesPlace>
    private var feeds: PagedArray<Feed>
    private var targets: PagedArray<Target>
    private var kind = Kind.head
    private var page = 0

    init(of intake: Intake) {
        var copy = intake.head
        var archive = Archive()
        copy.archive(&archive)
        head = archive.bytes
        store = intake.store.sections()
        places = intake.places
        feeds = intake.feeds
        targets = intake.targets
    }

    /// The next section; nil after the last.
    public mutating func next() -> [UInt8]? {
        switch kind {
        case .head:
            kind = .series
            return [Kind.head.rawValue] + (head ?? [])
        case .series:
            if let section = store.next() { return [Kind.series.rawValue] + section }
            return begin(.places)
        case .places: return pages(of: places) ?? begin(.feeds)
        case .feeds: return pages(of: feeds) ?? begin(.targets)
        case .targets: return pages(of: targets)
        }
    }

    private mutating func begin(_ kind: Kind) -> [UInt8]? {
        self.kind = kind
        page = 0
        return next()
    }

    private mutating func pages<Element: Archivable>(
        of array: PagedArray<Element>
    ) -> [UInt8]? {
        guard page < array.pageCount else { return nil }
        let range = page..<min(page + Self.pagesPerSection, array.pageCount)
        page = range.upperBound
        var archive = Archive()
        var copy = array
        archive.pages(&copy, range)
        return [kind.rawValue] + archive.bytes
    }
}

extension Intake {
    /// A point in time of all state but the settings. O(targets with open scrapes).
    public func sections() -> IntakeSections { IntakeSections(of: self) }

    /// Takes the next section. False when it is malformed; then the intake is of no use.
    public mutating func restore(_ section: [UInt8]) -> Bool {
        guard let kind = section.first.flatMap(IntakeSections.Kind.init) else { return false }
        let content = Array(section.dropFirst())
        if kind == .series { return store.restore(content) }
        var archive = Archive(reading: content)
        switch kind {
        case .head:
            var head = IntakeHead.blank
            head.archive(&archive)
            guard archive.isComplete else { return false }
            take(head)
        case .series: break
        case .places: archive.pages(&places)
        case .feeds: archive.pages(&feeds)
        case .targets: archive.pages(&targets)
        }
        return archive.isComplete
    }

    /// Works out what the sections leave out. False when they do not belong together.
    public mutating func finishRestore() -> Bool {
        guard store.finishRestore(), store.count == places.count, hasSoundNumbers else {
            return false
        }
        isWatched = Array(repeating: false, count: targets.count)
        let free = Set(freeFeeds)
        for feed in feeds.indices where !feeds.isReleased(feed) && !free.contains(UInt32(feed)) {
            let target = feeds[feed].target
            guard !isWatched[Int(target)] else { continue }
            isWatched[Int(target)] = true
            watched.append(target)
        }
        for target in targets.indices where !targets.isReleased(target) {
            let identity = targets[target].identity
            if !identity.isEmpty { targetByIdentity[identity] = UInt32(target) }
        }
        for (index, sender) in senders.enumerated() {
            senderByIdentity[sender.identity] = UInt32(index)
        }
        for index in places.indices where !places.isReleased(index) {
            let place = places[index]
            guard place.state != .dead, place.stored != index else { continue }
            sharers[place.stored, default: []].append(UInt32(index))
        }
        findFamilies()
        recount()
        return true
    }

    /// Counts the active series by namespace and metric.
    private mutating func recount() {
        var counts: [UInt64: Int] = [:]
        let none = UInt32.max
        store.index.forEachSymbols(of: Cardinality.namespaceLabel, Labels.metricName) {
            id, namespace, metric in
            let place = places[Int(id.index)]
            guard place.state == .live || place.state == .marked, place.stored == id.index else {
                return
            }
            counts[UInt64(namespace ?? none) << 32 | UInt64(metric ?? none), default: 0] += 1
        }
        func text(_ symbol: UInt64) -> String {
            symbol == UInt64(none) ? "" : store.index.text(of: UInt32(symbol))
        }
        // The order decides which namespaces are told apart when there are too many.
        let named = counts.map { (text($0.key >> 32), text($0.key & 0xffff_ffff), $0.value) }
        for (namespace, metric, count) in named.sorted(by: { ($0.0, $0.1) < ($1.0, $1.1) }) {
            cardinality.add(
                namespace: cardinality.namespace(namespace), metric: metric, count: count)
        }
    }

    /// Whether every number read is one of something.
    private var hasSoundNumbers: Bool {
        for index in places.indices where !places.isReleased(index) {
            let place = places[index]
            if place.state == .dead { continue }
            if place.role == .made {
                guard place.stored == index, place.feed == SeriesPlace.noFeed else { return false }
                continue
            }
            guard place.target < targets.count, !targets.isReleased(Int(place.target)),
                place.stored < places.count,
                place.replica < max(1, targets[Int(place.target)].replicas.count),
                place.feed == SeriesPlace.noFeed || place.feed < feeds.count
            else { return false }
        }
        for index in targets.indices where !targets.isReleased(index) {
            let target = targets[index]
            guard target.identity.isEmpty || target.sender < senders.count,
                target.scrapes.allSatisfy({ $0.samples.allSatisfy { $0.feed < feeds.count } }),
                target.scrapes.allSatisfy({ $0.histograms.allSatisfy { $0.feed < feeds.count } })
            else { return false }
        }
        let free = Set(freeFeeds)
        for index in feeds.indices where !free.contains(UInt32(index)) {
            guard feeds[index].target < targets.count else { return false }
        }
        return timers.hasTargets(below: targets.count)
    }
}
