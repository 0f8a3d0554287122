import Drift
import Model
import Testing

@Suite struct BaselineTests {
    private func built(
        _ columns: [(String, TrainingColumn)], times: [Timestamp]? = nil,
        _ change: (inout BaselineSettings) -> Void = { _ in }
    ) throws -> BuiltBaseline {
        var settings = BaselineSettings(model: "fraud", version: "7")
        settings.stride = 1
        change(&settings)
        return try BaselineBuilder.build(DriftWorld.table(columns, times: times), settings)
    }

    @Test func cellsHoldAsManyRowsEach() throws {
        var random = SplitMix64(1)
        let numbers = DriftWorld.normals(3100, &random)
        let feature = try built([("x", .numbers(numbers))]).baseline.features[0]
        let counts = feature.counts[0].counts
        #expect(counts[..<31].allSatisfy { (98...102).contains($0) }, "\(counts)")
        #expect(counts[31] == 0)
        guard case .ordered(let cuts, let means, let isCutAtRows) = feature.cells else {
            Issue.record("numbers have an order")
            return
        }
        #expect(isCutAtRows)
        #expect(cuts.cuts.allSatisfy(numbers.contains))
        for (cell, mean) in means.enumerated() {
            let inside = numbers.filter { cuts.cell(of: $0) == cell }
            #expect(agree(mean, inside.reduce(0, +) / Double(inside.count), 1e-12))
        }
        #expect(cuts.cell(of: -1e300) == 0)
        #expect(cuts.cell(of: 1e300) == 30)
    }

    @Test func aCellIsFoundAsALinearSearchFindsIt() {
        var random = SplitMix64(2)
        for count in 0...30 {
            let cuts = CellCuts((0..<count).map { _ in (random.uniform() * 20).rounded() })
            for step in -10..<250 {
                let value = Double(step) / 10
                #expect(cuts.cell(of: value) == cuts.cuts.count { $0 <= value })
            }
        }
    }

    @Test func aPlanFindsTheCellsThatFeaturesFind() throws {
        var random = SplitMix64(5)
        let columns = (0..<5).map { index in
            (
                "f\(index)",
                TrainingColumn.numbers((0..<(60 + 300 * index)).map { _ in random.normal() })
            )
        }
        for (name, column) in columns {
            let baseline = try built([(name, column), ("other", column)]).baseline
            let plan = RowPlan(baseline, columns: ["other", name])
            var cells: [UInt8] = []
            var refusals = RefusalCounts()
            for _ in 0..<300 {
                let (first, second) = (random.normal() * 2, random.normal() * 2)
                plan.encode([.number(first), .number(second)], into: &cells, refusals: &refusals)
                let expected = baseline.features.map { feature in
                    feature.cell(of: feature.name == "other" ? first : second)
                }
                #expect(cells.map { Int($0) } == expected)
            }
        }
    }

    @Test func aConstantThatMovesLeavesItsCell() throws {
        let constant = [Double](repeating: 5, count: 100)
        let feature = try built([("x", .numbers(constant))]).baseline.features[0]
        let home = try #require(feature.cell(of: 5))
        #expect(feature.counts[0][home] == 100)
        for value in [Double(5).nextUp, Double(5).nextDown, 0, 6] {
            #expect(feature.cell(of: value) != home)
        }
    }

    @Test func aFrequentValueHasACellOfItsOwn() throws {
        var random = SplitMix64(3)
        let numbers = (0..<2000).map { _ in random.uniform() < 0.6 ? 0 : random.uniform() + 0.5 }
        let feature = try built([("x", .numbers(numbers))]).baseline.features[0]
        let home = try #require(feature.cell(of: 0))
        #expect(Int(feature.counts[0][home]) == numbers.count { $0 == 0 })
        #expect(feature.cell(of: 0.01) != home)
        #expect(feature.cell(of: -0.01) != home)
    }

    @Test func twoValuesAreFlags() throws {
        let numbers = (0..<100).map { Double($0 % 10 == 0 ? 1 : 0) }
        let feature = try built([("x", .numbers(numbers))]).baseline.features[0]
        #expect(feature.cells == .flags([0, 1]))
        #expect(feature.counts[0][0] == 90)
        #expect(feature.counts[0][1] == 10)
        #expect(feature.cell(of: 2) == FeatureBaseline.new)
    }

    @Test func levelsOthersAndNewOnesAreToldApart() throws {
        let texts = (0..<900).map { row in row < 600 ? "common\(row % 3)" : "rare\(row % 100)" }
        let feature = try built([("x", .texts(texts + [nil, nil]))]) { $0.levels = 3 }
            .baseline.features[0]
        guard case .levels(let levels) = feature.cells else {
            Issue.record("texts are levels")
            return
        }
        #expect(levels.sorted() == ["common0", "common1", "common2"])
        // A third of the rows choose, the others are counted: of 300 rare rows some 200, and of
        // those three in ten are of levels that no choosing row had.
        let counts = feature.counts[0]
        #expect((550...650).contains(counts.total), "\(counts.total)")
        #expect((0..<3).allSatisfy { (110...155).contains(counts[$0]) })
        #expect((60...180).contains(counts[FeatureBaseline.other]))
        #expect((30...140).contains(counts[FeatureBaseline.new]))
        #expect((50...85).contains(feature.others.count))
        #expect(counts.total - counts.values == counts[CellCounts.missing])
        #expect(feature.label(of: 0) == levels[0])
        #expect(feature.label(of: 30) == "new")
        #expect(feature.label(of: 31) == "missing")
    }

    @Test func moreOthersThanAreKeptMeansThatNoneIsNew() throws {
        let texts = (0..<5000).map { "level\($0)" }
        let baseline = try built([("x", .texts(texts))]).baseline
        #expect(baseline.features[0].others.count == FeatureBaseline.othersMax)
        let plan = RowPlan(baseline, columns: ["x"])
        var cells: [UInt8] = []
        var refusals = RefusalCounts()
        plan.encode([.text("never seen")], into: &cells, refusals: &refusals)
        #expect(cells == [UInt8(FeatureBaseline.other)])
    }

    @Test func whatIsNotANumberIsRefusedAndCounted() throws {
        var numbers: [Double?] = (0..<100).map(Double.init)
        numbers[3] = .nan
        numbers[4] = .infinity
        numbers[5] = nil
        let result = try built([("x", .numbers(numbers))])
        #expect(result.refusals[.notANumber] == 1)
        #expect(result.refusals[.infinite] == 1)
        #expect(result.refusals.total == 2)
        #expect(result.baseline.features[0].rows == 98)
        #expect(result.baseline.features[0].counts[0][CellCounts.missing] == 1)
    }

    @Test func whatWasAlwaysMissingIsNewWhenItComes() throws {
        let nothing = [Double?](repeating: nil, count: 100)
        let baseline = try built([("x", .numbers(nothing))]).baseline
        let plan = RowPlan(baseline, columns: ["x"])
        var cells: [UInt8] = []
        var refusals = RefusalCounts()
        for value in [FeatureValue.number(1), .text("a"), .flag(true)] {
            plan.encode([value], into: &cells, refusals: &refusals)
            #expect(cells == [UInt8(FeatureBaseline.new)])
        }
        #expect(refusals.total == 0)
        var monitor = DriftMonitor(baseline, MonitorSettings(seed: 1))
        let alarmed = (0..<60).contains { row in
            let time = DriftWorld.start + .seconds(Int64(row))
            if case .alarm = monitor.observe(cells, at: time) { return true }
            return false
        }
        #expect(alarmed)
    }

    @Test func tooLittleIsAnError() throws {
        #expect(throws: BaselineError.tooFewRows(10, needed: 50)) {
            try built([("x", .numbers([Double](repeating: 1, count: 10)))])
        }
        #expect(throws: BaselineError.noFeatures) { try built([]) }
        #expect(throws: BaselineError.noSuchSliceKey("country")) {
            try built([("x", .numbers((0..<100).map(Double.init)))]) { $0.sliceKeys = ["country"] }
        }
        #expect(TrainingTable(names: ["a", "a"], columns: [], isInOrder: false) == nil)
        #expect(
            TrainingTable(
                names: ["a", "b"], columns: [.numbers([1]), .numbers([])], isInOrder: false) == nil)
    }

    // MARK: Phases and slices

    @Test func phasesCountApartAndThinOnesTogether() throws {
        // Ten days; the night hours 0 to 5 have one row a day, the others twenty.
        var times: [Timestamp] = []
        for day in 0..<10 {
            for hour in 0..<24 {
                let rows = hour < 6 ? 1 : 20
                for row in 0..<rows {
                    times.append(
                        Timestamp(millis: 0) + .days(Int64(day)) + .hours(Int64(hour))
                            + .minutes(Int64(row)))
                }
            }
        }
        let numbers = times.map { Double($0.millis / 3_600_000 % 24) }
        let baseline = try built([("x", .numbers(numbers))], times: times) {
            $0.phases = .hourOfDay
        }.baseline
        #expect(baseline.phases.slotCount == 19)
        #expect(baseline.phases.pooled == [0, 1, 2, 3, 4, 5])
        #expect(!baseline.isGuaranteed)
        #expect(
            baseline.guarantee
                == "one row in 1 is used, as declared; 6 thin phases pooled: no guarantee")
        let feature = baseline.features[0]
        #expect(feature.counts.map(\.total) == [UInt32](repeating: 200, count: 18) + [60])
        // The slot of hour 12 holds rows of hour 12 alone.
        let slot = baseline.phases.slot(at: Timestamp(millis: 0) + .hours(24 * 365 + 12))
        let noon = try #require(feature.cell(of: 12))
        #expect(feature.counts[slot][noon] == 200)
    }

    @Test func hoursOfTheWeekBeginOnMonday() {
        let plan = PhasePlan(kind: .hourOfWeek)
        // 2026-09-21, a Monday, 00:30 UTC.
        let monday = Timestamp(millis: 1_789_950_600_000)
        #expect(plan.phase(at: monday).phase == 0)
        #expect(plan.phase(at: monday - .hours(1)).phase == 167)
        #expect(plan.phase(at: monday).period == plan.phase(at: monday + .hours(167)).period)
        let local = PhasePlan(kind: .hourOfDay, offset: .hours(2))
        #expect(local.phase(at: monday).phase == 2)
        #expect(local.phase(at: Timestamp(millis: -1)).phase == 1)
        #expect(local.phase(at: Timestamp(millis: -10_800_000)) == (23, -1))
    }

    @Test func slicesCountTheirRowsAlone() throws {
        var random = SplitMix64(4)
        let countries = (0..<1000).map { _ in ["de", "fr", "lu"][Int(random.next() % 9) / 4] }
        let numbers = countries.map { $0 == "de" ? random.normal() : random.normal() + 5 }
        let result = try built([("country", .texts(countries)), ("x", .numbers(numbers))]) {
            $0.sliceKeys = ["country"]
            $0.sliceRowsMin = 300
        }
        let baseline = result.baseline
        #expect(
            baseline.features.map(\.title) == ["country", "x", "x{country=de}", "x{country=fr}"])
        #expect(result.slicesLeftOut == 1)
        #expect(Int(baseline.features[2].rows) == countries.count { $0 == "de" })
        let plan = RowPlan(baseline, columns: ["x", "country"])
        var cells: [UInt8] = []
        var refusals = RefusalCounts()
        plan.encode([.number(0), .text("fr")], into: &cells, refusals: &refusals)
        #expect(cells[2] == RowPlan.untouched)
        #expect(cells[3] == 0)
        #expect(cells[0] < 29)
    }
}
