import Ingest
import Model
import Testing

@testable import SLO

/// Rules change, history stays (DESIGN §4.6).
@Suite struct ReloadTests {
    private func world(_ definitions: SLODefinition...) throws -> LedgerWorld {
        var world = LedgerWorld()
        world.ledger.configure(definitions, now: at(0))
        for minute in 1...60 { world.count(Double(minute) * 60, total: 100, bad: 1) }
        return world
    }

    @Test func anotherObjectiveOrAlertingKeepsTheCounts() throws {
        var world = try world(try definition())
        let changed = try definition(
            objective: "99", more: ["alerts: {ticket: {enabled: false}, evidence: {test: false}}"])
        world.ledger.configure([changed], now: at(3600))
        let verdict = try world.verdict(3600)
        #expect(verdict.period?.counts == EventCounts(bad: 60, total: 6000))
        #expect(verdict.budget.remaining == 0)
        #expect(verdict.pairs.count == 2)
    }

    @Test func anotherSLIStartsANewLedger() throws {
        var world = try world(try definition())
        let changed = try definition(counted: "good: errors_total")
        world.ledger.configure([changed], now: at(3600))
        #expect(try world.verdict(3600).evidence == .noData)
        world.count(3660, total: 100, bad: 90)
        let counts = try #require(try world.verdict(3660).period?.counts)
        #expect(counts == EventCounts(bad: 10, total: 100))
    }

    @Test func otherGroupsStartANewLedger() throws {
        var world = try world(try definition())
        world.ledger.configure([try definition(more: ["by: [namespace]"])], now: at(3600))
        #expect(world.ledger.evaluateAll(now: at(3600)).isEmpty)
        world.labels = [("namespace", "a")]
        world.count(3660, total: 10, bad: 1)
        #expect(try world.verdict(3660).labels == Labels([("namespace", "a")]))
        #expect(try world.verdict(3660).period?.counts.total == 10)
    }

    @Test func aRemovedSLOComesBackWithinADayWithItsCounts() throws {
        var world = try world(try definition())
        world.ledger.configure([], now: at(3600))
        #expect(world.ledger.evaluateAll(now: at(3600)).isEmpty)
        #expect(world.ledger.definitions.isEmpty)
        // It goes on counting meanwhile, unseen.
        world.count(3660, total: 100, bad: 1)
        #expect(world.ledger.evaluateDirty(now: at(3660)).isEmpty)
        world.ledger.configure([try definition()], now: at(3600 + 86_399))
        let verdict = try world.verdict(90_000)
        #expect(verdict.period?.counts == EventCounts(bad: 61, total: 6100))
    }

    @Test func afterADayItIsForgotten() throws {
        var world = try world(try definition())
        world.ledger.configure([], now: at(3600))
        world.ledger.configure([], now: at(3600 + 86_400))
        #expect(world.ledger.groupCount == 0)
        world.ledger.configure([try definition()], now: at(3600 + 86_401))
        #expect(try world.verdict(90_001).evidence == .noData)
    }

    @Test func reorderedFilesKeepEachLedgerItsOwn() throws {
        var world = try world(try definition(name: "one"), try definition(name: "two"))
        world.ledger.configure([try definition(name: "two")], now: at(3600))
        world.count(3660, total: 5, bad: 0)
        world.ledger.configure(
            [
                try definition(name: "three"), try definition(name: "two"),
                try definition(name: "one"),
            ],
            now: at(3700))
        let totals = world.ledger.evaluateAll(now: at(3700)).map { verdict in
            "\(verdict.definition.name) \(verdict.period?.counts.total ?? -1)"
        }
        #expect(totals == ["one 6005.0", "three 0.0", "two 6005.0"])
    }

    @Test func aReloadInTheMiddleOfABatchOfDirtyGroupsLosesNone() throws {
        var world = try world(try definition(name: "one"), try definition(name: "two"))
        world.ledger.configure(
            [try definition(name: "two"), try definition(name: "one")], now: at(4000))
        #expect(world.ledger.evaluateDirty(now: at(4000)).count == 2)
        #expect(!world.ledger.hasDirtyGroups)
    }

    @Test func moreGroupsThanTheLimitAreCountedAndLeftOut() throws {
        var world = LedgerWorld(try definition(more: ["by: [model]"]))
        for model in 0..<(Ledger.groupsPerSLOMax + 3) {
            world.labels = [("model", "m\(model)")]
            world.target = UInt32(model)
            _ = world.slots("requests_total")
        }
        #expect(world.ledger.groupCount == Ledger.groupsPerSLOMax)
        #expect(world.ledger.groupsRefused == 3)
        // Known groups go on.
        world.labels = [("model", "m7")]
        #expect(world.slots("requests_total").count == 1)
    }

    @Test func selectorsWithoutAMetricNameFindTheirSeriesToo() throws {
        let any = try definition(counted: #"bad: '{__name__=~"errors_.*"}'"#)
        var world = LedgerWorld(any)
        #expect(world.slots("errors_total").count == 1)
        #expect(world.slots("errors_other").count == 1)
        #expect(world.slots("requests_total").count == 1)
        #expect(world.slots("requests").isEmpty)
    }

    @Test func aSeriesThatIsBothBadAndTotalIsCountedOnceInEach() throws {
        let both = try definition(counted: #"bad: 'requests_total{code=~"5.."}'"#)
        var world = LedgerWorld(both)
        world.labels = [("code", "500")]
        #expect(world.slots("requests_total").map { $0 & 3 } == [0, 1])
        world.labels = [("code", "200")]
        #expect(world.slots("requests_total").map { $0 & 3 } == [0])
    }
}
