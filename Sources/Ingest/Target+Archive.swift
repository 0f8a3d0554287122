public import Model

// Targets, their scrapes and senders in checkpoints; docs/formats/checkpoint.md.

extension TargetCondition: Archivable {
    /// To read into.
    public static let blank = TargetCondition.up

    /// A word, then its times.
    public mutating func archive(_ archive: inout Archive) {
        var kind: UInt8 = 0
        var since = Timestamp.distantPast
        var noticed = Timestamp.distantPast
        switch self {
        case .up: break
        case .down(let from, let at): (kind, since, noticed) = (1, from, at)
        case .silent(let from, let at): (kind, since, noticed) = (2, from, at)
        case .retired(let from, let at): (kind, since, noticed) = (3, from, at)
        }
        archive.field(&kind)
        archive.field(&since)
        archive.field(&noticed)
        switch kind {
        case 0: self = .up
        case 1: self = .down(since: since, noticed: noticed)
        case 2: self = .silent(since: since, noticed: noticed)
        case 3: self = .retired(at: since, noticed: noticed)
        default: archive.fail()
        }
    }
}

extension RecentSteps: Archivable {
    static let blank = RecentSteps()

    mutating func archive(_ archive: inout Archive) {
        for index in 0..<Self.kept { archive.field(&steps[index]) }
        archive.field(&count)
        archive.field(&next)
        archive.optional(&median, blank: .zero) { $0.field(&$1) }
        let isWithin = (0...Self.kept).contains(count) && (0..<Self.kept).contains(next)
        if !isWithin {
            archive.fail()
            self = .blank
        }
    }
}

extension ReplicaFold: Archivable {
    static let blank = ReplicaFold()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&last)
        archive.field(&beforeLast)
        archive.field(&live)
        archive.field(&condition)
        archive.field(&steps)
    }
}

extension TargetFold: Archivable {
    static let blank = TargetFold()

    mutating func archive(_ archive: inout Archive) {
        archive.field(&replicas)
        archive.field(&processStart)
        archive.field(&newest)
    }
}

extension Replica: Archivable {
    static let blank = Replica(name: nil, lastArrival: .distantPast)

    mutating func archive(_ archive: inout Archive) {
        archive.optional(&name, blank: .empty) { $0.field(&$1) }
        archive.field(&lastArrival)
        archive.optional(&silence, blank: (.distantPast, .distantPast)) {
            $0.field(&$1.since)
            $0.field(&$1.noticed)
        }
    }
}

extension Scrape: Archivable {
    static let blank = Scrape(
        time: .distantPast, replica: 0, previous: .distantPast, deadline: .distantPast)

    mutating func archive(_ archive: inout Archive) {
        archive.field(&time)
        archive.field(&replica)
        archive.field(&previous)
        archive.field(&deadline)
        archive.field(&delivered)
        archive.field(&alive)
        archive.field(&ended)
        archive.field(&samples)
        archive.field(&histograms)
        archive.field(&endedMetrics)
        archive.field(&upValue)
        archive.field(&hasUpEnded)
        archive.field(&processStart)
        archive.optional(&closing, blank: Closing(at: .distantPast, covered: .distantPast)) {
            $0.field(&$1.at)
            $0.field(&$1.covered)
        }
    }
}

extension Target: Archivable {
    /// To read into.
    public static let blank = Target(identity: .empty, sender: 0, isSingleton: false)

    /// What its labels say, then its replicas, scrapes and folds.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&identity)
        archive.field(&sender)
        archive.field(&isSingleton)
        archive.field(&condition)
        archive.field(&replicas)
        archive.field(&hasUp)
        archive.field(&scrapes)
        archive.field(&base)
        archive.field(&head)
        archive.field(&series)
        guard archive.isReading else { return }
        openCount = scrapes.count { !$0.isClosed }
        let count = replicas.count
        let isWhole =
            count > 0 && base.replicas.count == count && head.replicas.count == count
            && scrapes.allSatisfy { Int($0.replica) < count }
        if !isWhole {
            archive.fail()
            self = .blank
        }
    }
}

extension Sender: Archivable {
    static let blank = Sender(identity: .empty)

    mutating func archive(_ archive: inout Archive) {
        archive.field(&identity)
        archive.field(&coveredSince)
        archive.field(&newest)
        archive.field(&gapAfter)
    }
}

extension ScrapeTimers.Timer: Archivable {
    static let blank = ScrapeTimers.Timer(
        deadline: .distantPast, target: 0, replica: 0, time: .distantPast)

    mutating func archive(_ archive: inout Archive) {
        archive.field(&deadline)
        archive.field(&target)
        archive.field(&replica)
        archive.field(&time)
    }
}
