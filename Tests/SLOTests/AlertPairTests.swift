import Model
import SLO
import Testing
import Text

@Suite struct AlertPairTests {
    private func shown(_ pairs: [AlertPair]) -> [String] {
        pairs.map { "\($0.severity.rawValue) \($0.long)/\($0.short) \($0.factor)" }
    }

    @Test func thirtyDaysHaveTheWorkbooksPairs() {
        let (pairs, dropped) = AlertPair.standard(for: .days(30))
        #expect(
            shown(pairs) == [
                "page 1h/5m 14.4", "page 6h/30m 6.0", "ticket 1d/2h 3.0", "ticket 3d/6h 1.0",
            ])
        #expect(dropped.isEmpty)
    }

    @Test func otherPeriodsScaleTheWindowsToWholeMinutes() {
        #expect(
            shown(AlertPair.standard(for: .days(7)).pairs) == [
                "page 15m/5m 13.44", "page 1h24m/7m 6.0", "ticket 5h36m/28m 3.0",
                "ticket 16h48m/1h24m 1.0",
            ])
        #expect(
            shown(AlertPair.standard(for: .days(90)).pairs) == [
                "page 3h/15m 14.4", "page 18h/1h30m 6.0", "ticket 3d/6h 3.0", "ticket 9d/18h 1.0",
            ])
        #expect(
            shown(AlertPair.standard(for: .days(28)).pairs) == [
                "page 56m/5m 14.4", "page 5h36m/28m 6.0", "ticket 22h24m/1h52m 3.0",
                "ticket 2d19h12m/5h36m 1.0",
            ])
    }

    @Test(arguments: 1...366)
    func everyPeriodsPairsKeepTheRules(days: Int64) {
        let period = TimeSpan.days(days)
        let (pairs, dropped) = AlertPair.standard(for: period)
        #expect(pairs.count + dropped.count == 4)
        for pair in pairs {
            #expect(pair.short >= .minutes(5))
            #expect(pair.long.millis >= 3 * pair.short.millis)
            #expect(pair.long.millis % 60_000 == 0 && pair.short.millis % 60_000 == 0)
            #expect(pair.factor >= 1)
            #expect(pair.long < period)
        }
        // One alert per pair: its labels are the severity and the long window.
        let names = pairs.map { "\($0.severity) \($0.long)" }
        #expect(Set(names).count == names.count, "\(names)")
    }

    @Test func ofTwoPairsWithTheSameWindowsTheMoreSensitiveStays() {
        let (pairs, dropped) = AlertPair.standard(for: .days(1))
        #expect(
            shown(pairs) == ["page 15m/5m 1.92", "ticket 48m/5m 3.0", "ticket 2h24m/12m 1.0"])
        #expect(shown(dropped) == ["page 15m/5m 4.8"])
    }
}

@Suite struct ObjectiveTests {
    @Test func ratiosAreTheNearestDoubles() throws {
        let cases: [(String, Double, Double)] = [
            ("99.9", 0.999, 0.001), ("99.99", 0.9999, 0.0001), ("99.95", 0.9995, 0.0005),
            ("95", 0.95, 0.05), ("99.999", 0.99999, 0.00001), ("33.3", 0.333, 0.667),
            ("099.5", 0.995, 0.005), ("0.1", 0.001, 0.999),
            ("99.9999999999", 0.999999999999, 1e-12),
        ]
        for (text, ratio, budget) in cases {
            let objective = try #require(Objective(percent: text))
            #expect(objective.ratio == ratio && objective.budgetRatio == budget, "\(text)")
        }
    }

    @Test(arguments: [
        "0", "100", "100.0", "0.0", "-1", "+5", "1e1", "99.", ".5", "", "99,9", "1000",
        "99.12345678901", "nan", "٩٩",
    ])
    func whatIsNoPercentageBetweenZeroAndAHundredIsRefused(text: String) {
        #expect(Objective(percent: text) == nil)
    }
}

/// `alerts.<tier>.pairs`.
@Suite struct OwnPairTests {
    private func pairs(_ alerts: String...) -> [String] {
        let file = reading(sloFile(more: ["alerts:"] + alerts.map { "  " + $0 }))
        let errors = file.diagnostics.map(\.description)
        let pairs = file.definitions.first?.alerts.pairs ?? []
        return errors + pairs.map { "\($0.severity.rawValue) \($0.long)/\($0.short) \($0.factor)" }
    }

    @Test func aTiersOwnPairsReplaceItsStandardOnes() {
        let found = pairs(
            "page: {pairs: [{long: 2h, short: 10m, factor: 8}, {long: 30m, short: 5m, factor: 20}]}"
        )
        #expect(
            found == [
                "page 30m/5m 20.0", "page 2h/10m 8.0", "ticket 1d/2h 3.0", "ticket 3d/6h 1.0",
            ])
    }

    @Test func eachTierCanBeSwitchedOff() {
        #expect(
            pairs("page: {enabled: false}") == ["ticket 1d/2h 3.0", "ticket 3d/6h 1.0"])
        #expect(
            pairs("ticket: {enabled: false, pairs: [{long: 2h, short: 10m, factor: 8}]}")
                == ["page 1h/5m 14.4", "page 6h/30m 6.0"])
    }

    @Test func whatCannotBeAPairIsSaid() {
        func message(_ pair: String) -> String { pairs("page: {pairs: [\(pair)]}").first ?? "" }
        #expect(message("{long: 1h, short: 4m, factor: 2}").contains("windows of 1h and 4m"))
        #expect(message("{long: 5m, short: 5m, factor: 2}").contains("windows of 5m and 5m"))
        #expect(message("{long: 1h30s, short: 5m, factor: 2}").contains("whole minutes"))
        #expect(message("{long: 1h, short: 5m, factor: 0}").contains("a factor of 0"))
        #expect(message("{long: 1h, short: 5m}").contains("\"factor\" is missing"))
        #expect(message("{long: 31d, short: 5m, factor: 2}").contains("longer than the period"))
        #expect(message("{long: 1h, short: 5m, factor: 0.5}").contains("warning"))
        let twice = "{long: 1h, short: 5m, factor: 2}, {long: 1h, short: 10m, factor: 2}"
        #expect(message(twice).contains("two pairs"))
    }
}
