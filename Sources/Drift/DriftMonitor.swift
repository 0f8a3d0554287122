public import Model

// One model version under watch: rows in, alarms out. A row passes the guards (thinning, the cap of
// a phase's visit), is counted in the open window, and reaches every feature's streams. When the
// sum of all wealth reaches the budget the monitor alarms, forgets all wealth and latches: streams
// rest until a window looks like the baseline again, then start anew from the baseline's counts.
// Rows are counted: seen = used + skipped by reason.

/// Watches the features of one model version against its baseline.
public struct DriftMonitor: Sendable {
    /// What the streams do.
    public enum State: Hashable, Sendable {
        /// They bet.
        case watching
        /// The budget is reached since this used row, but the effect or the rows are too small.
        case convinced(row: UInt64)
        /// They rest since an alarm at this used row.
        case latched(row: UInt64)
    }

    /// The yardstick.
    public let baseline: Baseline
    /// How it is watched.
    public let settings: MonitorSettings
    /// What the streams do.
    public private(set) var state = State.watching
    /// Rows seen, and used.
    public private(set) var seen: UInt64 = 0
    public private(set) var used: UInt64 = 0
    /// Alarms so far.
    public private(set) var alarms: UInt64 = 0
    /// The rows of the open window.
    public private(set) var window: IntervalCounts
    private var skipped = [UInt64](repeating: 0, count: RowSkip.allCases.count)
    private var streams: DriftStreams
    private let scale: LevelScale
    private var lastUsed: Timestamp?
    private var visit: (phase: Int, period: Int64) = (-1, 0)
    private var visitRows: UInt64 = 0
    private var intervals: UInt64 = 0
    /// Rows whose dependence is being judged, and what was found; only of a baseline that does not
    /// know, such as that of a shuffled file.
    private var order: LiveOrder?
    private var found: Dependence?

    /// A monitor that has seen nothing but the baseline.
    public init(_ baseline: Baseline, _ settings: MonitorSettings) {
        self.baseline = baseline
        self.settings = settings
        scale = LevelScale(baseline)
        streams = DriftStreams(baseline, seed: settings.seed)
        window = IntervalCounts(of: baseline, id: scale.baselineID)
        guard case .unknown = baseline.dependence else { return }
        if let stride = settings.declaredStride {
            found = .declared(lag: max(1, stride))
            streams.restoreCounts(baseline, oneIn: oneRowIn)
        } else {
            order = LiveOrder(baseline)
        }
    }

    /// What is known of the dependence between rows: the baseline's word, or what live rows showed.
    public var dependence: Dependence { found ?? baseline.dependence }
    /// Of so many rows one is used.
    public var oneRowIn: Int { max(baseline.stride, found?.stride ?? 1) }
    /// Whether the promised rate of false alarms holds, and what it rests on or lacks.
    public var isGuaranteed: Bool { dependence.isGuaranteed && baseline.phases.pooled.isEmpty }
    public var guarantee: String {
        guard let found else {
            guard let order else { return baseline.guarantee }
            return baseline.guarantee + " (\(order.collected) of \(order.rows) live rows judged)"
        }
        let pooled = baseline.phases.pooled.count
        let isJudged = settings.declaredStride == nil
        let text = found.text + (isJudged ? ", by the order of live rows" : "")
        return pooled == 0 ? text : text + "; \(pooled) thin phases pooled: no guarantee"
    }

    /// How far past the budget evidence may grow while it waits for effect or rows.
    private static let waitingMax = 1e9

    /// Bytes of the detectors' state: at most 1 KiB an ordered feature, and 128 a further phase.
    /// The open window's counters take 128 more a feature and phase.
    public var detectorBytes: Int { streams.bytes }

    /// The baseline's name.
    public var baselineID: String { scale.baselineID }
    /// The sum of all wealth. Of several monitors without an evaluator the sum is compared.
    public var evidence: Double { streams.evidence }
    /// What the evidence is compared with.
    public var limit: Double { settings.budget.limit }
    /// Whether an alarm has not been cleared.
    public var isLatched: Bool { if case .latched = state { true } else { false } }
    /// Rows not used, by reason.
    public func skipped(_ reason: RowSkip) -> UInt64 { skipped[Int(reason.rawValue)] }

    /// Takes a row, as `RowPlan.encode` gives its cells. O(features).
    public mutating func observe(_ cells: [UInt8], at time: Timestamp) -> RowOutcome {
        precondition(cells.count == baseline.features.count, "a row of this baseline")
        seen += 1
        if order != nil { judgeOrder(cells, time) }
        if let reason = guarded(cells, time) {
            skipped[Int(reason.rawValue)] += 1
            return .skipped(reason)
        }
        let slot = baseline.phases.slot(at: time)
        window.add(cells, slot: slot)
        let entry = entry(at: time)
        used += 1
        lastUsed = time
        if isLatched { return .used }
        for (feature, cell) in cells.enumerated() where cell != RowPlan.untouched {
            streams.observe(
                feature: feature, cell: Int(cell), slot: slot, row: used, entry: entry)
        }
        return judge(at: time).map(RowOutcome.alarm) ?? .used
    }

    /// Learns from the order of rows; then all begins anew with the rows that may be used. The
    /// baseline's rows depend on each other as much as live ones, so they weigh that much less.
    private mutating func judgeOrder(_ cells: [UInt8], _ time: Timestamp) {
        guard var learning = order else { return }
        order = nil
        let known = learning.observe(
            cells, slot: baseline.phases.slot(at: time), baseline)
        guard let known else {
            order = learning
            return
        }
        found = known
        if isLatched { return }
        state = .watching
        streams.reset()
        streams.restoreCounts(baseline, oneIn: oneRowIn)
    }

    /// The reason not to use a row.
    private mutating func guarded(_ cells: [UInt8], _ time: Timestamp) -> RowSkip? {
        // The place in the order of arrival decides, never the content.
        if seen % UInt64(oneRowIn) != 0 { return .thinned }
        if baseline.phases.kind != .none {
            let now = baseline.phases.phase(at: time)
            if now != visit {
                visit = now
                visitRows = 0
            }
            if visitRows >= settings.visitRowsMax { return .capped }
        }
        if cells.allSatisfy({ $0 == RowPlan.untouched }) { return .refused }
        visitRows += 1
        return nil
    }

    /// What the gamblers of one unit enter with: a row, or the milliseconds since the last.
    private func entry(at time: Timestamp) -> Double {
        switch settings.budget {
        case .rows: 1
        case .time: lastUsed.map { max(0, Double(time.millis - $0.millis)) } ?? 0
        }
    }

    /// Whether the evidence is enough for an alarm now.
    private mutating func judge(at time: Timestamp) -> DriftAlarm? {
        let evidence = streams.evidence
        switch state {
        case .latched: return nil
        case .watching: if evidence < limit { return nil }
        case .convinced: break
        }
        let since: UInt64
        if case .convinced(let row) = state { since = row } else { since = used }
        guard used >= settings.usedRowsMin, hasEffect() else {
            state = .convinced(row: since)
            // Evidence that waits must not overflow; less of it is still enough.
            if evidence > limit * Self.waitingMax { streams.shrink(by: 1 / Self.waitingMax) }
            return nil
        }
        let alarm = alarm(evidence, at: time)
        alarms += 1
        streams.reset()
        state = .latched(row: used)
        return alarm
    }

    private func hasEffect() -> Bool {
        guard let least = settings.effectMin else { return true }
        guard let richest = streams.largest(1).first else { return false }
        return scale.level(richest.feature, window, settings.alpha).effect >= least
    }

    private func alarm(_ evidence: Double, at time: Timestamp) -> DriftAlarm {
        let richest = streams.largest(DriftAlarm.streamsMax)
        let named = richest.filter { $0.wealth > 0 }.map { stream in
            let feature = baseline.features[stream.feature]
            let part =
                switch stream.part {
                case .order: "order"
                case .cell(let cell): feature.label(of: cell)
                }
            return StreamEvidence(
                feature: feature.title, part: part, share: stream.wealth / evidence)
        }
        return DriftAlarm(
            model: baseline.model, version: baseline.version, baselineID: baselineID, time: time,
            row: used, seed: settings.seed, evidence: evidence, limit: limit,
            isGuaranteed: isGuaranteed, guarantee: guarantee, streams: named,
            level: richest.first.map { scale.level($0.feature, window, settings.alpha) })
    }

    /// How far features, by their titles, are from the baseline in the open window. Cells that
    /// moved are named whatever chance makes of them: an alarm has its own evidence.
    public func levels(of titles: [String]) -> [FeatureLevel] {
        titles.compactMap { title in
            baseline.features.firstIndex { $0.title == title }
                .map { scale.level($0, window, .infinity) }
        }
    }

    /// Measures rows counted before, such as those of a window that was closed.
    public func report(_ interval: IntervalCounts) -> LevelReport {
        scale.report(interval, alpha: settings.alpha, rowsMin: settings.windowRowsMin)
    }

    /// Ends the open window: what it shows. A clean one clears a latched alarm.
    public mutating func closeWindow() -> LevelReport {
        let report = scale.report(
            window, alpha: settings.alpha, rowsMin: settings.windowRowsMin)
        window = IntervalCounts(of: baseline, id: baselineID)
        if isLatched && report.isClean == true {
            state = .watching
            streams.reset()
            streams.restoreCounts(baseline, oneIn: found == nil ? 1 : oneRowIn)
        }
        return report
    }

    /// Takes a closed interval of rows that nodes have counted and an evaluator has merged. The
    /// order of its rows is drawn by the seed, so the evidence depends on the counts alone. Nil
    /// when the interval is of another baseline or has more than `intervalRowsMax` rows; otherwise
    /// the alarms, at most one. Nodes have thinned and capped. O(rows * features).
    public mutating func absorb(_ interval: IntervalCounts, at time: Timestamp) -> [DriftAlarm]? {
        guard interval.baselineID == baselineID, interval.rows <= Self.intervalRowsMax,
            window.merge(interval)
        else { return nil }
        intervals += 1
        seen += interval.rows
        let orders = baseline.features.indices.map { order($0, interval) }
        let rows = orders.reduce(0) { max($0, $1.count) }
        let whole = entry(at: time)
        lastUsed = time
        var alarms: [DriftAlarm] = []
        for row in 0..<rows {
            used += 1
            if isLatched { continue }
            let entry: Double
            if case .rows = settings.budget { entry = 1 } else { entry = whole / Double(rows) }
            for (feature, cells) in orders.enumerated() where row < cells.count {
                let (slot, cell) = cells[row]
                streams.observe(
                    feature: feature, cell: Int(cell), slot: Int(slot), row: used, entry: entry)
            }
            if let alarm = judge(at: time) { alarms.append(alarm) }
        }
        return alarms
    }

    /// Rows that an interval may have.
    public static let intervalRowsMax: UInt64 = 1_000_000

    /// A feature's rows of an interval, shuffled (Fisher and Yates) by the seed.
    private func order(_ feature: Int, _ interval: IntervalCounts) -> [(slot: UInt8, cell: UInt8)] {
        var rows: [(slot: UInt8, cell: UInt8)] = []
        for slot in 0..<baseline.phases.slotCount {
            let counts = interval.counts(feature: feature, slot: slot)
            for (cell, count) in counts.counts.enumerated() {
                rows += repeatElement((slot: UInt8(slot), cell: UInt8(cell)), count: Int(count))
            }
        }
        let hash = UniformHash(
            seed: settings.seed ^ intervals, version: baseline.versionHash &+ intervals)
        var random = SeededOrder(seed: hash.start(stream: UInt32(feature)))
        for last in stride(from: rows.count - 1, to: 0, by: -1) {
            // The high half of a product: even to 2^-44 for the rows an interval may have.
            let place = random.next().multipliedFullWidth(by: UInt64(last + 1)).high
            rows.swapAt(last, Int(place))
        }
        return rows
    }
}

extension DriftMonitor {
    /// Passes what changes, for a checkpoint; a monitor to read into is made of the same baseline
    /// and settings. False when the bytes are of another one.
    public mutating func archiveState(_ archive: inout Archive) {
        var id = baselineID
        archive.field(&id)
        if archive.isReading && id != baselineID { return archive.fail() }
        var (kind, row): (UInt8, UInt64) = (0, 0)
        switch state {
        case .watching: break
        case .convinced(let since): (kind, row) = (1, since)
        case .latched(let since): (kind, row) = (2, since)
        }
        archive.field(&kind)
        archive.field(&row)
        archive.field(&seen)
        archive.field(&used)
        archive.field(&alarms)
        archive.field(&window)
        archive.array(&skipped, blank: 0) { $0.field(&$1) }
        archive.field(&lastUsed)
        archive.field(&visit.phase)
        archive.field(&visit.period)
        archive.field(&visitRows)
        archive.field(&intervals)
        streams.archiveState(&archive)
        archive.field(&found)
        if found == nil && order != nil {
            order?.archiveState(&archive, baseline)
        } else {
            order = nil
        }
        guard archive.isReading else { return }
        switch kind {
        case 0: state = .watching
        case 1: state = .convinced(row: row)
        case 2: state = .latched(row: row)
        default: archive.fail()
        }
        let isSound =
            skipped.count == RowSkip.allCases.count && window.baselineID == baselineID
            && window.fits(baseline)
        if !isSound {
            skipped = [UInt64](repeating: 0, count: RowSkip.allCases.count)
            window = IntervalCounts(of: baseline, id: baselineID)
            archive.fail()
        }
    }
}
