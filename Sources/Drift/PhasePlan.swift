public import Model

// Traffic at night is not traffic at noon. A detector that does not know the hour takes each
// morning for drift, so the baseline is kept per phase of the day or the week, and a row is ranked
// among the baseline's rows of its own phase (a Mondrian conformal predictor): ranks stay uniform
// as long as rows of one phase are exchangeable. Phases with too little evidence share one slot.

/// How time is divided.
public enum PhaseKind: UInt8, Hashable, Sendable {
    case none = 0
    case hourOfDay = 1
    case hourOfWeek = 2

    /// Phases of a period.
    public var count: Int {
        switch self {
        case .none: 1
        case .hourOfDay: 24
        case .hourOfWeek: 168
        }
    }

    /// How long until phases repeat; of `none` a day, so that periods can be counted.
    public var period: TimeSpan {
        switch self {
        case .none, .hourOfDay: .hours(24)
        case .hourOfWeek: .hours(168)
        }
    }
}

/// Which of a baseline's counts a time uses.
public struct PhasePlan: Hashable, Sendable {
    /// How time is divided.
    public private(set) var kind: PhaseKind
    /// Added to UTC before time is divided: local hours without a time zone's rules.
    public private(set) var offset: TimeSpan
    /// The slot of each phase.
    public private(set) var slots: [UInt8]

    /// No phases: one slot.
    public static let none = PhasePlan(kind: .none, offset: .zero, slots: [0])

    /// A plan; phases that are `thin` share the last slot.
    public init(kind: PhaseKind, offset: TimeSpan = .zero, thin: Set<Int> = []) {
        self.kind = kind
        self.offset = offset
        let own = (0..<kind.count).filter { !thin.contains($0) }
        slots = (0..<kind.count).map { phase in
            UInt8(own.firstIndex(of: phase) ?? own.count)
        }
    }

    private init(kind: PhaseKind, offset: TimeSpan, slots: [UInt8]) {
        self.kind = kind
        self.offset = offset
        self.slots = slots
    }

    /// Different slots.
    public var slotCount: Int { Int(slots.max() ?? 0) + 1 }

    /// Phases that share a slot because they had too few rows or periods.
    public var pooled: [Int] {
        let shared = UInt8(slotCount - 1)
        let phases = slots.indices.filter { slots[$0] == shared }
        return phases.count > 1 ? phases : []
    }

    /// The phase of a time, and which period since the epoch it lies in. Weeks begin on Monday.
    public func phase(at time: Timestamp) -> (phase: Int, period: Int64) {
        // The epoch was a Thursday.
        let shift: Int64 = kind == .hourOfWeek ? 3 * 86_400_000 : 0
        let local = time.millis &+ offset.millis &+ shift
        let length = kind.period.millis
        let period = local >= 0 ? local / length : (local + 1) / length - 1
        let within = local - period * length
        return (kind == .none ? 0 : Int(within / 3_600_000), period)
    }

    /// The slot of a time.
    public func slot(at time: Timestamp) -> Int { Int(slots[phase(at: time).phase]) }
}

extension PhasePlan: Archivable {
    public static let blank = PhasePlan.none

    public mutating func archive(_ archive: inout Archive) {
        var raw = kind.rawValue
        archive.field(&raw)
        archive.field(&offset)
        archive.field(&slots)
        guard archive.isReading else { return }
        guard let kind = PhaseKind(rawValue: raw), slots.count == kind.count,
            Set(slots).count == slotCount
        else {
            self = .none
            return archive.fail()
        }
        self.kind = kind
    }
}
