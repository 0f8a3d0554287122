import Agent
import Glibc
import Model
import Synchronization
import Wire

// What models are asked, between the connection that brings it and the owner. A logger waits for
// its answer with the inference behind it, so events are answered before they are read, whatever
// waits; when too much waits they are answered and left out, by their number and never by what they
// say. One thread reads bodies, many at a time, and hands the owner one batch.

/// A body that waits to be read.
enum FeatureJob: Sendable {
    /// CloudEvents, answered already.
    case events(CloudEventBody)
    /// Rows, whose sender waits for an answer.
    case rows(FeatureRowsBody, HTTPRequest)

    var bytes: Int {
        switch self {
        case .events(let body): body.body.count + 1024
        case .rows(let body, _): body.bytes.count + 1024
        }
    }
}

/// Rows as they were sent.
struct FeatureRowsBody: Sendable {
    var model: String
    var namespace: String
    var endpoint: String
    var version: String
    /// The member that tells a row's time.
    var time: String?
    var bytes: [UInt8]
}

/// What became of bodies, for metrics.
struct FeatureFigures: Sendable {
    var taken = 0
    var shed = 0
    var waiting = 0
    var waitingBytes = 0
}

/// The queue of bodies, and the thread that reads them.
final class FeatureIntake: @unchecked Sendable {
    // Sound: everything is touched with `mutex` held, but `thread`, which is set before the first
    // body comes.
    /// Bodies that are read into one batch.
    private static let batchMax = 512
    private static let batchBytes = 8 << 20

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [FeatureJob] = []
    private var figures = FeatureFigures()
    /// Shed since the last batch.
    private var shedSince: UInt64 = 0
    private var isClosed = false
    private let settings: EventSettings
    private let limits: FeatureLimits
    private let logger: Logger
    /// Takes a batch; false when it cannot now.
    private let hand: @Sendable (FeatureBatch, HTTPRequest?) -> Bool
    private var thread: Worker?
    private var warnedAt = [Timestamp](
        repeating: .distantPast, count: PayloadFault.allCases.count)

    init(
        _ settings: EventSettings, limits: FeatureLimits, logger: Logger,
        hand: @escaping @Sendable (FeatureBatch, HTTPRequest?) -> Bool
    ) {
        self.settings = settings
        self.limits = limits
        self.logger = logger
        self.hand = hand
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func start() { thread = Worker { [self] in run() } }

    /// Queues a body; false when too much waits. Never blocks for longer than a copy of references.
    func offer(_ job: FeatureJob) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed, figures.waiting < settings.queueBodies,
            figures.waitingBytes + job.bytes <= settings.queueBytes
        else {
            figures.shed += 1
            if case .events = job { shedSince += 1 }
            return false
        }
        jobs.append(job)
        figures.taken += 1
        figures.waiting += 1
        figures.waitingBytes += job.bytes
        if jobs.count == 1 { pthread_cond_signal(condition) }
        return true
    }

    /// Counts events that came while the agent could take none.
    func shed(_ count: UInt64) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        shedSince += count
        figures.shed += Int(clamping: count)
    }

    var counts: FeatureFigures {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return figures
    }

    /// Ends the thread. Rows that wait are refused, events are left out.
    func stop() {
        pthread_mutex_lock(mutex)
        isClosed = true
        let left = jobs
        jobs = []
        pthread_cond_broadcast(condition)
        pthread_mutex_unlock(mutex)
        for job in left {
            if case .rows(_, let request) = job { request.complete(Owner.unavailable) }
        }
        thread?.join()
    }

    /// Waits for bodies; nil at the end.
    private func next() -> (jobs: [FeatureJob], shed: UInt64)? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty && !isClosed { pthread_cond_wait(condition, mutex) }
        if isClosed { return nil }
        var count = 0
        var bytes = 0
        while count < min(jobs.count, Self.batchMax), bytes < Self.batchBytes {
            bytes += jobs[count].bytes
            count += 1
        }
        let taken = Array(jobs[..<count])
        jobs.removeFirst(count)
        figures.waiting -= count
        figures.waitingBytes -= bytes
        defer { shedSince = 0 }
        return (taken, shedSince)
    }

    private func run() {
        guard let rows = FeatureRows(limits: limits), let events = CloudEventReader(limits: limits)
        else { return logger.error("no memory to read features") }
        while let (jobs, shed) = next() {
            var batch = FeatureBatch()
            batch.shed = shed
            for job in jobs {
                switch job {
                case .events(let body):
                    let read = events.read(body)
                    batch.events += read.events
                    for fault in read.faults {
                        batch.count(fault)
                        warn(fault, "event")
                    }
                    for event in read.events {
                        for fault in event.faults { warn(fault, event.model) }
                    }
                case .rows(let body, let request):
                    // In the order of arrival: what came before goes first.
                    give(&batch, nil)
                    var own = Self.read(body, rows)
                    for (place, count) in own.faults.enumerated() where count > 0 {
                        if let fault = PayloadFault(rawValue: UInt8(place)) {
                            warn(fault, body.model)
                        }
                    }
                    give(&own, request)
                }
            }
            give(&batch, nil)
        }
    }

    private static func read(_ body: FeatureRowsBody, _ rows: borrowing FeatureRows) -> FeatureBatch
    {
        var batch = FeatureBatch()
        let read = rows.read(body.bytes, time: body.time)
        for frame in read.frames {
            var event = FeatureEvent(.rows)
            event.model = body.model
            event.namespace = body.namespace
            event.endpoint = body.endpoint
            event.version = body.version
            event.frame = frame
            batch.events.append(event)
        }
        for fault in read.faults { batch.count(fault) }
        return batch
    }

    /// Hands a batch over and empties it. Waits while the owner's box is full: meanwhile the queue
    /// fills, and what does not fit is shed where it comes in.
    private func give(_ batch: inout FeatureBatch, _ request: HTTPRequest?) {
        if batch.isEmpty && request == nil { return }
        while !hand(batch, request) {
            pthread_mutex_lock(mutex)
            let isOver = isClosed
            pthread_mutex_unlock(mutex)
            if isOver {
                request?.complete(Owner.unavailable)
                break
            }
            usleep(2000)
        }
        batch = FeatureBatch()
    }

    /// One of a kind a minute, without what was sent.
    private func warn(_ fault: PayloadFault, _ model: String) {
        let place = Int(fault.rawValue)
        let now = wallClock()
        guard now - warnedAt[place] >= .minutes(1) else { return }
        warnedAt[place] = now
        logger.warn(
            "features refused; more of the kind are only counted", ("reason", fault.label),
            ("from", String(model.prefix(100))))
    }
}
