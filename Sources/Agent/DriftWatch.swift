import Drift
import Model
import Wire

// One version of a model under watch: its baseline being collected or its monitor, its windows, its
// alarm, and what became of its requests.

/// Windows by what they showed.
struct DriftWindows: Hashable, Sendable, Archivable {
    static let blank = DriftWindows()

    var clean: UInt64 = 0
    var drifted: UInt64 = 0
    /// With too few rows to say anything.
    var noData: UInt64 = 0

    mutating func archive(_ archive: inout Archive) {
        archive.field(&clean)
        archive.field(&drifted)
        archive.field(&noData)
    }
}

/// What one version of a model shows.
struct DriftWatch: Sendable {
    enum Stage: Sendable {
        /// No baseline: only requests are counted.
        case unwatched
        case collecting(DriftCollection)
        case watching(DriftMonitor)
        /// The rows collected make no baseline.
        case failed(String)
    }

    /// What is to be told, in the order it happened.
    enum Signal: Sendable {
        case alarm, worded, cleared
        /// A published detector, by its place, raised an alert, or its alert is over.
        case detected(Int)
        case undetected(Int)
    }

    private struct Plan: Sendable {
        let columns: [String]
        let plan: RowPlan
        /// Features with levels and no slice: their place among features, and their column.
        let levels: [(feature: Int, column: Int)]
    }

    private static let plansMax = 4

    let key: DriftKey
    private(set) var definition: DriftModel
    var stage: Stage
    /// Rows that came, and refusals by reason.
    private(set) var rows: UInt64 = 0
    var refusals = RefusalCounts()
    private(set) var lastRowAt = Timestamp.distantPast
    var windowStart: Timestamp
    private(set) var windows = DriftWindows()
    /// The last window that had enough rows, its index and its chance.
    private(set) var closed: IntervalCounts?
    private(set) var closedAt = Timestamp.distantPast
    private(set) var closedPSI: [Double] = []
    private(set) var closedChance: Double?
    /// The alarm that is latched, and the features that moved most.
    private(set) var alarm: DriftAlarm?
    private(set) var moved: [DriftMove] = []
    var absent: [String] = []
    var tally = InferenceTally()
    /// Rows that those seen stand for, when their sender passes on only some.
    private(set) var represented: UInt64 = 0
    /// Levels that the baseline does not know, as they were seen first.
    private(set) var newLevels: [NewLevel] = []
    var outcomes: OutcomeTracker?
    var detectors: DriftDetectors
    private(set) var intervals = DriftIntervals()
    /// Worked out again when needed.
    private var plans: [Plan] = []
    private var cells: [UInt8] = []

    init(_ key: DriftKey, _ definition: DriftModel, at now: Timestamp) {
        self.key = key
        self.definition = definition
        windowStart = now
        stage = Self.stage(key, definition)
        outcomes = definition.outcome.map { OutcomeTracker($0.rules) }
        detectors = DriftDetectors(definition.detectors)
    }

    private static func stage(_ key: DriftKey, _ definition: DriftModel) -> Stage {
        if let baseline = definition.baseline(version: key.version) {
            return .watching(DriftMonitor(baseline, definition.monitor))
        }
        return definition.firstRows == nil ? .unwatched : .collecting(DriftCollection())
    }

    /// Takes a changed definition. What does not depend on the change stays: counts always, the
    /// evidence when baseline and settings are the same.
    mutating func configure(_ new: DriftModel) {
        let old = definition
        definition = new
        plans = []
        if old.outcome?.rules != new.outcome?.rules {
            outcomes = new.outcome.map { OutcomeTracker($0.rules) }
        }
        if old.detectors != new.detectors { detectors = DriftDetectors(new.detectors) }
        switch stage {
        case .watching(let monitor):
            let baseline = new.baseline(version: key.version)
            let isSame =
                monitor.settings == new.monitor
                && (baseline.map { $0.id == monitor.baselineID } ?? (new.firstRows != nil))
            if isSame { return }
        case .collecting:
            let isSame =
                new.baseline(version: key.version) == nil && new.firstRows != nil
                && old.features.map(\.name) == new.features.map(\.name)
            if isSame { return }
        case .unwatched, .failed: break
        }
        stage = Self.stage(key, new)
        alarm = nil
        moved = []
        closed = nil
        closedPSI = []
        closedChance = nil
        newLevels = []
        intervals = DriftIntervals()
    }

    var monitor: DriftMonitor? { if case .watching(let monitor) = stage { monitor } else { nil } }
    var isLatched: Bool { alarm != nil }

    /// When the open window ends.
    var windowEnd: Timestamp {
        (windowStart + .milliseconds(1)).ceiling(to: definition.windowEvery)
    }

    // MARK: Rows

    /// Takes the rows of a frame. `time` is when they happened, of those that do not say.
    mutating func take(
        _ frame: FeatureFrame, standingFor rate: UInt32 = 1, at time: Timestamp, now: Timestamp,
        _ signals: inout [Signal]
    ) {
        guard frame.rows > 0 else { return }
        rows += UInt64(frame.rows)
        represented &+= UInt64(frame.rows) &* UInt64(rate)
        lastRowAt = now
        if !detectors.isEmpty {
            signals += detectors.take(frame, names(frame), at: now).map { .detected($0) }
        }
        // Taken out, so that nothing is copied.
        if var monitor = takeMonitor() {
            watch(frame, &monitor, time, now, &signals)
            stage = .watching(monitor)
        } else if var collection = takeCollection() {
            collect(frame, &collection, time, now)
        }
    }

    private mutating func takeMonitor() -> DriftMonitor? {
        guard case .watching(let monitor) = stage else { return nil }
        stage = .unwatched
        return monitor
    }

    private mutating func takeCollection() -> DriftCollection? {
        guard case .collecting(let collection) = stage else { return nil }
        stage = .unwatched
        return collection
    }

    func names(_ frame: FeatureFrame) -> [String] {
        let names = definition.features.map(\.name)
        return frame.isPositional && names.count == frame.columns.count ? names : frame.columns
    }

    static func time(
        _ frame: FeatureFrame, _ row: Int, _ time: Timestamp, _ now: Timestamp
    ) -> Timestamp {
        guard row < frame.times.count, frame.times[row] != .distantPast else { return time }
        return min(frame.times[row], now)
    }

    private mutating func watch(
        _ frame: FeatureFrame, _ monitor: inout DriftMonitor, _ time: Timestamp, _ now: Timestamp,
        _ signals: inout [Signal]
    ) {
        let made = made(names(frame), monitor.baseline)
        let plan = made.plan
        absent = plan.absent
        for row in 0..<frame.rows {
            plan.encode(
                frame.words, from: row * plan.width, texts: frame.texts, into: &cells,
                refusals: &refusals)
            for (feature, column) in made.levels
            where Int(cells[feature]) == FeatureBaseline.new && newLevels.count < NewLevel.most {
                let name = monitor.baseline.features[feature].name
                note(NewLevel(name, frame, row * plan.width + column))
            }
            let outcome = monitor.observe(cells, at: Self.time(frame, row, time, now))
            if case .alarm(let alarm) = outcome { raise(alarm, monitor, &signals) }
            if let most = definition.windowRows, monitor.window.rows >= most {
                close(&monitor, at: now, &signals)
            }
        }
    }

    /// Remembers a level that training did not have.
    private mutating func note(_ level: NewLevel?) {
        if let level, !newLevels.contains(level) { newLevels.append(level) }
    }

    private mutating func made(_ columns: [String], _ baseline: Baseline) -> Plan {
        if let made = plans.first(where: { $0.columns == columns }) { return made }
        if plans.count >= Self.plansMax { plans.removeFirst() }
        var levels: [(feature: Int, column: Int)] = []
        for (place, feature) in baseline.features.enumerated() where feature.slice == nil {
            if case .levels = feature.cells, let column = columns.firstIndex(of: feature.name) {
                levels.append((place, column))
            }
        }
        let plan = Plan(
            columns: columns, plan: RowPlan(baseline, columns: columns), levels: levels)
        plans.append(plan)
        return plan
    }

    private mutating func raise(
        _ alarm: DriftAlarm, _ monitor: DriftMonitor, _ signals: inout [Signal]
    ) {
        self.alarm = alarm
        var titles: [String] = []
        for stream in alarm.streams where !titles.contains(stream.feature) {
            titles.append(stream.feature)
        }
        moved = monitor.levels(of: Array(titles.prefix(DriftMove.featuresMax))).map {
            DriftMove($0)
        }
        signals.append(.alarm)
    }

    // MARK: Windows

    /// Closes the open window if its time is over.
    mutating func advance(to now: Timestamp, _ signals: inout [Signal]) {
        guard now >= windowEnd else { return }
        if var monitor = takeMonitor() {
            close(&monitor, at: now, &signals)
            stage = .watching(monitor)
        } else {
            windowStart = now
            endAsides(at: now, &signals)
        }
    }

    /// What else goes by windows.
    private mutating func endAsides(at now: Timestamp, _ signals: inout [Signal]) {
        outcomes?.endWindow(at: now)
        signals += detectors.endWindow().map { .undetected($0) }
    }

    private mutating func close(
        _ monitor: inout DriftMonitor, at now: Timestamp, _ signals: inout [Signal]
    ) {
        let wasLatched = monitor.isLatched
        let counts = monitor.window
        let report = monitor.closeWindow()
        intervals.add(counts, monitor.baseline, end: windowEnd)
        windowStart = now
        endAsides(at: now, &signals)
        guard let isClean = report.isClean else {
            windows.noData += 1
            return
        }
        closed = counts
        closedAt = now
        closedPSI = report.features.map { $0.figures[.psi]?.value ?? 0 }
        closedChance = report.pValue
        if isClean && !wasLatched { windows.clean += 1 } else { windows.drifted += 1 }
        guard wasLatched else { return }
        if monitor.isLatched {
            // A whole window tells better what moved than the rows before the alarm did.
            moved = report.features.filter { !$0.moves.isEmpty }
                .sorted { ($1.effect, $0.title) < ($0.effect, $1.title) }
                .prefix(DriftMove.featuresMax).map { DriftMove($0) }
            signals.append(.worded)
        } else {
            alarm = nil
            moved = []
            signals.append(.cleared)
        }
    }
}

// MARK: In a checkpoint

extension DriftWatch {
    /// Passes everything that changes; a watch to read into is made of the same key and definition.
    mutating func archiveState(_ archive: inout Archive) {
        archive.field(&rows)
        archive.field(&refusals)
        archive.field(&lastRowAt)
        archive.field(&windowStart)
        archive.field(&windows)
        archive.field(&closed)
        archive.field(&closedAt)
        archive.field(&closedPSI)
        archive.field(&closedChance)
        archive.field(&alarm)
        archive.field(&moved)
        archive.field(&absent)
        archive.field(&tally)
        archive.field(&represented)
        archive.field(&newLevels)
        archive.field(&intervals)
        outcomes?.archiveState(&archive)
        detectors.archiveState(&archive)
        archiveStage(&archive)
    }

    private mutating func archiveStage(_ archive: inout Archive) {
        var (kind, bytes, reason): (UInt8, [UInt8], String) = (0, [], "")
        switch stage {
        case .unwatched: break
        case .collecting: kind = 1
        case .watching(let monitor): (kind, bytes) = (2, monitor.baseline.bytes)
        case .failed(let why): (kind, reason) = (3, why)
        }
        archive.field(&kind)
        archive.field(&bytes)
        archive.field(&reason)
        switch (kind, archive.isReading) {
        case (0, _): if archive.isReading { stage = .unwatched }
        case (1, _):
            var collection = DriftCollection()
            if case .collecting(let mine) = stage { collection = mine }
            archive.field(&collection)
            if archive.isReading { stage = .collecting(collection) }
        case (2, false):
            guard case .watching(var monitor) = stage else { return }
            monitor.archiveState(&archive)
        case (2, true):
            guard let baseline = Baseline(bytes: bytes) else { return archive.fail() }
            var monitor = DriftMonitor(baseline, definition.monitor)
            monitor.archiveState(&archive)
            stage = .watching(monitor)
        case (3, _): if archive.isReading { stage = .failed(reason) }
        default: archive.fail()
        }
    }
}
