import Agent
import Alerting
import Ingest
import Model
import Storage
import Synchronization
import Text
import Wire

// The one thread that drives the agent (DESIGN §3.1). It takes all messages that wait, handles
// them, appends what they logged in one write and one fdatasync (group commit), and only then
// carries the effects out: a reply or a notification never says more than the disk holds.

enum OwnerMessage: Sendable {
    case write(WriteBatch, WriteExchange)
    /// A read of the agent's state; rendered by the owner, between two events.
    case read(HTTPRequest, @Sendable (AgentCore, Timestamp) -> HTTPResponse)
    /// A point in time of the store, to be read on another thread.
    case view(HTTPRequest, @Sendable (QueryView) -> Void)
    /// What another thread needs to know of the agent's state; it sees that there is an answer.
    case order(HTTPRequest, @Sendable (AgentCore, Timestamp) -> Void)
    case configure(ConfigurationFiles, HTTPRequest?)
    case delivered(DeliveryID, Outcome)
    /// What a round of rules gave.
    case evaluated(RuleOutcome)
    /// What models were asked; who sent rows waits for an answer.
    case features(FeatureBatch, HTTPRequest?)
    /// What was told of runs.
    case pipeline(PipelineBatch, PipelineExchange)
    /// What somebody asks for through Alertmanager's API.
    case alertmanager(AlertmanagerChange, refused: String?, HTTPRequest)
    /// What was found out for an SLI.
    case answered(AskID, Answer)
    case spans(SpanBatch, SpanExchange)
    case backfill(BackfillStep, @Sendable (BackfillProgress) -> Void)
    /// What the storekeeper did.
    case kept(KeptNews)
    case stop
}

/// Where the agent is in its life, for `/-/ready`.
enum Phase: Int, Sendable {
    case replaying, ready, refusing, stopped
}

/// Caps and times of the owner; tests make them small.
struct OwnerLimits: Sendable {
    /// Log bytes that are made durable at once; more wait for the next turn of the disk.
    var commitBytes = 8 << 20
    /// Log bytes kept in memory while the disk refuses them.
    var unwrittenBytesMax = 64 << 20
    /// How long to wait before the disk is tried again.
    var retryInterval = TimeSpan.seconds(1)
    /// A checkpoint is written when so many samples have come since, or as many bytes of log as the
    /// configuration says.
    var checkpointSamples = 8_000_000
    /// Messages that may wait; beyond it the sender is told to come back.
    var mailboxCapacity = 4096
}

/// Owns the agent and its log.
final class Owner: @unchecked Sendable {
    // Sound: everything but `mailbox`, `phase` and `turns` is touched by the owner's thread alone.

    let mailbox: Mailbox<OwnerMessage>
    let phase = Atomic<Int>(Phase.replaying.rawValue)
    /// Turns of the loop, for metrics: a loop that spins shows here.
    let turns = Atomic<Int>(0)

    let limits: OwnerLimits
    let log: EventLog
    let logger: Logger
    private let courier: Courier
    let vault: SecretVault
    let rules: RuleRunner
    let prober: Prober
    let storekeeper: Storekeeper
    let figures = Locked(DurabilityFigures())
    /// Gets what is received, too. Set before the thread starts.
    var recorder: Recorder?
    var agent = AgentCore(seed: randomBits())
    var effects: [PlannedEffect] = []
    private var waiting: [RequestID: WriteExchange] = [:]
    /// Requests that wait for what they led to, writes and pipelines apart.
    var waitingRows: [RequestID: HTTPRequest] = [:]
    var waitingPipelines: [RequestID: PipelineExchange] = [:]
    var waitingSpans: [RequestID: SpanExchange] = [:]
    /// What spans are to be read by.
    let lens = Locked(SpanLens([]))
    /// Events about models that came while none could be taken.
    let eventsLost = Atomic<Int>(0)
    var lastRequest: UInt64 = 0
    private var unwritten: [UInt8] = []
    private var unwrittenFirst = LogPosition.start
    var durable = LogPosition.start
    private var retryAt: Timestamp?
    /// Whether records are written that `fdatasync` has not seen, and when it last ran.
    private var hasUnsynced = false
    private var syncedAt = Timestamp.distantPast
    var storedAtCheckpoint = 0
    /// Bytes of log since the newest checkpoint was begun.
    var tailBytes = 0
    var isCheckpointing = false
    var failedDrafts: [SegmentDraft] = []
    /// Who offered the configurations that are not reported yet, in order; nil for ourselves.
    var offers: [HTTPRequest?] = []

    init(
        log: EventLog, courier: Courier, storekeeper: Storekeeper, rules: RuleRunner,
        logger: Logger, vault: SecretVault = SecretVault(),
        limits: OwnerLimits = OwnerLimits()
    ) {
        self.vault = vault
        self.storekeeper = storekeeper
        self.limits = limits
        mailbox = Mailbox(capacity: limits.mailboxCapacity)
        self.log = log
        self.courier = courier
        self.rules = rules
        prober = Prober { [mailbox] id, outcome in
            mailbox.postAlways(.answered(id, .probe(outcome)))
        }
        self.logger = logger
    }

    // MARK: Start

    /// Replays the log and takes the configuration. Effects of the past are not carried out again,
    /// except deliveries whose answer is not in the log.
    func start(_ files: ConfigurationFiles) throws(LogFault) {
        restore()
        storedAtCheckpoint = agent.intake.totals.stored
        var past: [PlannedEffect] = []
        var unknown = 0
        let recovery = try log.recover(after: agent.position) { record in
            if !agent.replay(record, into: &past) { unknown += 1 }
            keepSegments(&past)
        }
        openSegments()
        durable = agent.position
        if recovery.records > 0 {
            logger.info(
                "log replayed", ("records", String(recovery.records)),
                ("bytes", String(recovery.bytes)), ("series", String(agent.seriesCount)))
        }
        // What was replayed counts: else an agent that dies often never writes a checkpoint.
        tailBytes = recovery.bytes
        if let reason = recovery.cutReason {
            figures.withLock { $0.logBytesCut += recovery.cutBytes }
            logger.warn(
                "log cut at the last good record", ("bytes", String(recovery.cutBytes)),
                ("reason", reason))
        }
        if unknown > 0 {
            logger.warn("records of an unknown kind passed over", ("records", String(unknown)))
        }
        agent.handle(.started, at: wallClock(), into: &effects)
        offers.append(nil)
        agent.handle(.configured(files), at: wallClock(), into: &effects)
        commit()
        if !isFailing { logger.info("ready") }
    }

    /// Of the past only segments are written anew: those that were not, and those that were alike.
    private func keepSegments(_ past: inout [PlannedEffect]) {
        for planned in past {
            switch planned.effect {
            case .writeSegment(let draft): storekeeper.keep(.segment(draft))
            case .removeSegments(let numbers): storekeeper.keep(.removeSegments(numbers))
            case .announce, .reply, .send, .report, .evaluate, .featuresTaken, .ask,
                .pipelineTaken, .spansTaken, .alertmanagerDone:
                break
            }
        }
        past.removeAll(keepingCapacity: true)
    }

    // MARK: The loop

    /// Runs until told to stop.
    func run() {
        var isRunning = true
        while isRunning {
            turns.add(1, ordering: .relaxed)
            // A tick that cannot be taken is not waited for: its time is past.
            let tickAt = canTakeMore ? agent.nextDeadline : nil
            let deadline = [tickAt, retryAt, syncAt].compactMap { $0 }.min()
            for message in mailbox.drain(until: deadline) {
                if case .stop = message { isRunning = false }
                handle(message)
                if gathered() >= limits.commitBytes { commit() }
            }
            if let due = agent.nextDeadline, wallClock() >= due, canTakeMore {
                agent.handle(.tick, at: wallClock(), into: &effects)
            }
            commit()
            syncIfDue()
        }
        end()
    }

    /// Tries the disk a last time and answers all that waits.
    private func end() {
        retryAt = nil
        prober.stop()
        commit()
        try? log.sync()  // What fails here was to be lost at a power failure anyway.
        if !unwritten.isEmpty {
            logger.error(
                "stopped with records that could not be written",
                ("bytes", String(unwritten.count)))
        }
        setPhase(.stopped)
        for message in mailbox.close() { refuse(message) }
        for exchange in waiting.values { exchange.complete(Self.unavailable) }
        for offer in offers { offer?.complete(Self.unavailable) }
        for request in waitingRows.values { request.complete(Self.unavailable) }
        for exchange in waitingSpans.values { exchange.complete(nil) }
        waitingSpans = [:]
        waitingRows = [:]
        refusePipelines()
        waiting = [:]
        offers = []
        log.close()
    }

    private func handle(_ message: OwnerMessage) {
        switch message {
        case .write(let batch, let exchange):
            guard !isFailing else { return exchange.complete(Self.unavailable) }
            lastRequest += 1
            let id = RequestID(lastRequest)
            waiting[id] = exchange
            recorder?.record(batch, at: max(wallClock(), agent.now))
            agent.handle(.write(batch, id), at: wallClock(), into: &effects)
        case .read(let request, let render):
            request.complete(render(agent, max(agent.now, wallClock())))
        case .view(_, let hand): hand(agent.queryView())
        case .order(_, let hand): hand(agent, max(agent.now, wallClock()))
        case .configure(let files, let request):
            configure(files, request)
        case .delivered(let id, let outcome):
            note(outcome)
            agent.handle(.delivered(id, outcome), at: wallClock(), into: &effects)
        case .evaluated(let outcome):
            agent.handle(.evaluated(outcome), at: wallClock(), into: &effects)
        case .features(let batch, let request): take(batch, request)
        case .pipeline(let batch, let exchange): take(batch, exchange)
        case .alertmanager(let change, let refused, let request): take(change, refused, request)
        case .answered(let id, let answer):
            agent.handle(.answered(id, answer), at: wallClock(), into: &effects)
        case .spans(let batch, let exchange): take(batch, exchange)
        case .kept(let news): note(news)
        case .backfill(let step, let answer): backfill(step, answer)
        case .stop: break
        }
    }

    /// Gives the agent an event of now.
    func handle(_ event: Event) { agent.handle(event, at: wallClock(), into: &effects) }

    private func refuse(_ message: OwnerMessage) {
        switch message {
        case .write(_, let exchange): exchange.complete(Self.unavailable)
        case .spans(_, let exchange): exchange.complete(nil)
        case .read(let request, _): request.complete(Self.unavailable)
        case .pipeline(_, let exchange): exchange.request.complete(Self.unavailable)
        case .alertmanager(_, _, let request): request.complete(Self.unavailable)
        case .view(let request, _), .order(let request, _):
            request.complete(QueryFault.stopping.response)
        case .configure(_, let request), .features(_, let request):
            request?.complete(Self.unavailable)
        case .delivered, .evaluated, .answered, .kept, .stop: break
        case .backfill(_, let answer): answer(agent.backfill)
        }
    }

    static let unavailable = HTTPResponse.text(503, "not ready to take writes; try again")
        .adding("Retry-After", "1")

    private func configure(_ files: ConfigurationFiles, _ request: HTTPRequest?) {
        guard !isFailing else {
            logger.error("configuration not taken; the event log cannot be written")
            request?.complete(Self.unavailable)
            return
        }
        offers.append(request)
        agent.handle(.configured(files), at: wallClock(), into: &effects)
        commit()
    }

    // MARK: Durability

    var isFailing: Bool { retryAt != nil }
    private var canTakeMore: Bool { unwritten.count < limits.unwrittenBytesMax }

    /// Takes what the agent logged; how many bytes wait for the disk.
    private func gathered() -> Int {
        let bytes = agent.takeLog()
        if unwritten.isEmpty { unwrittenFirst = durable.next }
        unwritten += bytes
        return unwritten.count
    }

    /// Makes what was logged durable and carries out what depended on it.
    private func commit() {
        if gathered() > 0 { writeLog() }
        carryOut()
        checkpointIfDue()
    }

    private func writeLog() {
        if let retryAt, wallClock() < retryAt { return }
        do throws(LogFault) {
            let isSynced = mustSync
            try log.append(unwritten, first: unwrittenFirst, isSynced: isSynced)
            hasUnsynced = !isSynced
            if isSynced { syncedAt = wallClock() }
            tailBytes += unwritten.count
            unwritten.removeAll(keepingCapacity: unwritten.count < 1 << 20)
            durable = agent.position
            if isFailing { logger.info("the log can be written again") }
            retryAt = nil
            setPhase(.ready)
        } catch {
            if !isFailing {
                logger.error("the log cannot be written; refusing writes", ("reason", error.reason))
            }
            retryAt = wallClock() + limits.retryInterval
            setPhase(.refusing)
        }
    }

    /// Whether what is being written has to be durable before it is answered: always, unless the
    /// configuration lets it wait; and decisions on alerts whatever it says.
    private var mustSync: Bool {
        let interval = agent.configuration.logSyncInterval
        if interval == .zero || wallClock() >= syncedAt + interval { return true }
        return effects.contains { planned in
            switch planned.effect {
            case .reply, .writeSegment, .removeSegments, .evaluate, .featuresTaken, .ask,
                .pipelineTaken, .spansTaken:
                false
            case .announce, .send, .report, .alertmanagerDone: true
            }
        }
    }

    /// When acknowledged data has waited long enough for the disk.
    private var syncAt: Timestamp? {
        hasUnsynced ? syncedAt + agent.configuration.logSyncInterval : nil
    }

    private func syncIfDue() {
        guard let syncAt, wallClock() >= syncAt else { return }
        do throws(LogFault) {
            try log.sync()
            hasUnsynced = false
        } catch {
            logger.error("the log cannot be made durable", ("reason", error.reason))
        }
        syncedAt = wallClock()
    }

    private func setPhase(_ new: Phase) { phase.store(new.rawValue, ordering: .releasing) }

    private func carryOut() {
        var later: [PlannedEffect] = []
        for planned in effects {
            if planned.after > durable {
                later.append(planned)
                continue
            }
            switch planned.effect {
            case .reply(let reply):
                waiting.removeValue(forKey: reply.id)?
                    .complete(answer(reply), written(reply.tally), of: reply)
            case .featuresTaken(let reply):
                takeWaiting(reply.id)?.complete(FeatureEndpoints.answer(reply))
            case .pipelineTaken(let reply): complete(reply)
            case .alertmanagerDone(let reply): tell(reply)
            case .spansTaken(let reply):
                waitingSpans.removeValue(forKey: reply.id)?.complete(reply)
            case .announce(let news):
                logger.info(
                    "alert \(news.state)", ("labels", news.labels.description),
                    ("summary", news.summary))
            case .send(let delivery): courier.send(delivery)
            case .ask(let id, let question): ask(id, question)
            case .writeSegment(let draft):
                retrySegments()
                storekeeper.keep(.segment(draft))
            case .removeSegments(let numbers): storekeeper.keep(.removeSegments(numbers))
            case .report(let report): tell(report)
            case .evaluate(let round): rules.take(round, on: agent.queryView())
            }
        }
        effects = later
    }
}
