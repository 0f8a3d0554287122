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
    /// Rows that each of them stands for.
    var sampledRate: UInt32
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
    // Sound: `thread` is set before the first body comes, and `warnedAt` is the thread's own.
    /// Bodies that are read into one batch.
    private static let batchMax = 512
    private static let batchBytes = 8 << 20

    private struct State {
        var jobs: [FeatureJob] = []
        var figures = FeatureFigures()
        /// What is to be told with the next batch: bodies shed, and those too large to take in.
        var untold = FeatureBatch()
        var isClosed = false
    }

    private let state = Awaited(State())
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
    }

    func start() { thread = Worker { [self] in run() } }

    /// Queues a body; false when too much waits. Never blocks for longer than a copy of references.
    func offer(_ job: FeatureJob) -> Bool {
        let count = state.withLock { state in
            guard !state.isClosed, state.figures.waiting < settings.queueBodies,
                state.figures.waitingBytes + job.bytes <= settings.queueBytes
            else {
                state.figures.shed += 1
                if case .events = job { state.untold.shed += 1 }
                return 0
            }
            state.jobs.append(job)
            state.figures.taken += 1
            state.figures.waiting += 1
            state.figures.waitingBytes += job.bytes
            return state.jobs.count
        }
        // The thread goes on by itself while any wait.
        if count == 1 { state.wakeOne() }
        return count > 0
    }

    /// Counts events that came while the agent could take none.
    func shed(_ count: UInt64) {
        state.withLock { state in
            state.untold.shed += count
            state.figures.shed += Int(clamping: count)
        }
        // Told at once: a request whose answer was shed has not failed.
        state.wakeOne()
    }

    /// Counts a body that was not taken in.
    func count(_ fault: PayloadFault) {
        state.withLock { $0.untold.count(fault) }
        state.wakeOne()
    }

    var counts: FeatureFigures { state.withLock { $0.figures } }

    /// Ends the thread. Rows that wait are refused, events are left out.
    func stop() {
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.jobs = [] }
            return state.jobs
        }
        state.wakeAll()
        Self.refuse(left[...])
        thread?.join()
    }

    /// Bodies of the next batch, and what is to be told with it; nil at the end. The queue is taken
    /// over whole, without a copy: connections wait for the lock, and their loggers for them.
    private func next(
        _ taken: inout [FeatureJob], _ place: inout Int
    ) -> (jobs: ArraySlice<FeatureJob>, untold: FeatureBatch)? {
        if place == taken.count {
            taken = []
            place = 0
            taken = state.wait(
                while: { $0.jobs.isEmpty && $0.untold.isEmpty && !$0.isClosed },
                then: { state in
                    defer { state.jobs = [] }
                    return state.jobs
                })
        }
        var count = 0
        var bytes = 0
        while place + count < taken.count, count < Self.batchMax, bytes < Self.batchBytes {
            bytes += taken[place + count].bytes
            count += 1
        }
        let batch = taken[place..<place + count]
        let untold: FeatureBatch? = state.withLock { state in
            if state.isClosed { return nil }
            state.figures.waiting -= count
            state.figures.waitingBytes -= bytes
            defer { state.untold = FeatureBatch() }
            return state.untold
        }
        guard let untold else { return nil }
        place += count
        return (batch, untold)
    }

    private func run() {
        // Whoever waits for an answer goes before what is answered already.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
        guard let rows = FeatureRows(limits: limits), let events = CloudEventReader(limits: limits)
        else { return logger.error("no memory to read features") }
        var taken: [FeatureJob] = []
        var place = 0
        while let (jobs, untold) = next(&taken, &place) {
            var batch = untold
            if batch.faults[Int(PayloadFault.tooLarge.rawValue)] > 0 { warn(.tooLarge, "body") }
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
        Self.refuse(taken[place...])
    }

    /// Answers whoever waits for rows that nobody will read.
    private static func refuse(_ jobs: ArraySlice<FeatureJob>) {
        for case .rows(_, let request) in jobs { request.complete(Owner.unavailable) }
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
            event.sampledRate = max(1, body.sampledRate)
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
            if state.withLock({ $0.isClosed }) {
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
