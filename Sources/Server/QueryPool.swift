import Agent
import Model
import Synchronization

// The threads that evaluate queries. The owner hands a point in time over; a query runs on it while
// the owner goes on. As many wait as `waitingMax`; more are told to come back.

/// A request for an answer of the store, from its arrival on.
struct QueryJob: Sendable {
    let request: HTTPRequest
    let view: QueryView
    let receivedAt: Timestamp
    /// Nil when the answer comes from elsewhere later.
    let answer: @Sendable (QueryView, QueryWatch) -> HTTPResponse?
}

/// Tells a running query when to end, and why it ended.
final class QueryWatch: Sendable {
    enum Reason: Int { case none, timedOut, clientGone, stopping }

    /// How often the client's connection is looked at.
    private static let interval = TimeSpan.milliseconds(50)

    private let request: HTTPRequest
    private let receivedAt: Timestamp
    private let deadline: Atomic<Int64>
    private let isStopping: @Sendable () -> Bool
    private let lookAt: Atomic<Int64>
    /// Seconds from the request's arrival until a thread took it.
    let queued: Double
    private let found = Atomic<Int>(Reason.none.rawValue)

    init(
        _ request: HTTPRequest, receivedAt: Timestamp, timeout: TimeSpan,
        isStopping: @escaping @Sendable () -> Bool
    ) {
        self.request = request
        self.receivedAt = receivedAt
        deadline = Atomic((receivedAt + timeout).millis)
        self.isStopping = isStopping
        queued = (wallClock() - receivedAt).seconds
        lookAt = Atomic((wallClock() + Self.interval).millis)
    }

    /// Why the query was told to stop.
    var reason: Reason { Reason(rawValue: found.load(ordering: .relaxed)) ?? .none }

    /// Lets the client shorten the time.
    func limit(to timeout: TimeSpan) {
        deadline.min((receivedAt + timeout).millis, ordering: .relaxed)
    }

    /// Asked by the query now and then; once true it stays true.
    func shouldStop() -> Bool {
        if reason != .none { return true }
        let now = wallClock()
        if now.millis >= deadline.load(ordering: .relaxed) { return stop(.timedOut) }
        guard now.millis >= lookAt.load(ordering: .relaxed) else { return false }
        lookAt.store((now + Self.interval).millis, ordering: .relaxed)
        if isStopping() { return stop(.stopping) }
        return request.isClientGone ? stop(.clientGone) : false
    }

    private func stop(_ reason: Reason) -> Bool {
        found.store(reason.rawValue, ordering: .relaxed)
        return true
    }
}

/// Evaluates queries on a few threads.
final class QueryPool: @unchecked Sendable {
    // Sound: `threads` is set before the first request and read after the last; the rest is behind
    // the queue's lock or atomic.
    static let waitingMax = 64
    /// Queries make way: with as many of them under way as there are processors, the threads that
    /// take writes would wait for their turn.
    static let niceness: Int32 = 10

    private let queue = WorkQueue<QueryJob>(capacity: waitingMax)
    private let isStopping = Atomic<Bool>(false)
    private let concurrency: Int
    private var threads: [Worker] = []

    init(concurrency: Int) { self.concurrency = concurrency }

    func start() {
        threads = (0..<concurrency).map { _ in Worker(niceness: Self.niceness) { [self] in run() } }
    }

    /// Takes a job; false when too many wait: it is answered at once then.
    func take(_ job: QueryJob) -> Bool {
        if queue.post(job) { return true }
        job.request.complete(QueryFault.overloaded.response)
        return false
    }

    /// Stops running queries, refuses those that wait and those that come.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        for job in queue.close() { job.request.complete(QueryFault.stopping.response) }
        for thread in threads { thread.join() }
    }

    private func run() {
        while let job = queue.take() {
            let watch = QueryWatch(
                job.request, receivedAt: job.receivedAt, timeout: job.view.settings.timeout,
                isStopping: { [self] in isStopping.load(ordering: .relaxed) })
            let response = job.answer(job.view, watch)
            if let response { job.request.completePrepared(response) }
        }
    }
}

/// A bounded queue from which many threads take one at a time.
final class WorkQueue<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var isClosed = false
    }

    private let state = Awaited(State())
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// False when it is full or closed.
    func post(_ item: Item) -> Bool {
        let isPosted = state.withLock { state in
            guard !state.isClosed, state.items.count < capacity else { return false }
            state.items.append(item)
            return true
        }
        if isPosted { state.wakeOne() }
        return isPosted
    }

    /// The oldest; waits for one. Nil once closed.
    func take() -> Item? {
        state.wait(
            while: { $0.items.isEmpty && !$0.isClosed },
            then: { $0.isClosed ? nil : $0.items.removeFirst() })
    }

    /// What nobody took.
    func close() -> [Item] {
        defer { state.wakeAll() }
        return state.withLock { state in
            state.isClosed = true
            defer { state.items = [] }
            return state.items
        }
    }
}
