import Alerting
import Ingest
public import Model
import Runs
import SLO
public import Storage

// The whole agent in a checkpoint: records framed as the log's are, each a section of one part, the
// first of the agent itself with the files of its configuration, the last with their number. They
// are made from a point in time whose large parts are pages, so that a thread writes them while the
// owner goes on. docs/formats/checkpoint.md.

/// What a checkpoint's record is about. Numbers are never reused.
enum CheckpointKind: UInt8 {
    case head = 64
    case intake = 65
    case ledger = 66
    case notifier = 67
    case end = 68
    case alerts = 69
    case rules = 72
    case drift = 75
    case runs = 90
    case timeline = 91
    case spans = 78
}

/// A point in time of an agent, given out record by record.
public struct AgentSnapshot: Sendable {
    /// The newest log record that it holds the effect of.
    public let position: LogPosition
    public let now: Timestamp
    private var head: [UInt8]
    private var intake: IntakeSections
    private var ledger: LedgerSections
    private var notifier: NotifierSections
    private var alerts: AlertKeys
    private let rules: RuleSchedule
    private var firstGroup: Int?
    private static let alertsPerRecord = 1024
    private var firstAlerts = 0
    private var drift: DriftSections
    private var runs: RunSections
    private var timeline: Timeline
    private var spans: SpanSections
    private var kind = CheckpointKind.head
    private var number: UInt64 = 0
    private var isEnded = false

    init(of agent: AgentCore) {
        position = agent.position
        now = agent.now
        var state = agent.head
        var archive = Archive()
        state.archive(&archive)
        head = archive.bytes
        intake = agent.intake.sections()
        ledger = agent.ledger.sections()
        notifier = agent.notifier.sections()
        alerts = agent.alertKeys
        rules = agent.ruleSchedule
        drift = DriftSections(agent.drift)
        runs = RunSections(agent.runs)
        timeline = agent.timeline
        spans = SpanSections(agent.spans, agent.spanExport)
    }

    /// The next record; nil after the last.
    public mutating func next() -> LogRecord? {
        switch kind {
        case .head:
            kind = .intake
            return record(.head, head)
        case .intake:
            if let section = intake.next() { return record(.intake, section) }
            kind = .ledger
        case .ledger:
            if let section = ledger.next() { return record(.ledger, section) }
            kind = .notifier
        case .notifier:
            if let section = notifier.next() { return record(.notifier, section) }
            kind = .alerts
        case .alerts:
            if let section = alertSection() { return record(.alerts, section) }
            kind = .rules
        case .rules:
            if let section = rules.section(from: &firstGroup) { return record(.rules, section) }
            kind = .drift
        case .drift:
            if let section = drift.next() { return record(.drift, section) }
            kind = .runs
        case .runs:
            if let section = runs.next() { return record(.runs, section) }
            kind = .spans
        case .spans:
            if let section = spans.next() { return record(.spans, section) }
            kind = .timeline
        case .timeline:
            kind = .end
            var archive = Archive()
            archive.field(&timeline)
            return record(.timeline, archive.bytes)
        case .end where !isEnded:
            isEnded = true
            var out = ByteWriter()
            out.varint(number)
            return record(.end, out.bytes)
        case .end: return nil
        }
        return next()
    }

    private mutating func alertSection() -> [UInt8]? {
        let last = min(firstAlerts + Self.alertsPerRecord, alerts.groups.count)
        guard firstAlerts < last else { return nil }
        var part = AlertKeys(groups: Array(alerts.groups[firstAlerts..<last]))
        firstAlerts = last
        var archive = Archive()
        part.archive(&archive)
        return archive.bytes
    }

    private mutating func record(_ kind: CheckpointKind, _ payload: [UInt8]) -> LogRecord {
        number += 1
        return LogRecord(
            kind: kind.rawValue, position: LogPosition(number), now: now, payload: payload)
    }
}

/// Builds an agent from the records of a checkpoint.
public struct AgentRestorer: Sendable {
    private var agent: AgentCore
    private var taken: UInt64 = 0
    private var isWhole = false

    public init(seed: UInt64 = 0) { agent = AgentCore(seed: seed) }

    /// Takes the next record. False when it does not belong there; then there is no agent in it.
    public mutating func take(_ record: LogRecord) -> Bool {
        guard let kind = CheckpointKind(rawValue: record.kind), !isWhole else { return false }
        defer { taken += 1 }
        switch kind {
        case .head:
            var head = AgentHead.blank
            var archive = Archive(reading: record.payload)
            head.archive(&archive)
            guard taken == 0, archive.isComplete else { return false }
            agent.begin(restoring: head)
            return true
        case .intake: return taken > 0 && agent.restoreIntake(record.payload)
        case .ledger: return taken > 0 && agent.restoreLedger(record.payload)
        case .notifier: return taken > 0 && agent.restoreNotifier(record.payload)
        case .alerts: return taken > 0 && agent.restoreAlerts(record.payload)
        case .rules: return taken > 0 && agent.ruleSchedule.restore(record.payload)
        case .drift: return taken > 0 && agent.restoreDrift(record.payload)
        case .runs: return taken > 0 && agent.runs.restore(record.payload)
        case .timeline: return taken > 0 && agent.restoreTimeline(record.payload)
        case .spans: return taken > 0 && agent.restoreSpans(record.payload)
        case .end:
            var reader = ByteReader(record.payload)
            isWhole = reader.varint() == taken && agent.finishRestore()
            return isWhole
        }
    }

    /// The agent, once all its records were taken.
    public consuming func finish() -> AgentCore? { isWhole ? agent : nil }
}

/// The agent's own part of its state.
struct AgentHead: Archivable {
    static let blank = AgentHead()

    var position = LogPosition.start
    var now = Timestamp.distantPast
    var files = ConfigurationFiles(config: nil, rules: [])
    var evaluations = 0
    var isLastReloadGood = true
    var lastEvaluation = Timestamp.distantPast
    var lastTroubleCheck = Timestamp.distantPast
    var sloExport = SLOExport()
    var asks = AskSchedule()
    var backfill = BackfillProgress()

    mutating func archive(_ archive: inout Archive) {
        var index = position.index
        archive.field(&index)
        position = LogPosition(index)
        archive.field(&now)
        archive.field(&files)
        archive.field(&evaluations)
        archive.field(&isLastReloadGood)
        archive.field(&lastEvaluation)
        archive.field(&lastTroubleCheck)
        archive.field(&sloExport)
        asks.archive(&archive)
        // Checkpoints of before there was a back-fill end here.
        if !archive.isAtEnd { archive.field(&backfill) }
    }
}

extension ConfigurationFiles: Archivable {
    /// To read into.
    public static let blank = ConfigurationFiles(config: nil, rules: [])

    /// The files as they were read.
    public mutating func archive(_ archive: inout Archive) {
        var (config, rules) = (config, rules)
        var (zones, baselines, templates) = (zones, baselines, templates)
        archive.field(&config)
        archive.field(&rules)
        archive.field(&zones)
        archive.field(&baselines)
        archive.field(&templates)
        if archive.isReading {
            self = ConfigurationFiles(
                config: config, rules: rules, zones: zones, baselines: baselines,
                templates: templates)
        }
    }
}

extension SourceFile: Archivable {
    /// To read into.
    public static let blank = SourceFile(path: "", bytes: [])

    /// Path, then bytes.
    public mutating func archive(_ archive: inout Archive) {
        var path = path
        var bytes = bytes
        archive.field(&path)
        archive.field(&bytes)
        if archive.isReading { self = SourceFile(path: path, bytes: bytes) }
    }
}

extension AlertKeys: Archivable {
    static let blank = AlertKeys()

    mutating func archive(_ archive: inout Archive) {
        archive.array(&groups, blank: nil) { $0.field(&$1) }
    }
}

extension GroupAlerts: Archivable {
    static let blank = GroupAlerts(keys: [])

    mutating func archive(_ archive: inout Archive) {
        archive.array(&keys, blank: .empty) { $0.field(&$1) }
        archive.field(&isQuiet)
        archive.field(&wordedAt)
    }
}
