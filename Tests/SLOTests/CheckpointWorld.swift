import Model
import Testing

@testable import Ingest
@testable import SLO

// A ledger and what the intake keeps beside it: series with their routes, targets with their
// conditions. Driven by steps that are values, so that two worlds can live through the same.

/// One thing that happens to a ledger.
enum LedgerStep: Sendable {
    /// A series of this target, model and role delivers.
    case count(
        series: Int, seconds: Double, value: Double, kind: IncrementClass, span: TimeSpan,
        isTakenBack: Bool)
    case note(target: UInt32, TargetCondition)
    case forget([UInt32])
    /// The definitions with these places.
    case configure([Int], seconds: Double)
    case sweep
    case evaluate(seconds: Double)

    static func random(
        _ seconds: Double, _ definitions: Int, using random: inout SeededGenerator
    ) -> LedgerStep {
        let target = UInt32.random(in: 0..<CheckpointWorld.targets, using: &random)
        let now = at(seconds)
        switch Int.random(in: 0..<400, using: &random) {
        case 0:
            let kept = (0..<definitions).filter { _ in Int.random(in: 0..<4, using: &random) > 0 }
            return .configure(kept.shuffled(using: &random), seconds: seconds)
        case 1..<3: return .sweep
        case 3..<20: return .evaluate(seconds: seconds)
        case 20..<24: return .note(target: target, .retired(at: now, noticed: now))
        case 24..<28: return .note(target: target, .silent(since: now, noticed: now))
        case 28..<34: return .note(target: target, .up)
        case 34..<36: return .forget((0..<target).filter { $0 % 3 == target % 3 })
        default:
            let isOdd = Int.random(in: 0..<20, using: &random) == 0
            let isLate = Int.random(in: 0..<8, using: &random) == 0
            let kind = isOdd ? IncrementClass.allCases.randomElement(using: &random) : nil
            let value = Double(Int.random(in: 0...900, using: &random))
            return .count(
                series: Int.random(in: 0..<CheckpointWorld.seriesCount, using: &random),
                seconds: isLate ? seconds - .random(in: 0...9000, using: &random) : seconds,
                value: isOdd ? value / 7 : value, kind: kind ?? .normal,
                span: kind == .gap ? .seconds(.random(in: 31...90_000, using: &random)) : .zero,
                isTakenBack: kind == .reset && value < 200)
        }
    }
}

struct CheckpointWorld: Sendable {
    static let targets: UInt32 = 12
    static let seriesCount = 12 * 3 * 2

    var ledger = Ledger()
    let definitions: [SLODefinition]
    var inForce: [Int]
    /// Of every series: its routes' slots, once it has delivered.
    var slots: [[UInt32]?] = Array(repeating: nil, count: seriesCount)
    var conditions: [UInt32: TargetCondition] = [:]
    /// What each evaluation said.
    var said: [Word] = []

    init(_ definitions: [SLODefinition]) {
        self.definitions = definitions
        inForce = Array(definitions.indices)
        ledger.configure(definitions, now: at(0))
    }

    /// Three SLOs by model, of other periods and roles; one without groups; one of a single target.
    static func definitions() throws -> [SLODefinition] {
        [
            try definition(more: ["by: [model]"], name: "monthly"),
            try definition(
                counted: "good: errors_total", more: ["by: [model, pod]", "period: 7d"],
                name: "weekly"),
            try definition(
                counted: #"bad: 'errors_total{pod=~"[0-6]"}'"#,
                more: ["period: 1d", "alerts: {scaleToZero: true}"], name: "daily"),
            try definition(more: ["by: [pod]"], name: "pods"),
        ]
    }

    mutating func live(_ step: LedgerStep) {
        switch step {
        case .count(let series, let seconds, let value, let kind, let span, let isTakenBack):
            let target = UInt32(series / 6)
            ledger.add(
                slotsOf(series).map { slot in
                    Increment(
                        slot: slot, kind: kind, time: at(seconds),
                        value: isTakenBack ? -value : value, span: span, target: target,
                        isTakenBack: isTakenBack)
                })
        case .note(let target, let condition):
            conditions[target] = condition
            ledger.note([ConditionChange(target: target, condition: condition)])
        case .forget(let targets):
            for target in targets {
                guard case .retired = conditions[target] else { continue }
                conditions[target] = nil
                for series in (0..<6).map({ Int(target) * 6 + $0 }) { slots[series] = nil }
            }
            ledger.forget(targets: targets)
        case .configure(let kept, let seconds):
            inForce = kept
            ledger.configure(kept.map { definitions[$0] }, now: at(seconds))
            let routed = slots.indices.filter { slots[$0] != nil }
            for series in routed { slots[series] = nil }
            for series in routed { _ = slotsOf(series) }
        case .sweep: ledger.markTroubled()
        case .evaluate(let seconds):
            said += ledger.evaluateDirty(now: at(seconds)).map { ledger.word(of: $0) }
        }
    }

    private mutating func slotsOf(_ series: Int) -> [UInt32] {
        if let known = slots[series] { return known }
        let labels = Labels([
            ("__name__", series % 2 == 0 ? "requests_total" : "errors_total"),
            ("model", "m\(series / 2 % 3)"), ("pod", "\(series / 6)"),
        ])
        let found = ledger.routes(for: labels, target: UInt32(series / 6)).map(\.slot)
        slots[series] = found
        return found
    }

    /// The same world with its ledger made of sections, in another process as it were.
    func restored(from sections: [[UInt8]]) throws -> CheckpointWorld {
        var world = self
        world.ledger = Ledger()
        world.ledger.configure(inForce.map { definitions[$0] }, now: at(-86_400))
        let isRead = world.ledger.restore(all: sections)
        try #require(isRead)
        let known = conditions.map { (target: $0.key, condition: $0.value) }
        let isWhole = world.ledger.finishRestore(conditions: known) { $0 < Self.targets }
        try #require(isWhole)
        return world
    }
}

extension Ledger {
    /// All sections.
    var written: [[UInt8]] {
        var sections = sections()
        var all: [[UInt8]] = []
        while let section = sections.next() { all.append(section) }
        return all
    }

    /// Reads sections until one is refused.
    mutating func restore(all sections: [[UInt8]]) -> Bool {
        for section in sections where !restore(section) {
            return false
        }
        return true
    }

    /// Everything that a verdict says, and its classes.
    func word(of verdict: Verdict) -> Word {
        Word(
            group: verdict.group, name: verdict.definition.name, labels: verdict.labels,
            asOf: verdict.asOf, evidence: verdict.evidence, windows: verdict.windows,
            budget: verdict.budget, pairs: verdict.pairs,
            losses: [verdict.partialLoss, verdict.totalLoss], hasEnded: verdict.hasEnded,
            classes: classes(of: verdict))
    }

    /// What it says of every group.
    func words(at seconds: Double) -> [Word] {
        evaluateAll(now: at(seconds)).map { word(of: $0) }
    }
}

/// A verdict, to be compared.
struct Word: Equatable, Sendable {
    let group: Int
    let name: String
    let labels: Labels
    let asOf: Timestamp
    let evidence: Evidence
    let windows: [WindowFigures]
    let budget: BudgetFigures
    let pairs: [PairVerdict]
    let losses: [DataLoss?]
    let hasEnded: Bool
    let classes: ClassTotals
}
