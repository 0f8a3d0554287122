import Drift
import Model
import Wire

// Every model under watch. `resolve` turns what came into what is logged: events of models that
// somebody watches, their version told, one row of a request, nothing that is not used. `apply`
// takes that, live and in replay. What is to be told of it is in `news`, in its order.

/// Something to be told of one watch.
struct DriftNews: Sendable {
    let key: DriftKey
    let signal: DriftWatch.Signal
}

/// All watches, and the exchanges that wait.
struct DriftBook: Sendable {
    /// Versions and endpoints of one model, and of all.
    static let watchesPerModel = 16
    static let watchesMax = 2000
    /// A watch without rows for so long makes room for another.
    static let idleAfter = TimeSpan.hours(1)

    private(set) var models: [DriftModel] = []
    private var modelsByName: [String: [Int]] = [:]
    private(set) var watches: [DriftWatch] = []
    private var places: [DriftKey: Int] = [:]
    /// Watches of one definition, where labels look for their predictions.
    private var placesByTitle: [String: [Int]] = [:]
    private(set) var pairs = InferencePairs()
    /// Bodies and events that gave none, by `PayloadFault.rawValue`; those shed; of models that
    /// nobody watches; of versions for which there was no room.
    private(set) var faults = [UInt64](repeating: 0, count: PayloadFault.allCases.count)
    private(set) var shed: UInt64 = 0
    private(set) var unwatched: UInt64 = 0
    private(set) var crowdedOut: UInt64 = 0
    private(set) var feedback: UInt64 = 0
    /// Labels of predictions that nobody has seen, or whose time is over.
    private(set) var unmatchedLabels: UInt64 = 0
    private(set) var news: [DriftNews] = []
    /// When its series were written last.
    var exposedAt = Timestamp.distantPast
    /// Whether the head of a checkpoint was read.
    private var hasHead = false
    /// No window ends before.
    private var nextWindow = Timestamp.distantPast

    /// Hands out what is to be told.
    mutating func takeNews() -> [DriftNews] {
        defer { news.removeAll() }
        return news
    }

    /// The watch of a key.
    func watch(_ key: DriftKey) -> DriftWatch? { places[key].map { watches[$0] } }

    /// Takes new definitions; returns the keys of alerts that hold no more.
    mutating func configure(_ new: [DriftModel], at now: Timestamp) -> [Labels] {
        models = new
        index()
        var ended: [Labels] = []
        var kept: [DriftWatch] = []
        for watch in watches {
            var watch = watch
            let before = watch
            let held = before.alertKeys
            guard let definition = new.first(where: { $0.title == watch.key.title }) else {
                ended += held
                continue
            }
            watch.configure(definition)
            let holding = watch.alertKeys
            ended += held.filter { !holding.contains($0) }
            if watch.isLatched && definition.changesAlerts(of: before) {
                news.append(DriftNews(key: watch.key, signal: .alarm))
            }
            for place in watch.detectors.latched where definition.changesAlerts(of: before) {
                news.append(DriftNews(key: watch.key, signal: .detected(place)))
            }
            kept.append(watch)
        }
        watches = kept
        indexWatches()
        nextWindow = .distantPast
        return ended
    }

    private mutating func index() {
        modelsByName = [:]
        for (place, model) in models.enumerated() {
            modelsByName[model.model, default: []].append(place)
        }
    }

    private mutating func indexWatches() {
        placesByTitle = Dictionary(grouping: watches.indices) { watches[$0].key.title }
        places = Dictionary(zip(watches.map(\.key), watches.indices)) { first, _ in first }
    }

    func model(of event: FeatureEvent) -> DriftModel? {
        guard let places = modelsByName[event.model] else { return nil }
        let place = places.first {
            models[$0].matches(
                model: event.model, namespace: event.namespace, endpoint: event.endpoint)
        }
        return place.map { models[$0] }
    }

    // MARK: Applying

    /// Takes a canonical batch.
    mutating func apply(_ batch: FeatureBatch, at now: Timestamp) {
        for index in faults.indices { faults[index] += batch.faults[index] }
        shed += batch.shed
        unwatched += batch.unwatched
        // Either may have been the half of an exchange.
        if batch.shed > 0 || batch.faults[Int(PayloadFault.tooLarge.rawValue)] > 0 {
            pairs.noteShed(at: now)
        }
        for event in batch.events {
            for fault in event.faults { faults[Int(fault.rawValue)] += 1 }
            guard let model = model(of: event) else {
                unwatched += 1
                continue
            }
            apply(event, model, at: now)
        }
        expire(at: now)
    }

    private mutating func apply(_ event: FeatureEvent, _ model: DriftModel, at now: Timestamp) {
        let key = DriftKey(
            title: model.title, model: event.model, namespace: event.namespace,
            endpoint: event.endpoint, version: event.version)
        let time =
            event.nanos == 0 ? now : min(now, Timestamp(millis: event.nanos / 1_000_000))
        switch event.kind {
        case .rows: rows(event, key, model, time, now)
        case .feedback:
            feedback += 1
            takeFeedback(event, model, now)
        case .request, .response: exchange(event, key, model, time, now)
        }
    }

    private mutating func exchange(
        _ event: FeatureEvent, _ key: DriftKey, _ model: DriftModel, _ time: Timestamp,
        _ now: Timestamp
    ) {
        let isRequest = event.kind == .request
        var half = InferenceExchange(
            state: isRequest ? .asked : .answered, key: key, nanos: event.nanos, openedAt: now,
            status: event.status, sampledRate: event.sampledRate)
        // Rows of a request wait for a version that its response tells, answers for a request's.
        let waits = isRequest ? model.versionSource == .response : model.versionSource.isHeader
        if waits { half.frame = event.frame }
        let id = InferencePairs.hash(event.id, key)
        switch pairs.take(half, id: id, until: now + model.responseWithin) {
        case .duplicate: withWatch(key, model, now) { $0.tally.duplicates += 1 }
        case .waits:
            if !waits { take(half, event.frame, event.id, key, model, now) }
        case .paired(let first):
            let (asked, answered) = isRequest ? (half, first) : (first, half)
            let version =
                model.versionSource == .response ? answered.key.version : asked.key.version
            let whole = key.with(version: version)
            let isTimed = asked.nanos != 0 && answered.nanos != 0
            let took = isTimed ? answered.nanos - asked.nanos : nil
            withWatch(whole, model, now) { $0.tally.answer(status: answered.status, nanos: took) }
            if let frame = first.frame { take(first, frame, event.id, whole, model, now) }
            take(half, event.frame, event.id, whole, model, now)
        }
    }

    /// Takes what a half of an exchange brought.
    private mutating func take(
        _ half: InferenceExchange, _ frame: FeatureFrame, _ id: String, _ key: DriftKey,
        _ model: DriftModel, _ now: Timestamp
    ) {
        let time = half.nanos == 0 ? now : min(now, Timestamp(millis: half.nanos / 1_000_000))
        guard half.state == .answered else {
            return observe(frame, key, model, time, now, rate: half.sampledRate)
        }
        takeAnswers(frame, id, key, model, time, now, rate: half.sampledRate)
    }

    private mutating func expire(at now: Timestamp) {
        for exchange in pairs.takeExpired(at: now) {
            guard let model = models.first(where: { $0.title == exchange.key.title }) else {
                continue
            }
            let isUncertain = pairs.isUncertain(exchange)
            withWatch(exchange.key, model, now) { watch in
                switch exchange.state {
                case .asked:
                    if isUncertain { watch.tally.unknown += 1 } else { watch.tally.failed += 1 }
                case .answered:
                    if isUncertain {
                        watch.tally.answer(status: exchange.status, nanos: nil)
                    } else {
                        watch.tally.unpaired += 1
                    }
                case .done: break
                }
            }
            // Without the other half nobody knows the id any more: such an answer has no label.
            if let frame = exchange.frame {
                take(exchange, frame, "", exchange.key, model, now)
            }
        }
    }

    mutating func observe(
        _ frame: FeatureFrame, _ key: DriftKey, _ model: DriftModel, _ time: Timestamp,
        _ now: Timestamp, rate: UInt32
    ) {
        guard frame.rows > 0, model.looksAtRows else { return }
        var signals: [DriftWatch.Signal] = []
        withWatch(key, model, now) {
            $0.take(frame, standingFor: rate, at: time, now: now, &signals)
        }
        news += signals.map { DriftNews(key: key, signal: $0) }
    }

    /// Gives a label to the version whose prediction waits for it.
    mutating func label(
        id: UInt64, _ truth: FeatureValue, isVerdict: Bool, _ model: DriftModel, _ now: Timestamp
    ) {
        let siblings = placesByTitle[model.title] ?? []
        guard let place = siblings.first(where: { watches[$0].isWaiting(id) }) else {
            unmatchedLabels += 1
            return
        }
        var signals: [DriftWatch.Signal] = []
        watches[place].label(id: id, truth, isVerdict: isVerdict, at: now, &signals)
        news += signals.map { DriftNews(key: watches[place].key, signal: $0) }
    }

    /// Changes the watch of a key, a new one if there is room.
    mutating func withWatch(
        _ key: DriftKey, _ model: DriftModel, _ now: Timestamp,
        _ body: (inout DriftWatch) -> Void
    ) {
        if let place = places[key] { return body(&watches[place]) }
        let siblings = placesByTitle[key.title] ?? []
        if siblings.count >= Self.watchesPerModel || watches.count >= Self.watchesMax {
            let oldest = siblings.min { watches[$0].lastRowAt < watches[$1].lastRowAt }
            guard let oldest, now - watches[oldest].lastRowAt > Self.idleAfter,
                !watches[oldest].isLatched
            else {
                crowdedOut += 1
                return
            }
            watches.remove(at: oldest)
        }
        var watch = DriftWatch(key, model, at: now)
        body(&watch)
        nextWindow = min(nextWindow, watch.windowEnd)
        watches.append(watch)
        watches.sort { $0.key < $1.key }
        indexWatches()
    }

    // MARK: Time

    /// Closes windows and gives requests up whose time is over.
    mutating func advance(to now: Timestamp) {
        expire(at: now)
        guard now >= nextWindow else { return }
        for place in watches.indices where now >= watches[place].windowEnd {
            var signals: [DriftWatch.Signal] = []
            watches[place].advance(to: now, &signals)
            news += signals.map { DriftNews(key: watches[place].key, signal: $0) }
        }
        nextWindow = watches.map(\.windowEnd).min() ?? .distantFuture
    }

    /// When `advance` has something to do next.
    var nextDeadline: Timestamp? {
        let window = watches.isEmpty ? nil : nextWindow
        let exposure = models.isEmpty ? nil : exposedAt + Self.exposureInterval
        return [window, exposure, pairs.nextDeadline].compactMap(\.self).min()
    }
}

extension DriftModel {
    /// Whether alerts of a watch would carry other labels.
    func changesAlerts(of watch: DriftWatch) -> Bool {
        severity != watch.definition.severity || labels != watch.definition.labels
    }
}

// MARK: In a checkpoint

extension DriftBook {
    /// The counters and the exchanges.
    mutating func archiveHead(_ archive: inout Archive) {
        archive.array(&faults, blank: 0) { $0.field(&$1) }
        archive.field(&shed)
        archive.field(&unwatched)
        archive.field(&crowdedOut)
        archive.field(&feedback)
        archive.field(&unmatchedLabels)
        archive.field(&exposedAt)
        archive.field(&pairs)
        guard archive.isReading else { return }
        if faults.count > PayloadFault.allCases.count { archive.fail() }
        faults += repeatElement(0, count: max(0, PayloadFault.allCases.count - faults.count))
    }

    /// One watch.
    func archived(_ place: Int) -> [UInt8] {
        var archive = Archive()
        var watch = watches[place]
        var key = watch.key
        archive.field(&key)
        watch.archiveState(&archive)
        return archive.bytes
    }

    /// Puts a section of a checkpoint back; the first is the head.
    mutating func restore(_ section: [UInt8]) -> Bool {
        var archive = Archive(reading: section)
        if !hasHead {
            hasHead = true
            archiveHead(&archive)
            return archive.isComplete
        }
        var key = DriftKey.blank
        archive.field(&key)
        guard let model = models.first(where: { $0.title == key.title }), places[key] == nil else {
            return false
        }
        var watch = DriftWatch(key, model, at: .distantPast)
        watch.archiveState(&archive)
        watches.append(watch)
        places[key] = watches.count - 1
        placesByTitle[key.title, default: []].append(watches.count - 1)
        return archive.isComplete
    }
}
