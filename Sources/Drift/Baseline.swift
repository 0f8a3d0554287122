public import Model

/// What a model's features looked like: the yardstick of one model version.
///
/// A value: its name is the hash of its content, so equal baselines have one name and a changed one
/// another. Detectors copy its counts and add to their copy; the baseline itself never changes.
public struct Baseline: Hashable, Sendable {
    /// Features, slices included.
    public static let featuresMax = 10_000
    /// First byte of the archive's form, without units and with them.
    private static let (form, formWithUnits): (UInt8, UInt8) = (1, 2)

    public private(set) var model: String
    public private(set) var version: String
    public private(set) var phases: PhasePlan
    /// Of so many rows in their order of arrival one is used, here and by the detectors.
    public private(set) var stride: Int
    /// Whether rows so far apart are known to be independent enough.
    public private(set) var dependence: Dependence
    /// Rows used.
    public private(set) var rows: UInt64
    /// By title, ascending.
    public private(set) var features: [FeatureBaseline]
    /// What training counted features in, by their names; only those that somebody told.
    public private(set) var units: [String: String]

    init(
        model: String, version: String, phases: PhasePlan, stride: Int, dependence: Dependence,
        rows: UInt64, features: [FeatureBaseline], units: [String: String] = [:]
    ) {
        self.model = model
        self.version = version
        self.phases = phases
        self.stride = stride
        self.dependence = dependence
        self.rows = rows
        self.features = features.sorted { $0.title < $1.title }
        self.units = units
    }

    /// Its canonical bytes.
    public var bytes: [UInt8] {
        var archive = Archive()
        var copy = self
        copy.archive(&archive)
        return archive.bytes
    }

    /// Reads canonical bytes; nil when they are none: one content has one form, and one name.
    public init?(bytes: [UInt8]) {
        var archive = Archive(reading: bytes)
        self = .blank
        self.archive(&archive)
        guard archive.isComplete, self.bytes == bytes else { return nil }
    }

    /// The SHA-256 of its bytes, in 64 hexadecimal digits.
    public var id: String { SHA256.hexadecimal(bytes) }

    /// A number of the version, for seeds.
    var versionHash: UInt64 {
        var hash = FNV1a64()
        hash.combine(model.utf8)
        hash.combine(0)
        hash.combine(version.utf8)
        return hash.value
    }

    /// Whether the promised rate of false alarms holds: rows are far enough apart, and no phases
    /// that may differ share their counts.
    public var isGuaranteed: Bool { dependence.isGuaranteed && phases.pooled.isEmpty }

    /// What the promise rests on, or why there is none.
    public var guarantee: String {
        let pooled = phases.pooled
        if pooled.isEmpty { return dependence.text }
        return dependence.text + "; \(pooled.count) thin phases pooled: no guarantee"
    }

    /// Features whose rows are those of a slice.
    public var slices: [SliceKey] { Array(Set(features.compactMap(\.slice))).sorted() }
}

extension Baseline: Archivable {
    public static let blank = Baseline(
        model: "", version: "", phases: .none, stride: 1, dependence: .unknown, rows: 0,
        features: [])

    public mutating func archive(_ archive: inout Archive) {
        var form = units.isEmpty ? Self.form : Self.formWithUnits
        archive.field(&form)
        archive.field(&model)
        archive.field(&version)
        archive.field(&phases)
        archive.field(&stride)
        archive.field(&dependence)
        archive.field(&rows)
        archive.field(&features)
        var (named, told) = ([String](), [String]())
        if form == Self.formWithUnits {
            named = units.keys.sorted()
            told = named.map { units[$0] ?? "" }
            archive.field(&named)
            archive.field(&told)
        }
        guard archive.isReading else { return }
        units = Dictionary(zip(named, told)) { first, _ in first }
        let titles = features.map(\.title)
        let isSound =
            (form == Self.form || form == Self.formWithUnits && !named.isEmpty)
            && named.count == told.count && stride >= 1 && features.count <= Self.featuresMax
            && zip(titles, titles.dropFirst()).allSatisfy { $0 < $1 }
            && features.allSatisfy { $0.counts.count == phases.slotCount }
        if !isSound {
            self = .blank
            archive.fail()
        }
    }
}

/// One difference between two baselines.
public enum BaselineChange: Hashable, Sendable {
    case added(feature: String)
    case removed(feature: String)
    /// The cells are others, so counts cannot be compared.
    case recut(feature: String)
    /// The same cells; how far the shares are apart.
    case moved(feature: String, psi: Double, pValue: Double)
    /// Another unit; an empty one was not told.
    case unit(feature: String, before: String, after: String)
    /// Other phases, stride, model or version.
    case settings
}

extension Baseline {
    /// What is different in `newer`, features in their order; empty when nothing is.
    public func changes(to newer: Baseline) -> [BaselineChange] {
        var changes: [BaselineChange] = []
        let isSame =
            model == newer.model && version == newer.version && phases == newer.phases
            && stride == newer.stride
        if !isSame { changes.append(.settings) }
        for name in Set(units.keys).union(newer.units.keys).sorted()
        where units[name] != newer.units[name] {
            changes.append(
                .unit(
                    feature: name, before: units[name] ?? "", after: newer.units[name] ?? ""))
        }
        let old = Dictionary(features.map { ($0.title, $0) }) { first, _ in first }
        let new = Dictionary(newer.features.map { ($0.title, $0) }) { first, _ in first }
        for title in Set(old.keys).union(new.keys).sorted() {
            switch (old[title], new[title]) {
            case (nil, nil): continue
            case (nil, _): changes.append(.added(feature: title))
            case (_, nil): changes.append(.removed(feature: title))
            case (let before?, let after?) where before == after: continue
            case (let before?, let after?) where before.hasSameCells(as: after):
                let sums = LevelSums(reference: before.pooledCounts, current: after.pooledCounts)
                changes.append(
                    .moved(feature: title, psi: sums.psi, pValue: sums.chiSquaredTail))
            default: changes.append(.recut(feature: title))
            }
        }
        return changes
    }
}

extension FeatureBaseline {
    /// Whether values fall into the same cells.
    func hasSameCells(as other: FeatureBaseline) -> Bool {
        switch (cells, other.cells) {
        case (.ordered(let cuts, _, _), .ordered(let others, _, _)): cuts == others
        default: cells == other.cells && others == other.others
        }
    }

    /// Rows by cell, of all slots together.
    var pooledCounts: [Double] {
        var sums = [Double](repeating: 0, count: CellCounts.cellCount)
        for slot in counts {
            for (cell, count) in slot.counts.enumerated() { sums[cell] += Double(count) }
        }
        return sums
    }
}
