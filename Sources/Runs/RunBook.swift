public import Model
public import Wire

// Every run that is known: those under way, and those that have ended, for as long as they may be
// told of again. A report finds its run by its id and changes what is known of it; what SLOs have
// counted of the run is corrected by the difference. So counts depend on what was told, and not on
// how often or in which order.
//
// A run that has ended is known for a day, or as long as there is room. What may be of one that was
// forgotten, by its time, is refused: counted twice would be worse than not counted.

/// All runs.
public struct RunBook: Sendable {
    public internal(set) var settings = RunSettings()
    /// By number, ascending as they came; those that are gone are blank.
    var runs = PagedArray<Run>()
    /// Of each page, those that are gone; at its capacity the page is released.
    private var gone: [Int: Int] = [:]
    private var places: [RunKey: Int] = [:]
    /// Those that have ended, in the order they did; what is before `endedFirst` is past.
    private var ended: [Int] = []
    private var endedFirst = 0
    /// No run whose reports are all later was forgotten.
    public private(set) var forgottenThrough = Timestamp.distantPast
    public internal(set) var tally = RunTally()
    public internal(set) var datasets = DatasetBook()
    var facetNames = NameTable(most: 1024)
    var watches = WatchList()
    /// Counted since they were taken last.
    var posts: [RunPost] = []
    private var wakes = WakeQueue()
    /// The minute up to which all has been counted.
    var minute = Timestamp.distantPast
    /// When a limit refused a run last.
    public private(set) var shedAt = Timestamp.distantPast
    var hasHead = false

    public init() {}

    /// Runs that are known, and those of them that have not ended.
    public var count: Int { places.count }
    public var liveCount: Int { places.count - (ended.count - endedFirst) }

    /// Numbers of runs, newest last; some may be gone.
    public var numbers: Range<Int> { runs.indices }

    /// The run of a number; nil when it is gone.
    public func run(_ number: Int) -> Run? {
        guard runs.indices.contains(number), !runs.isReleased(number) else { return nil }
        return runs[number].isGone ? nil : runs[number]
    }

    /// The run of a key.
    public func run(of key: RunKey) -> Run? { places[key].map { runs[$0] } }

    // MARK: Taking reports

    /// What of a batch can be of now, and the time of what does not tell its own. Changes nothing.
    public static func resolve(_ batch: PipelineBatch, at now: Timestamp) -> PipelineBatch {
        var canonical = batch
        canonical.events = []
        canonical.events.reserveCapacity(batch.events.count)
        for event in batch.events {
            if let at = event.time {
                if at > now + RunSettings.aheadMax {
                    canonical.count(.ahead)
                    continue
                }
                if at < now - RunSettings.behindMax {
                    canonical.count(.ancient)
                    continue
                }
            }
            canonical.events.append(event)
        }
        return canonical
    }

    /// Takes a report; a reason when it is refused.
    public mutating func take(_ report: RunReport, at now: Timestamp) -> PipelineFault? {
        let key = RunKey(report)
        let place: Int
        if let known = places[key] {
            place = known
        } else {
            if (report.at ?? now) <= forgottenThrough { return refuse(.forgotten) }
            if places.count >= settings.runsMax && !forgetOldest() {
                shedAt = now
                return refuse(.shed)
            }
            place = runs.count
            runs.append(Run(key, at: now))
            places[key] = place
            tally.begun += 1
        }
        tally.reports[Int(report.step.rawValue)] += 1
        let hadEnded = runs[place].outcome
        if runs[place].take(report, at: now) { runs[place].matchedIn = 0 }
        if !report.facets.isEmpty { note(report.facets, place) }
        if !report.datasets.isEmpty { note(report.datasets, place, now) }
        if hadEnded == nil, let outcome = runs[place].outcome {
            tally.ended[Int(outcome.rawValue)] += 1
            runs[place].endOrder = tally.ended.reduce(0, +)
            ended.append(place)
        }
        if runs[place].outcome == .completed { completeOutputs(place) }
        recount(place, at: now)
        return nil
    }

    /// Counts what was refused.
    @discardableResult
    public mutating func refuse(_ fault: PipelineFault, _ count: UInt64 = 1) -> PipelineFault {
        tally.faults[Int(fault.rawValue)] += count
        return fault
    }

    private mutating func note(_ facets: [String], _ place: Int) {
        for name in facets {
            guard let number = facetNames.number(of: name) else { continue }
            _ = Run.insert(number, into: &runs[place].facets, most: Run.facetsMax)
        }
    }

    private mutating func note(_ uses: [DatasetUse], _ place: Int, _ now: Timestamp) {
        for use in uses {
            guard let number = datasets.take(use, at: now, settings.datasetsMax) else { continue }
            if use.isOutput && use.rows == 0 {
                runs[place].outputs.removeAll { $0 == number }
            } else if use.isOutput {
                _ = Run.insert(number, into: &runs[place].outputs, most: Run.outputsMax)
            }
        }
    }

    private mutating func completeOutputs(_ place: Int) {
        for number in runs[place].outputs {
            datasets.complete(number, at: runs[place].endedAt)
        }
    }

    // MARK: Forgetting

    /// Makes room for one; false when no run has ended.
    private mutating func forgetOldest() -> Bool {
        guard endedFirst < ended.count else { return false }
        let place = ended[endedFirst]
        endedFirst += 1
        if endedFirst > 1024 && endedFirst * 2 > ended.count {
            ended.removeFirst(endedFirst)
            endedFirst = 0
        }
        let run = runs[place]
        forgottenThrough = max(forgottenThrough, max(run.endedAt, run.stepAt))
        tally.forgotten += 1
        remove(place)
        return true
    }

    private mutating func remove(_ place: Int) {
        places[runs[place].key] = nil
        runs[place] = Run.blank
        let page = place / runs.pageCapacity
        let count = (gone[page] ?? 0) + 1
        if count == runs.pageCapacity {
            runs.releasePage(page)
            gone[page] = nil
        } else {
            gone[page] = count
        }
    }

    private mutating func expire(_ place: Int) {
        let run = runs[place]
        forgottenThrough = max(forgottenThrough, run.stepAt)
        tally.expired += 1
        remove(place)
    }

    // MARK: Time

    /// Forgets, and counts what time alone decides.
    public mutating func advance(to now: Timestamp) {
        while endedFirst < ended.count,
            now - runs[ended[endedFirst]].changedAt > settings.keep
        {
            _ = forgetOldest()
        }
        while let place = wakes.pop(notAfter: now) {
            guard !runs.isReleased(place), !runs[place].isGone, runs[place].wakesAt <= now else {
                continue
            }
            runs[place].wakesAt = .distantFuture
            if runs[place].outcome == nil && now - runs[place].changedAt >= settings.liveFor {
                expire(place)
            } else {
                recount(place, at: now)
            }
        }
        advanceSchedules(to: now)
    }

    /// When `advance` has something to do next.
    public var nextDeadline: Timestamp? {
        let forget =
            endedFirst < ended.count
            ? runs[ended[endedFirst]].changedAt + settings.keep + .milliseconds(1) : nil
        let next = watches.isEmpty ? nil : minute + .minutes(1)
        return [wakes.first, forget, watches.nextDeadline, next].compactMap(\.self).min()
    }

    /// Sees to it that a run is looked at in time.
    mutating func sleep(_ place: Int, until time: Timestamp) {
        var time = time
        if runs[place].outcome == nil {
            time = min(time, runs[place].changedAt + settings.liveFor)
        }
        guard time < runs[place].wakesAt else { return }
        runs[place].wakesAt = time
        wakes.push(time, place)
    }

    // MARK: After a checkpoint

    /// Works out what follows from the runs.
    mutating func index(at now: Timestamp) -> Bool {
        places = [:]
        gone = [:]
        ended = []
        endedFirst = 0
        wakes = WakeQueue()
        for place in runs.indices where !runs.isReleased(place) {
            if runs[place].isGone {
                gone[place / runs.pageCapacity, default: 0] += 1
                continue
            }
            if places.updateValue(place, forKey: runs[place].key) != nil { return false }
            if runs[place].outcome != nil { ended.append(place) }
        }
        ended.sort { runs[$0].endOrder < runs[$1].endOrder }
        return true
    }

    mutating func wakeAll(at now: Timestamp) {
        for place in runs.indices where !runs.isReleased(place) && !runs[place].isGone {
            runs[place].wakesAt = .distantFuture
            recount(place, at: now)
        }
    }

    mutating func setForgotten(_ time: Timestamp) { forgottenThrough = time }
    mutating func setShed(_ time: Timestamp) { shedAt = time }
}

extension PipelineEvent {
    /// When it happened, if it says so.
    var time: Timestamp? {
        switch self {
        case .run(let report): report.at
        case .dataset(_, let at): at
        case .change(let change): change.at
        case .alert(let alert): alert.isFiring ? nil : alert.endsAt
        }
    }
}

/// Numbers to be looked at, by time: a heap, whose entries may be out of date.
struct WakeQueue: Sendable {
    private var heap: [(at: Timestamp, place: Int)] = []

    var first: Timestamp? { heap.first?.at }

    mutating func push(_ at: Timestamp, _ place: Int) {
        heap.append((at, place))
        var child = heap.count - 1
        while child > 0, heap[child].at < heap[(child - 1) / 2].at {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop(notAfter time: Timestamp) -> Int? {
        guard let top = heap.first, top.at <= time else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return top.place }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && heap[child].at < heap[least].at { least = child }
            if least == parent { return top.place }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

/// Names by number, up to a number of them.
struct NameTable: Sendable {
    private(set) var names: [String] = []
    private var numbers: [String: UInt32] = [:]
    private let most: Int

    init(most: Int) { self.most = most }

    /// The number of a name that is there.
    func known(_ name: String) -> UInt32? { numbers[name] }

    /// The number of a name, a new one if there is room.
    mutating func number(of name: String) -> UInt32? {
        if let known = numbers[name] { return known }
        guard names.count < most else { return nil }
        let number = UInt32(names.count)
        names.append(name)
        numbers[name] = number
        return number
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&names)
        guard archive.isReading else { return }
        if names.count > most { archive.fail() }
        numbers = Dictionary(zip(names, names.indices.map { UInt32($0) })) { first, _ in first }
    }
}
