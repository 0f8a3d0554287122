import CMath
import Drift
import Model
import Testing

@Suite struct LevelTests {
    @Test func chancesAreWhatTheySay() throws {
        // Of clean windows about a twentieth has a chance below 0.05, whatever the measure; the two
        // that see only the order's largest difference are told to be careful, and are.
        var random = SplitMix64(70)
        var low: [LevelMeasure: Int] = [:]
        let windows = 300
        for window in 0..<windows {
            let baseline = try DriftWorld.baseline([("x", (0..<600).map { _ in random.uniform() })])
            var interval = IntervalCounts(of: baseline)
            let size = window % 2 == 0 ? 200 : 600
            for _ in 0..<size {
                let cell = baseline.features[0].cell(of: random.uniform()) ?? 0
                interval.add([UInt8(cell)], slot: 0)
            }
            let report = LevelScale(baseline).report(interval)
            for measure in LevelMeasure.allCases {
                let figure = try #require(report.features[0].figures[measure])
                if figure.pValue < 0.05 { low[measure, default: 0] += 1 }
            }
        }
        // 15 expected, standard deviation under 4.
        for measure in LevelMeasure.allCases {
            let count = low[measure] ?? 0
            #expect(count <= 29, "\(measure.label): \(count) of \(windows)")
            if measure != .kolmogorovSmirnov {
                #expect(count >= 3, "\(measure.label): \(count) of \(windows)")
            }
        }
    }

    @Test func aReportNamesTheCellsThatMoved() throws {
        let texts = (0..<1000).map { "l\($0 % 4)" }
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = 1
        let table = try DriftWorld.table([("level", .texts(texts))])
        let baseline = try BaselineBuilder.build(table, settings).baseline
        let plan = RowPlan(baseline, columns: ["level"])
        var interval = IntervalCounts(of: baseline)
        var cells: [UInt8] = []
        var refusals = RefusalCounts()
        for row in 0..<400 {
            plan.encode(
                [.text(row < 200 ? "fresh" : "l\(row % 4)")], into: &cells, refusals: &refusals)
            interval.add(cells, slot: 0)
        }
        let report = LevelScale(baseline).report(interval)
        #expect(report.isClean == false)
        let level = report.features[0]
        #expect(level.moves.first == CellMove(label: "new", before: 0, now: 0.5))
        #expect(level.moves.count == 5)
        #expect(level.figures[.wasserstein1] == nil)
        #expect(level.effect > 1)
        #expect(level.pValue < 1e-50)
    }

    @Test func fewRowsSayNothing() throws {
        var random = SplitMix64(71)
        let baseline = try DriftWorld.baseline([("x", DriftWorld.normals(500, &random))])
        var interval = IntervalCounts(of: baseline)
        for _ in 0..<99 { interval.add([30], slot: 0) }
        let scale = LevelScale(baseline)
        #expect(scale.report(interval).isClean == nil)
        #expect(scale.report(interval).pValue == nil)
        interval.add([30], slot: 0)
        #expect(scale.report(interval).isClean == false)
        #expect(scale.report(IntervalCounts(of: baseline)).features[0].figures.isEmpty)
    }

    @Test func aMixOfPhasesIsComparedWithTheSameMix() throws {
        // Noon is far from midnight; a window of noon alone is clean against noon.
        var random = SplitMix64(72)
        let times = (0..<4800).map { Timestamp(millis: Int64($0) * 180_000) }
        func level(_ time: Timestamp) -> Double { Double(time.millis / 3_600_000 % 24) }
        let numbers = times.map { level($0) + random.normal() }
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = 1
        settings.phases = .hourOfDay
        let table = try DriftWorld.table([("x", .numbers(numbers))], times: times)
        let baseline = try BaselineBuilder.build(table, settings).baseline
        let feature = baseline.features[0]
        func report(hour: Int64, shift: Double) -> LevelReport {
            var interval = IntervalCounts(of: baseline)
            for row in 0..<300 {
                let time = Timestamp(millis: 0) + .hours(hour + 24 * 400) + .seconds(Int64(row))
                let cell = feature.cell(of: level(time) + random.normal() + shift) ?? 0
                interval.add([UInt8(cell)], slot: baseline.phases.slot(at: time))
            }
            return LevelScale(baseline).report(interval)
        }
        #expect(report(hour: 12, shift: 0).isClean == true)
        #expect(report(hour: 12, shift: 1).isClean == false)
        #expect(report(hour: 12, shift: 0).features[0].baselineRows == 200)
    }

    @Test func aMonthOfLooks() {
        let perMonth = LevelReport.falseAlarmsPerMonth(pValue: 0.001, look: .hours(1))
        #expect(agree(perMonth, 0.72, 1e-12))
    }

    // MARK: Whole samples against their definitions

    @Test func smallExactTailsAreTheShareOfOrders() {
        // All ways in which 4 and 3 rows can follow each other, each equally likely.
        let (n, m) = (4, 3)
        var statistics: [Double] = []
        for order in 0..<(1 << (n + m)) where order.nonzeroBitCount == n {
            var (i, j, largest) = (0, 0, 0.0)
            for place in 0..<(n + m) {
                if order >> place & 1 == 1 { i += 1 } else { j += 1 }
                largest = max(largest, abs(Double(i) / Double(n) - Double(j) / Double(m)))
            }
            statistics.append(largest)
        }
        #expect(statistics.count == 35)
        for order in 0..<(1 << (n + m)) where order.nonzeroBitCount == n {
            let first = (0..<(n + m)).filter { order >> $0 & 1 == 1 }.map(Double.init)
            let second = (0..<(n + m)).filter { order >> $0 & 1 == 0 }.map(Double.init)
            let test = TwoSample.kolmogorovSmirnov(first, second)
            let share = Double(statistics.count { $0 >= test.statistic - 1e-9 }) / 35
            #expect(agree(test.pValue, share, 1e-12))
        }
    }

    @Test func largeSamplesUseTheLimit() {
        let first = (0..<10_001).map(Double.init)
        let second = first.map { $0 + 100 }
        let test = TwoSample.kolmogorovSmirnov(first, second)
        #expect(!test.isExact)
        #expect(agree(test.statistic, 100.0 / 10_001, 1e-12))
        #expect(agree(test.pValue, kolmogorovUpperTail(100 / 10_001 * (10_001 / 2.0).squareRoot())))
    }

    @Test func theAreaIsTheMeanDistanceOfSortedRows() {
        var random = SplitMix64(73)
        let first = DriftWorld.normals(200, &random).sorted()
        let second = DriftWorld.normals(200, &random).sorted()
        let mean = zip(first, second).reduce(0) { $0 + abs($1.0 - $1.1) } / 200
        #expect(agree(TwoSample.wasserstein1(first, second), mean, 1e-12))
    }
}
