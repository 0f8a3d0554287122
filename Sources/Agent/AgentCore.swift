public import Alerting
public import Ingest
public import Model
public import Runs
public import SLO
public import Storage
import Traces
import Wire

// One value that owns everything below the purity line: events in, effects out (DESIGN §3.1). It
// reads no clock and does no I/O. Each event that changes it is appended, in canonical form, to
// `takeLog`; playing those records into a fresh value gives the same state and the same effects.

/// The agent. Driven by one owner; a value, so a copy is a snapshot.
public struct AgentCore: Sendable {
    /// How often groups are evaluated at most.
    static let evaluationInterval = TimeSpan.milliseconds(100)

    public internal(set) var configuration = Configuration()
    public internal(set) var files = ConfigurationFiles(config: nil, rules: [])
    /// Whether `files` were applied.
    var hasConfiguration = false
    public internal(set) var intake: Intake
    public internal(set) var ledger = Ledger()
    public internal(set) var notifier = Notifier()
    /// The newest record of the log.
    public internal(set) var position = LogPosition.start
    /// The largest time seen; an event is never earlier than the one before.
    public internal(set) var now = Timestamp.distantPast
    public internal(set) var evaluations = 0
    /// Whether the files last offered were taken, for metrics and the reload's answer.
    public internal(set) var isLastReloadGood = true

    var output = IntakeOutput()
    var news: [AlertNews] = []
    /// When groups of rules are evaluated, and what they remember.
    var ruleSchedule = RuleSchedule()
    var drift = DriftBook()
    public internal(set) var runs = RunBook()
    public internal(set) var timeline = Timeline()
    /// What is asked for SLIs that no series shows.
    var asks = AskSchedule()
    var spans = SpanBook()
    var spanExport = SpanExport()
    private var pendingLog: [UInt8] = []
    /// Off in a back-test, which plays one history many times and keeps none.
    var isLogging = true
    var lastEvaluation = Timestamp.distantPast
    var lastTroubleCheck = Timestamp.distantPast
    var alertKeys = AlertKeys()
    var sloExport = SLOExport()
    /// Until when the notifier knows the silences of maintenance. Worked out anew after a restart.
    var maintenancePlannedUntil = Timestamp.distantPast
    /// The past that was read before the first live sample.
    public internal(set) var backfill = BackfillProgress()

    /// An agent that has seen nothing. `seed` keys hash tables; nothing that comes out depends on
    /// it.
    public init(seed: UInt64 = 0) { intake = Intake(settings: .standard, seed: seed) }

    // MARK: Checkpoints

    /// A point in time, for a checkpoint or a reader. Takes well under a millisecond.
    public func snapshot() -> AgentSnapshot { AgentSnapshot(of: self) }

    // MARK: Events

    /// Takes an event. `time` is the wall clock; should it step back, the last time holds.
    public mutating func handle(
        _ event: Event, at time: Timestamp, into effects: inout [PlannedEffect]
    ) {
        now = max(now, time)
        switch event {
        case .started: log(.started) { $0.start() }
        case .tick: log(.tick) { _ in }
        case .delivered(let id, let outcome):
            log(.delivered(id, outcome)) { $0.notifier.delivered(id, outcome, now: $0.now) }
        case .answered(let id, let answer):
            log(.answered(id, answer)) { $0.apply(answer, to: id) }
        case .alertmanager(let change, let refused, let request):
            guard take(change, refused, request, into: &effects) else { return }
        case .configured(let files):
            configure(files, into: &effects)
            return expose(into: &effects)
        case .evaluated(let outcome):
            guard take(outcome) else { return }
        case .features(let batch, let request):
            let canonical = drift.resolve(batch)
            log(.features(canonical)) { $0.drift.apply(canonical, at: $0.now) }
            if let request {
                effects.append(plan(.featuresTaken(FeatureReply(request, batch, canonical))))
            }
        case .pipeline(let batch, let request):
            effects.append(plan(.pipelineTaken(take(batch, request))))
        case .spans(let batch, let request):
            effects.append(plan(.spansTaken(take(batch, request))))
        case .backfillBegan(let from):
            if canBackfill { log(.backfillBegan(from: from)) { $0.beginBackfill(from: from) } }
        case .backfilled(let past):
            guard isBackfilling else { break }
            let write = resolve(past)
            log(.backfilled(write, through: past.through)) {
                $0.takePast(write, through: past.through)
            }
        case .backfillEnded(let isWhole):
            if isBackfilling {
                log(.backfillEnded(isWhole: isWhole)) { $0.endBackfill(isWhole: isWhole) }
            }
        case .write(let batch, let request):
            let tally = take(batch)
            effects.append(
                plan(.reply(WriteReply(id: request, tally: tally, status: status(of: tally)))))
        }
        settle(into: &effects)
        expose(into: &effects)
    }

    /// Plays one record of the log. Returns false when it is of no kind this version knows.
    public mutating func replay(
        _ record: LogRecord, into effects: inout [PlannedEffect]
    ) -> Bool {
        guard let event = LoggedEvent(record) else { return false }
        now = max(now, record.now)
        position = record.position
        switch event {
        case .started: start()
        case .tick: break
        case .delivered(let id, let outcome): notifier.delivered(id, outcome, now: now)
        case .answered(let id, let answer): apply(answer, to: id)
        case .alertmanager(let change): _ = try? notifier.apply(change, now: now)
        case .configured(let files): apply(Configuration.read(files), files)
        case .evaluated(let record):
            intake.addSeries(of: record.samples)
            apply(record)
        case .features(let batch): drift.apply(batch, at: now)
        case .pipeline(let batch): _ = apply(batch)
        case .spans(let delta): restore(delta)
        case .exposed(let write):
            for id in intake.addSeries(of: write, now: now) { route(id) }
            intake.apply(write, now: now, into: &output)
            drift.exposedAt = now
        case .backfillBegan(let from): beginBackfill(from: from)
        case .backfilled(let write, let through):
            for id in intake.addSeries(of: write, now: now) { route(id) }
            takePast(write, through: through)
        case .backfillEnded(let isWhole): endBackfill(isWhole: isWhole)
        case .write(let write):
            for id in intake.addSeries(of: write, now: now) { route(id) }
            ledger.noteShed(write.shedConsumers, now: now)
            intake.apply(write, now: now, into: &output)
        }
        settle(into: &effects)
        return true
    }

    /// Bytes to append to the log, in order; emptied by the call.
    public mutating func takeLog() -> [UInt8] {
        defer { pendingLog.removeAll(keepingCapacity: true) }
        return pendingLog
    }

    /// Series in the store.
    public var seriesCount: Int { intake.store.count }
    /// SLOs in force.
    public var sloCount: Int { ledger.definitions.count }

    /// Takes a segment that was written and mapped, or found at the start. Changes what memory its
    /// samples are read from, and nothing else. False when it is not wanted any more.
    public mutating func attach(_ segment: Segment) -> Bool { intake.attach(segment) }

    /// Segments that should be on disk.
    public var segmentNumbers: [UInt32] { intake.store.chunks.segmentNumbers }

    /// When `.tick` is due; nil when only an event can change anything.
    public var nextDeadline: Timestamp? {
        let evaluation =
            ledger.hasDirtyGroups && !isBackfilling
            ? lastEvaluation + Self.evaluationInterval : nil
        return [
            evaluation, exportDeadline, intake.nextDeadline, notifier.nextDeadline,
            ruleSchedule.nextDeadline, drift.nextDeadline, asks.nextDeadline,
            runs.nextDeadline, datasetDeadline,
            spanDeadline,
        ].compactMap { $0 }.min()
    }

    // MARK: What each event does

    private mutating func start() {
        intake.started(at: now)
        ruleSchedule.restarted(at: now)
        asks.restarted(at: now)
        notifier.restarted()
    }

    private mutating func take(_ batch: WriteBatch) -> WriteTally {
        var resolution = intake.resolve(batch, now: now)
        for id in resolution.added { route(id) }
        if !resolution.shed.isEmpty {
            let consumers = ledger.consumers(ofShed: resolution.shed, now: now)
            resolution.note(shedConsumers: consumers)
            ledger.noteShed(consumers, now: now)
        }
        let write = intake.apply(batch, resolution, now: now, into: &output)
        append(.write(write))
        return write.tally
    }

    private func status(of tally: WriteTally) -> Int {
        if tally.isWhole { return 204 }
        return tally.isShedOnly ? configuration.shedStatus : 400
    }

    /// Writes the series of models, as a scrape of our own, when it is time: SLOs count them.
    private mutating func expose(into effects: inout [PlannedEffect]) {
        guard let batch = drift.exposure(at: now, datasets: runs.datasets.datasets) else { return }
        let resolution = intake.resolve(batch, now: now)
        for id in resolution.added { route(id) }
        append(.exposed(intake.apply(batch, resolution, now: now, into: &output)))
        drift.exposedAt = now
        settle(into: &effects)
    }

    mutating func route(_ id: SeriesID) {
        let labels = intake.store.labels(of: id)
        let routes = ledger.routes(for: labels, target: intake.target(of: id))
        if !routes.isEmpty { intake.route(id, to: routes) }
    }

    private mutating func configure(
        _ files: ConfigurationFiles, into effects: inout [PlannedEffect]
    ) {
        let read = Configuration.read(files)
        isLastReloadGood = !read.hasErrors
        if !read.hasErrors {
            append(.configured(files))
            apply(read, files)
            settle(into: &effects)
        }
        effects.append(
            plan(
                .report(
                    ConfigurationReport(
                        isTaken: !read.hasErrors, diagnostics: read.diagnostics))))
    }

    private mutating func apply(_ read: Configuration, _ files: ConfigurationFiles) {
        // As after each restart: the same files change nothing, and routing a million series anew
        // takes a second.
        if files == self.files && hasConfiguration { return }
        hasConfiguration = true
        // Who counts what changes: what is held is counted before.
        endBackfill(isWhole: false)
        configuration = read
        self.files = files
        intake.settings = read.intake
        notifier.configure(read.notifier)
        tellWatchdog()
        maintenancePlannedUntil = .distantPast
        intake.willReroute()
        ledger.configure(read.definitions, read.corrections, now: now)
        configureAsks()
        configureRuns()
        configureSpans()
        for index in 0..<intake.store.count {
            let id = SeriesID(UInt32(index))
            guard intake.isRoutable(id) else { continue }
            let labels = intake.store.labels(of: id)
            intake.route(id, to: ledger.routes(for: labels, target: intake.target(of: id)))
        }
        configureRules()
        for key in drift.configure(read.driftModels, at: now) {
            note(notifier.resolve(key, reason: .ruleRemoved, at: now, now: now), of: key, "")
        }
        let verdicts = ledger.evaluateAll(now: now)
        sloExport.startAnew()
        for key in alertKeys.replace(with: verdicts) {
            note(notifier.resolve(key, reason: .ruleRemoved, at: now, now: now), of: key, "")
        }
    }

    // MARK: After each event

    /// Carries what the event led to down the stream: increments, verdicts, alerts, deliveries.
    mutating func settle(into effects: inout [PlannedEffect]) {
        intake.advance(to: now, into: &output)
        for draft in output.drafts { effects.append(plan(.writeSegment(draft))) }
        if !output.dropped.isEmpty { effects.append(plan(.removeSegments(output.dropped))) }
        ledger.add(output.increments)
        ledger.note(output.conditions)
        if !output.forgotten.isEmpty { ledger.forget(targets: output.forgotten) }
        output.removeAll()
        if now - lastTroubleCheck >= Intake.sweepInterval {
            lastTroubleCheck = now
            ledger.markTroubled()
        }
        advanceRuns()
        let isDue = now - lastEvaluation >= Self.evaluationInterval && !isBackfilling
        if ledger.hasDirtyGroups && isDue {
            lastEvaluation = now
            evaluations += 1
            let due = ledger.evaluateDirty(now: now) { [alertKeys] in
                alertKeys.isQuiet($0)
            }
            for verdict in due { report(verdict) }
        }
        for round in advanceRules() { effects.append(plan(.evaluate(round))) }
        tellDrift()
        advanceExport()
        advanceSpans()
        for (id, question) in advanceAsks() { effects.append(plan(.ask(id, question))) }
        for found in notifier.watchDeliveries(now: now) {
            note(found.change, of: found.key, found.summary)
        }
        for item in news { effects.append(plan(.announce(item))) }
        news.removeAll(keepingCapacity: true)
        planMaintenance()
        notifier.advance(to: now)
        announceEnded(into: &effects)
        for delivery in notifier.takeDeliveries() {
            effects.append(plan(.send(delivery)))
        }
    }

    /// Tells the notifier what a verdict means for each alert of its group. An alert that already
    /// fires is worded anew only now and then: words cost more than the verdict.
    private mutating func report(_ verdict: Verdict) {
        var alerts = alertKeys[verdict]
        if alerts.isQuiet && verdict.isCalm {
            alertKeys[verdict] = alerts
            return
        }
        let isWordingDue = now - alerts.wordedAt >= configuration.notifier.evaluationInterval
        let wording = AlertWording(verdict, context(of: verdict))
        alerts.isQuiet = true
        for (subject, key) in zip(verdict.subjects, alerts.keys) {
            observe(subject, key, verdict, wording, isWordingDue: isWordingDue)
            if notifier.book.state(of: key).isActive { alerts.isQuiet = false }
        }
        if isWordingDue { alerts.wordedAt = now }
        alertKeys[verdict] = alerts
    }

    private mutating func observe(
        _ subject: AlertSubject, _ key: Labels, _ verdict: Verdict, _ wording: AlertWording,
        isWordingDue: Bool
    ) {
        var time = verdict.asOf
        if case .loss = subject {
            time = now
        } else if verdict.hasEnded {
            note(notifier.resolve(key, reason: .groupEnded, at: now, now: now), of: key, "")
            return
        }
        var details = AlertDetails()
        if subject.finding == .breaching {
            let isFiring = notifier.book.state(of: key).isFiring
            if isFiring && !isWordingDue { return }
            let since = notifier.book[key]?.activeAt ?? time
            details = wording.details(of: subject, key: key, since: isFiring ? since : time) {
                lastChange(before: $0, of: key, verdict.definition)
            }
        }
        let change = notifier.observe(
            subject.finding, of: key, details: details, hold: .zero, at: time, now: now)
        let summary = details.annotations.first { $0.name == "summary" }?.value
        note(change, of: key, summary ?? "")
    }

    // MARK: The log

    private mutating func log(_ event: LoggedEvent, _ change: (inout AgentCore) -> Void) {
        append(event)
        change(&self)
    }

    mutating func append(_ event: LoggedEvent) {
        guard isLogging else { return }
        let (kind, payload) = event.encode()
        position = position.next
        LogRecord(kind: kind, position: position, now: now, payload: payload)
            .encode(into: &pendingLog)
    }

    func plan(_ effect: Effect) -> PlannedEffect {
        PlannedEffect(after: position, effect: effect)
    }
}
