import Ingest
import Model
import Testing

@testable import SLO

/// What `isSurelyCalm` affirms a whole verdict affirms, whatever happened: so passing over such a
/// group changes nothing.
@Suite struct CalmTests {
    private static func definitions() throws -> [SLODefinition] {
        [
            try definition(objective: "97", more: ["by: [model]"], name: "burning"),
            try definition(objective: "90", more: ["by: [pod]"], name: "pods"),
            try definition(
                objective: "95", counted: "good: errors_total",
                more: ["by: [model]", "period: 7d", "alerts: {noTraffic: good}"], name: "weekly"),
            try definition(
                objective: "96",
                more: [
                    "by: [pod]", "period: {calendar: month, timeZone: Europe/Berlin}",
                    "alerts: {page: {pairs: [{long: 40m, short: 7m, factor: 0.5}]}}",
                ], name: "monthly"),
            try definition(
                objective: "97", more: ["alerts: {evidence: {test: false}, scaleToZero: true}"],
                name: "untested"),
            try definition(
                objective: "97", more: ["by: [model]", "alerts: {noTraffic: {alert: 1h}}"],
                name: "idle"),
        ]
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func whatIsSurelyCalmIsCalm(seed: UInt64) throws {
        var random = SeededGenerator(state: seed)
        let definitions = try Self.definitions()
        var world = CheckpointWorld(definitions)
        let corrections = all(
            maintenance(9000, 19_980, name: "a"),
            adjustment(6000, bad: 400, name: "b"),
            adjustment(49_980, good: -4000, bad: -40, name: "c"))
        world.ledger.configure(definitions, corrections, now: at(0))
        var passed = 0
        var calm = 0
        var loud = 0
        var now = 0.0
        for _ in 0..<600 {
            now += Double.random(in: 1...230, using: &random).rounded()
            var step = LedgerStep.random(now, definitions.count, using: &random)
            if case .configure = step { continue }
            if case .count(let series, let seconds, let value, let kind, let span, let back) = step
            {
                // Errors come in bursts: some groups burn for a while.
                let isQuiet = Int(seconds / 7000) % 2 == 0
                let less = series % 2 == 1 && isQuiet ? (value / 300).rounded() : value
                step = .count(
                    series: series, seconds: seconds, value: less, kind: kind, span: span,
                    isTakenBack: back)
            }
            world.live(step)
            guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
            world.ledger.refreshComposites()
            for verdict in world.ledger.evaluateAll(now: at(now)) {
                let isSure = world.ledger.isSurelyCalm(verdict.group, now: at(now))
                if isSure {
                    #expect(verdict.isCalm, "seed \(seed) at \(now): \(verdict.definition.name)")
                }
                passed += isSure ? 1 : 0
                calm += verdict.isCalm ? 1 : 0
                loud += verdict.isCalm ? 0 : 1
            }
        }
        // And it is worth asking.
        #expect(passed > calm / 4 && loud > 300, "\(passed) of \(calm), \(loud)")
    }

    @Test func aHealthyGroupIsPassedOver() throws {
        var world = LedgerWorld(try definition())
        for minute in 0..<300 { world.count(Double(minute) * 60, total: 100, bad: 0) }
        #expect(world.ledger.isSurelyCalm(0, now: at(18_000)))
        #expect(world.ledger.evaluateDirty(now: at(18_000)) { _ in true }.isEmpty)
        #expect(!world.ledger.hasDirtyGroups)
        world.count(18_060, total: 100, bad: 100)
        #expect(world.ledger.evaluateDirty(now: at(18_060)) { _ in false }.count == 1)
        for minute in 302..<310 { world.count(Double(minute) * 60, total: 100, bad: 100) }
        #expect(!world.ledger.isSurelyCalm(0, now: at(18_600)))
        #expect(world.ledger.evaluateDirty(now: at(18_600)) { _ in true }.count == 1)
    }
}
