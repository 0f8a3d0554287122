public import Model

/// How a baseline is made.
public struct BaselineSettings: Hashable, Sendable {
    public var model = ""
    public var version = ""
    /// Cells of an ordered feature, 2 to 31.
    public var cells = CellCounts.valueCellsMax
    /// Levels with a cell of their own, 1 to 29.
    public var levels = FeatureBaseline.levelsMax
    /// Rows without which there is no baseline.
    public var rowsMin = 50
    public var phases = PhaseKind.none
    /// Added to UTC before phases are told apart.
    public var phaseOffset = TimeSpan.zero
    /// Rows and periods that a phase needs for counts of its own. Few rows cost speed, not the
    /// promise: ranks are uniform however many there are.
    public var phaseRowsMin = 20
    public var phasePeriodsMin = 3
    /// Rows used of one phase in one period, on average at most: within an hour the hour moves on.
    public var visitRowsMax = 1000
    /// One row in so many is used, because somebody says that they are independent; nil finds out.
    public var stride: Int?
    /// Features whose levels are slices.
    public var sliceKeys: [String] = []
    /// Rows that a slice needs, and how many a key may have; the rest has no slice.
    public var sliceRowsMin = 200
    public var slicesMax = 20
    /// What features are counted in, by name, where somebody tells.
    public var units: [String: String] = [:]

    /// The defaults for a model version.
    public init(model: String, version: String) {
        self.model = model
        self.version = version
    }
}

/// Why there is no baseline.
public enum BaselineError: Error, Hashable {
    case tooFewRows(Int, needed: Int)
    case tooManyFeatures(Int, most: Int)
    case noFeatures
    /// A slice key that is no column of texts.
    case noSuchSliceKey(String)
    /// A unit of what is no column.
    case noSuchUnitColumn(String)
}

/// A baseline, and what did not go into it.
public struct BuiltBaseline: Hashable, Sendable {
    public let baseline: Baseline
    /// Values of the training rows that were refused.
    public let refusals: RefusalCounts
    /// Rows of the table, and how many of them are used.
    public let rowsSeen: Int
    public let rowsUsed: Int
    /// Slices that had too few rows or came after `slicesMax`.
    public let slicesLeftOut: Int
}

/// Makes a baseline of training rows.
public enum BaselineBuilder {
    /// O(rows log rows) a feature, and O(rows * 512) where dependence is judged.
    public static func build(
        _ table: TrainingTable, _ settings: BaselineSettings
    ) throws(BaselineError) -> BuiltBaseline {
        guard !table.names.isEmpty else { throw .noFeatures }
        guard table.rows >= settings.rowsMin else {
            throw .tooFewRows(table.rows, needed: settings.rowsMin)
        }
        if let name = settings.units.keys.sorted().first(where: { !table.names.contains($0) }) {
            throw .noSuchUnitColumn(name)
        }
        let every = Array(0..<table.rows)
        let (dependence, stride) = stride(table, settings, every)
        let used = stride == 1 ? every : every.filter { $0 % stride == stride - 1 }
        guard used.count >= settings.rowsMin else {
            throw .tooFewRows(used.count, needed: settings.rowsMin)
        }
        let plan = plan(table, settings, used)
        var refusals = RefusalCounts()
        var features = table.names.indices.map { column in
            feature(column, nil, table, settings, plan, used, &refusals)
        }
        var leftOut = 0
        for key in settings.sliceKeys.sorted() {
            guard let column = table.names.firstIndex(of: key),
                case .texts(let texts) = table.columns[column]
            else { throw .noSuchSliceKey(key) }
            let slices = slices(texts, used, settings, &leftOut)
            for (level, rows) in slices {
                for column in table.names.indices where table.names[column] != key {
                    var ignored = RefusalCounts()
                    features.append(
                        feature(
                            column, SliceKey(feature: key, level: level), table, settings, plan,
                            rows, &ignored))
                }
            }
        }
        guard features.count <= Baseline.featuresMax else {
            throw .tooManyFeatures(features.count, most: Baseline.featuresMax)
        }
        let baseline = Baseline(
            model: settings.model, version: settings.version, phases: plan, stride: stride,
            dependence: dependence, rows: UInt64(used.count), features: features,
            units: settings.units.filter { !$0.value.isEmpty })
        return BuiltBaseline(
            baseline: baseline, refusals: refusals, rowsSeen: table.rows, rowsUsed: used.count,
            slicesLeftOut: leftOut)
    }

    // MARK: Guards

    /// How far apart the rows must be that are used.
    private static func stride(
        _ table: TrainingTable, _ settings: BaselineSettings, _ every: [Int]
    ) -> (Dependence, Int) {
        let plan = plan(table, settings, every)
        let dependence: Dependence
        if let given = settings.stride {
            dependence = .declared(lag: max(1, given))
        } else if table.isInOrder && table.rows >= Dependence.rowsMin {
            var ignored = RefusalCounts()
            let columns = table.names.indices.map { column in
                let whole = feature(column, nil, table, settings, plan, every, &ignored)
                return scores(table.columns[column], whole, table.times, plan)
            }
            dependence = .estimate(columns)
        } else {
            dependence = .unknown
        }
        // A busy phase's hour is long: more rows of it would tell of the hour's own course.
        guard plan.kind != .none, let times = table.times else {
            return (dependence, dependence.stride)
        }
        let visits = Set(times.map { Visit(plan.phase(at: $0)) }).count
        let rowsOfVisit = (table.rows / dependence.stride + visits - 1) / max(1, visits)
        let further = (rowsOfVisit + settings.visitRowsMax - 1) / settings.visitRowsMax
        return (dependence, dependence.stride * max(1, further))
    }

    private struct Visit: Hashable {
        let phase: Int
        let period: Int64

        init(_ at: (phase: Int, period: Int64)) {
            phase = at.phase
            period = at.period
        }
    }

    /// Each row's rank among the rows of its slot, less one half.
    private static func scores(
        _ column: TrainingColumn, _ feature: FeatureBaseline, _ times: [Timestamp]?,
        _ plan: PhasePlan
    ) -> [Double] {
        let lookup = CellLookup(feature)
        return (0..<column.count).map { row in
            var refusal: FeatureRefusal?
            guard let cell = lookup.cell(of: column[row], &refusal), cell != CellCounts.missing
            else { return 0 }
            let counts = feature.counts[times.map { plan.slot(at: $0[row]) } ?? 0]
            let middle = Double(counts.below(cell)) + Double(counts[cell]) / 2
            return middle / Double(max(1, counts.values)) - 0.5
        }
    }

    private static func plan(
        _ table: TrainingTable, _ settings: BaselineSettings, _ rows: [Int]
    ) -> PhasePlan {
        guard settings.phases != .none, let times = table.times else { return .none }
        let whole = PhasePlan(kind: settings.phases, offset: settings.phaseOffset)
        var rowsOf = [Int](repeating: 0, count: settings.phases.count)
        var periodsOf = [Set<Int64>](repeating: [], count: settings.phases.count)
        for row in rows {
            let (phase, period) = whole.phase(at: times[row])
            rowsOf[phase] += 1
            periodsOf[phase].insert(period)
        }
        let thin = rowsOf.indices.filter {
            rowsOf[$0] < settings.phaseRowsMin || periodsOf[$0].count < settings.phasePeriodsMin
        }
        return PhasePlan(
            kind: settings.phases, offset: settings.phaseOffset, thin: Set(thin))
    }

    /// The levels of a key with enough rows, the most frequent first, and their rows.
    private static func slices(
        _ texts: [String?], _ used: [Int], _ settings: BaselineSettings, _ leftOut: inout Int
    ) -> [(level: String, rows: [Int])] {
        var rows: [String: [Int]] = [:]
        for row in used { if let level = texts[row] { rows[level, default: []].append(row) } }
        let large = rows.filter { $0.value.count >= settings.sliceRowsMin }
            .sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        let kept = large.prefix(settings.slicesMax)
        leftOut += rows.count - kept.count
        return kept.map { ($0.key, $0.value) }
    }

    // MARK: Features

    private static func feature(
        _ column: Int, _ slice: SliceKey?, _ table: TrainingTable, _ settings: BaselineSettings,
        _ plan: PhasePlan, _ rows: [Int], _ refusals: inout RefusalCounts
    ) -> FeatureBaseline {
        let values = table.columns[column]
        let (cells, others, counted) = FeatureCells.fitting(
            values, rows, settings, isOneSlot: plan.slotCount == 1)
        let blank = [CellCounts](repeating: CellCounts(), count: plan.slotCount)
        let empty = FeatureBaseline(
            name: table.names[column], slice: slice, cells: cells, others: others, counts: blank)
        let lookup = CellLookup(empty)
        var counts = blank
        for row in counted {
            var refusal: FeatureRefusal?
            guard let cell = lookup.cell(of: values[row], &refusal) else {
                if let refusal { refusals.add(refusal) }
                continue
            }
            counts[table.times.map { plan.slot(at: $0[row]) } ?? 0].add(cell)
        }
        return FeatureBaseline(
            name: table.names[column], slice: slice, cells: cells, others: others, counts: counts)
    }
}
