import Drift
import Model
import Testing

@Suite struct MonitorTests {
    /// Two features of N(0, 1), 1,000 rows each.
    private static func baseline(stride: Int = 1) throws -> Baseline {
        var random = SplitMix64(40)
        return try DriftWorld.baseline(
            [
                ("a", DriftWorld.normals(1000 * stride, &random)),
                ("b", DriftWorld.normals(1000 * stride, &random)),
            ], stride: stride)
    }

    /// Rows of N(0, 1); `b` is moved by `shift`.
    private struct Source {
        var random: SplitMix64
        let plan: RowPlan
        var cells: [UInt8] = []
        var refusals = RefusalCounts()

        init(_ baseline: Baseline, seed: UInt64 = 41) {
            random = SplitMix64(seed)
            plan = RowPlan(baseline, columns: ["a", "b"])
        }

        mutating func row(shift: Double = 0) -> [UInt8] {
            let values = [random.normal(), random.normal() + shift].map(FeatureValue.number)
            plan.encode(values, into: &cells, refusals: &refusals)
            return cells
        }
    }

    private func time(_ row: Int) -> Timestamp { DriftWorld.start + .seconds(Int64(row)) }

    @Test func anAlarmNamesTheFeatureThatMoved() throws {
        let baseline = try Self.baseline()
        var monitor = DriftMonitor(baseline, MonitorSettings(seed: 5))
        var source = Source(baseline)
        for row in 1...2000 { #expect(monitor.observe(source.row(), at: time(row)) == .used) }
        _ = monitor.closeWindow()
        for row in 2001...2200 {
            guard case .alarm(let alarm) = monitor.observe(source.row(shift: 1), at: time(row))
            else { continue }
            #expect(row < 2080)
            #expect(alarm.streams.first?.feature == "b")
            #expect(alarm.streams.first?.part == "order")
            #expect(alarm.row == UInt64(row))
            #expect(alarm.evidence >= 100_000 && alarm.limit == 100_000)
            #expect(alarm.baselineID == baseline.id)
            #expect(alarm.isGuaranteed)
            #expect(alarm.streams.reduce(0) { $0 + $1.share } <= 1 + 1e-9)
            let level = try #require(alarm.level)
            #expect(level.title == "b")
            #expect(level.rows == Double(row - 2000))
            return
        }
        Issue.record("a shift of one sigma is found within 200 rows")
    }

    @Test func anAlarmLatchesUntilAWindowIsClean() throws {
        let baseline = try Self.baseline()
        var monitor = DriftMonitor(baseline, MonitorSettings(seed: 5))
        var source = Source(baseline)
        var row = 0
        func run(_ rows: Int, shift: Double) -> Int {
            var alarms = 0
            for _ in 0..<rows {
                row += 1
                if case .alarm = monitor.observe(source.row(shift: shift), at: time(row)) {
                    alarms += 1
                }
            }
            return alarms
        }
        #expect(run(500, shift: 0) == 0)
        #expect(run(1000, shift: 2) == 1)
        #expect(monitor.isLatched)
        #expect(monitor.evidence == 0)
        #expect(monitor.closeWindow().isClean == false)
        // Too few rows say nothing, so they clear nothing.
        #expect(run(99, shift: 0) == 0)
        #expect(monitor.closeWindow().isClean == nil)
        #expect(monitor.isLatched)
        #expect(run(500, shift: 0) == 0)
        #expect(monitor.closeWindow().isClean == true)
        #expect(monitor.state == .watching)
        // It starts from the baseline's counts: what was normal again is no drift, and what was
        // drift is found again.
        #expect(run(500, shift: 0) == 0)
        #expect(run(200, shift: 2) == 1)
        #expect(monitor.alarms == 2)
        #expect(monitor.seen == monitor.used)
    }

    @Test func rowsAreThinnedByPlaceAndCounted() throws {
        let baseline = try Self.baseline(stride: 4)
        var monitor = DriftMonitor(baseline, MonitorSettings(seed: 1))
        var source = Source(baseline)
        for row in 1...402 {
            let outcome = monitor.observe(source.row(), at: time(row))
            #expect(outcome == (row % 4 == 0 ? .used : .skipped(.thinned)))
        }
        #expect(monitor.used == 100)
        #expect(monitor.skipped(.thinned) == 302)
        #expect(monitor.window.rows == 100)
    }

    @Test func aPhasesVisitIsCapped() throws {
        var random = SplitMix64(44)
        let times = (0..<2400).map { Timestamp(millis: Int64($0) * 360_000) }
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = 1
        settings.phases = .hourOfDay
        let numbers = TrainingColumn.numbers(DriftWorld.normals(2400, &random))
        let table = try DriftWorld.table([("a", numbers)], times: times)
        let baseline = try BaselineBuilder.build(table, settings).baseline
        var monitorSettings = MonitorSettings(seed: 1)
        monitorSettings.visitRowsMax = 50
        var monitor = DriftMonitor(baseline, monitorSettings)
        for row in 0..<360 {
            _ = monitor.observe([3], at: Timestamp(millis: Int64(row) * 30_000))
        }
        // Three hours of 120 rows each.
        #expect(monitor.used == 150)
        #expect(monitor.skipped(.capped) == 210)
    }

    @Test func busyPhasesAreThinnedInTheBaselineToo() throws {
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = 1
        settings.phases = .hourOfDay
        settings.visitRowsMax = 30
        let times = (0..<7200).map { Timestamp(millis: Int64($0) * 60_000) }
        var random = SplitMix64(45)
        let numbers = TrainingColumn.numbers(DriftWorld.normals(7200, &random))
        let table = try DriftWorld.table([("a", numbers)], times: times)
        let built = try BaselineBuilder.build(table, settings)
        #expect(built.baseline.stride == 2)
        #expect(built.rowsUsed == 3600)
    }

    @Test func noAlarmBeforeEnoughRowsOrEffect() throws {
        let baseline = try Self.baseline()
        var settings = MonitorSettings(seed: 5)
        settings.usedRowsMin = 300
        var monitor = DriftMonitor(baseline, settings)
        var source = Source(baseline)
        var first: Int?
        for row in 1...400 where first == nil {
            if case .alarm = monitor.observe(source.row(shift: 2), at: time(row)) { first = row }
            if row == 200 {
                guard case .convinced(let since) = monitor.state else {
                    Issue.record("convinced before it may alarm")
                    return
                }
                #expect(since < 50)
            }
        }
        #expect(first == 300)

        settings.usedRowsMin = 0
        settings.effectMin = 1
        for (shift, isAlarmed) in [(0.3, false), (3.0, true)] {
            var monitor = DriftMonitor(baseline, settings)
            var source = Source(baseline)
            var alarms = 0
            for row in 1...1000 {
                if case .alarm = monitor.observe(source.row(shift: shift), at: time(row)) {
                    alarms += 1
                }
            }
            #expect(alarms == (isAlarmed ? 1 : 0), "\(shift)")
            #expect(monitor.state != .watching)
        }
    }

    @Test func aBudgetInTimeCountsTime() throws {
        // One false alarm per ten hours of rows a second apart is one per 36,000 rows.
        let baseline = try Self.baseline()
        var byTime = MonitorSettings(seed: 5)
        byTime.budget = .time(.hours(10))
        var byRows = MonitorSettings(seed: 5)
        byRows.budget = .rows(36_000)
        var first = DriftMonitor(baseline, byTime)
        var second = DriftMonitor(baseline, byRows)
        var source = Source(baseline)
        _ = first.observe(source.row(), at: time(0))
        for row in 1...300 {
            let cells = source.row(shift: row > 100 ? 1 : 0)
            _ = first.observe(cells, at: time(row))
            _ = second.observe(cells, at: time(row))
        }
        #expect(first.alarms == 1 && second.alarms == 1)
        #expect(first.limit == 36_000_000)
    }

    @Test func waitingEvidenceDoesNotOverflow() throws {
        let baseline = try Self.baseline()
        var settings = MonitorSettings(seed: 5)
        settings.effectMin = 1e9
        var monitor = DriftMonitor(baseline, settings)
        for row in 1...3000 { _ = monitor.observe([30, 30], at: time(row)) }
        #expect(monitor.evidence >= monitor.limit && monitor.evidence <= monitor.limit * 1e10)
        guard case .convinced = monitor.state else {
            Issue.record("\(monitor.state)")
            return
        }
    }

    @Test func aDetectorFitsIntoAKibibyte() throws {
        let baseline = try Self.baseline()
        let monitor = DriftMonitor(baseline, MonitorSettings(seed: 1))
        #expect(monitor.detectorBytes <= 2 * 1024)
        var random = SplitMix64(47)
        let times = (0..<4800).map { Timestamp(millis: Int64($0) * 360_000) }
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = 1
        settings.phases = .hourOfDay
        let columns = ["a", "b"].map {
            ($0, TrainingColumn.numbers(DriftWorld.normals(4800, &random)))
        }
        let table = try DriftWorld.table(columns, times: times)
        let phased = DriftMonitor(
            try BaselineBuilder.build(table, settings).baseline, MonitorSettings(seed: 1))
        #expect(phased.baseline.phases.slotCount == 24)
        #expect(phased.detectorBytes - monitor.detectorBytes == 2 * 23 * 128)
    }

    // MARK: Bad input

    @Test func whatCannotBeTakenTouchesNothing() throws {
        let baseline = try Self.baseline()
        let plan = RowPlan(baseline, columns: ["a", "b"])
        var monitor = DriftMonitor(baseline, MonitorSettings(seed: 5))
        var source = Source(baseline)
        for row in 1...50 { _ = monitor.observe(source.row(), at: time(row)) }
        let before = state(of: monitor)
        var refusals = RefusalCounts()
        var cells: [UInt8] = []
        let bad: [[FeatureValue]] = [
            [.number(.nan), .number(-.infinity)], [.text("x"), .text("")], [.number(1)], [],
            [.number(1), .number(2), .number(3)], [.number(.signalingNaN), .number(.infinity)],
        ]
        for row in bad {
            plan.encode(row, into: &cells, refusals: &refusals)
            #expect(monitor.observe(cells, at: time(60)) == .skipped(.refused))
        }
        #expect(refusals[.notANumber] == 2)
        #expect(refusals[.infinite] == 2)
        #expect(refusals[.wrongType] == 2)
        #expect(refusals[.wrongShape] == 3)
        #expect(monitor.skipped(.refused) == 6)
        var after = monitor
        // Only what was seen and skipped has changed.
        #expect(after.evidence == monitor.evidence && after.window == monitor.window)
        let good = source.row()
        var untouched = try restored(before, baseline)
        _ = untouched.observe(good, at: time(61))
        _ = after.observe(good, at: time(61))
        #expect(untouched.evidence == after.evidence)
        #expect(untouched.window == after.window)
    }

    @Test func aBadValueLeavesTheRestOfItsRow() throws {
        let baseline = try Self.baseline()
        let plan = RowPlan(baseline, columns: ["b", "zzz", "a"])
        #expect(plan.unknown == 1)
        var refusals = RefusalCounts()
        var cells: [UInt8] = []
        plan.encode([.number(.nan), .number(1), .number(0)], into: &cells, refusals: &refusals)
        #expect(cells[1] == RowPlan.untouched)
        #expect(cells[0] < 31)
        #expect(refusals[.unknownFeature] == 1)
        let absent = RowPlan(baseline, columns: ["b"])
        #expect(absent.absent == ["a"] && plan.absent.isEmpty)
        absent.encode([.missing], into: &cells, refusals: &refusals)
        #expect(cells == [31, 31])
    }

    // MARK: Checkpoints

    private func state(of monitor: DriftMonitor) -> [UInt8] {
        var archive = Archive()
        var copy = monitor
        copy.archiveState(&archive)
        return archive.bytes
    }

    private func restored(_ bytes: [UInt8], _ baseline: Baseline) throws -> DriftMonitor {
        var archive = Archive(reading: bytes)
        var monitor = DriftMonitor(baseline, MonitorSettings(seed: 5))
        monitor.archiveState(&archive)
        guard archive.isComplete else { throw DriftWorldError.badTable }
        return monitor
    }

    @Test func aMonitorGoesOnFromItsCheckpoint() throws {
        let baseline = try Self.baseline()
        var monitor = DriftMonitor(baseline, MonitorSettings(seed: 5))
        var source = Source(baseline)
        for row in 1...300 {
            let cells = source.row(shift: row > 200 ? 0.5 : 0)
            if row % 97 == 0 { monitor = try restored(state(of: monitor), baseline) }
            _ = monitor.observe(cells, at: time(row))
        }
        var straight = DriftMonitor(baseline, MonitorSettings(seed: 5))
        source = Source(baseline)
        for row in 1...300 {
            _ = straight.observe(source.row(shift: row > 200 ? 0.5 : 0), at: time(row))
        }
        #expect(state(of: straight) == state(of: monitor))
    }

    @Test func damagedCheckpointsAreRefusedWithoutACrash() throws {
        let baseline = try Self.baseline()
        var monitor = DriftMonitor(baseline, MonitorSettings(seed: 5))
        var source = Source(baseline)
        for row in 1...20 { _ = monitor.observe(source.row(), at: time(row)) }
        let bytes = state(of: monitor)
        for length in 0..<bytes.count {
            #expect(throws: DriftWorldError.badTable) {
                try restored(Array(bytes[..<length]), baseline)
            }
        }
        var random = SplitMix64(4)
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= UInt8(1 << (random.next() % 8))
            guard var read = try? restored(flipped, baseline) else { continue }
            // Whatever it is, it can be used.
            _ = read.observe([3, 31], at: time(30))
            _ = read.closeWindow()
        }
    }
}
