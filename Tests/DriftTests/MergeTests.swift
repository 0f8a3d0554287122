import Drift
import Model
import Testing

// Counters add exactly: any split of the rows gives the same counters, figures and alarms.

@Suite struct MergeTests {
    private static func baseline() throws -> Baseline {
        var random = SplitMix64(60)
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = 1
        settings.phases = .hourOfDay
        let rows = 2400
        let times = (0..<rows).map { Timestamp(millis: Int64($0) * 360_000) }
        let table = try DriftWorld.table(
            [
                ("x", .numbers(DriftWorld.normals(rows, &random))),
                ("level", .texts((0..<rows).map { _ in "l\(random.next() % 5)" })),
            ], times: times)
        return try BaselineBuilder.build(table, settings).baseline
    }

    private func rows(_ baseline: Baseline, _ count: Int, shift: Double) -> [([UInt8], Int)] {
        var random = SplitMix64(61)
        let plan = RowPlan(baseline, columns: ["x", "level"])
        var refusals = RefusalCounts()
        return (0..<count).map { row in
            var cells: [UInt8] = []
            let level: FeatureValue = row % 50 == 0 ? .missing : .text("l\(random.next() % 5)")
            plan.encode(
                [.number(random.normal() + shift), level], into: &cells, refusals: &refusals)
            return (cells, baseline.phases.slot(at: Timestamp(millis: Int64(row) * 60_000)))
        }
    }

    private func bytes(_ interval: IntervalCounts) -> [UInt8] {
        var archive = Archive()
        var copy = interval
        copy.archive(&archive)
        return archive.bytes
    }

    @Test func anySplitOverNodesGivesTheSameBytesAndReport() throws {
        let baseline = try Self.baseline()
        let rows = rows(baseline, 3000, shift: 0.2)
        var whole = IntervalCounts(of: baseline)
        for (cells, slot) in rows { whole.add(cells, slot: slot) }
        let scale = LevelScale(baseline)
        let report = scale.report(whole)
        #expect(report.rows == 3000)
        var random = SplitMix64(62)
        for nodes in [1, 2, 3, 7] {
            var parts = [IntervalCounts](repeating: IntervalCounts(of: baseline), count: nodes)
            for (cells, slot) in rows {
                parts[Int(random.next() % UInt64(nodes))].add(cells, slot: slot)
            }
            var merged = IntervalCounts(of: baseline)
            for part in parts.reversed() {
                // Over the wire and back.
                var archive = Archive(reading: bytes(part))
                var read = IntervalCounts.blank
                read.archive(&archive)
                #expect(archive.isComplete)
                let isMerged = merged.merge(read)
                #expect(isMerged)
            }
            let isSame = bytes(merged) == bytes(whole) && scale.report(merged) == report
            #expect(isSame, "\(nodes) nodes")
        }
    }

    @Test func theEvidenceOfAnIntervalDependsOnItsCountsOnly() throws {
        let baseline = try Self.baseline()
        let rows = rows(baseline, 600, shift: 0.6)
        var alarms: [[DriftAlarm]] = []
        var evidence: [Double] = []
        for order in 0..<3 {
            var random = SplitMix64(UInt64(order))
            var monitor = DriftMonitor(baseline, MonitorSettings(seed: 3))
            var found: [DriftAlarm] = []
            for interval in 0..<6 {
                var part = IntervalCounts(of: baseline)
                for (cells, slot) in rows[(interval * 100)..<(interval * 100 + 100)]
                    .shuffled(using: &random)
                { part.add(cells, slot: slot) }
                let time = Timestamp(millis: Int64(interval) * 6_000_000)
                let absorbed = monitor.absorb(part, at: time)
                found += try #require(absorbed)
                evidence.append(monitor.evidence)
            }
            alarms.append(found)
            #expect(monitor.window.rows == 600)
        }
        #expect(Array(evidence[..<6]) == Array(evidence[6..<12]))
        #expect(Array(evidence[..<6]) == Array(evidence[12...]))
        let isSame = alarms[0] == alarms[1] && alarms[1] == alarms[2]
        #expect(isSame)
        #expect(alarms[0].count == 1)
        #expect(alarms[0].first?.streams.first?.feature == "x")
    }

    /// What nodes export, merged in any order, is what one node alone would have exported.
    @Test func anEvaluatorSaysTheSameOfAnySplit() throws {
        let baseline = try Self.baseline()
        let rows = rows(baseline, 3000, shift: 0.4)
        let ends = (1...6).map { Timestamp(millis: Int64($0) * 3_600_000) }
        var outcomes: [[IntervalMerge.Step]] = []
        for nodes in [1, 2, 5] {
            var random = SplitMix64(UInt64(nodes))
            var parts: [(counts: IntervalCounts, end: Timestamp)] = []
            for (place, end) in ends.enumerated() {
                var own = [IntervalCounts](repeating: IntervalCounts(of: baseline), count: nodes)
                for (cells, slot) in rows[place * 500..<place * 500 + 500] {
                    own[Int(random.next() % UInt64(nodes))].add(cells, slot: slot)
                }
                for counts in own {
                    let sent = counts.filled(slots: baseline.phases.slotCount)
                    let read = try #require(
                        IntervalCounts(of: baseline, rows: counts.rows, filled: sent))
                    #expect(read == counts)
                    parts.append((read, end))
                }
            }
            var merge = IntervalMerge(baseline)
            for part in parts.shuffled(using: &random) {
                let isAdded = merge.add(part.counts, end: part.end)
                #expect(isAdded)
            }
            #expect(merge.ends == ends)
            outcomes.append(try #require(merge.run(MonitorSettings(seed: 9))))
        }
        let isSame = outcomes[0] == outcomes[1] && outcomes[1] == outcomes[2]
        #expect(isSame)
        #expect(outcomes[0].contains { $0.alarms.first?.streams.first?.feature == "x" })
    }

    @Test func cellsThatAreNoneAreRefused() throws {
        let baseline = try Self.baseline()
        let bad = [
            FilledCell(feature: 2, slot: 0, cell: 0, rows: 1),
            FilledCell(feature: -1, slot: 0, cell: 0, rows: 1),
            FilledCell(feature: 0, slot: 99, cell: 0, rows: 1),
            FilledCell(feature: 0, slot: 0, cell: 32, rows: 1),
            FilledCell(feature: 0, slot: 0, cell: 0, rows: .max),
            FilledCell(feature: 0, slot: 0, cell: 0, rows: 11),
        ]
        for cell in bad {
            #expect(IntervalCounts(of: baseline, rows: 10, filled: [cell]) == nil, "\(cell)")
        }
        #expect(IntervalCounts(of: baseline, rows: .max, filled: []) == nil)
    }

    @Test func countsOfAnotherBaselineAreRefused() throws {
        let baseline = try Self.baseline()
        var random = SplitMix64(63)
        let other = try DriftWorld.baseline([("x", DriftWorld.normals(100, &random))])
        var counts = IntervalCounts(of: baseline)
        let before = counts
        let isMerged = counts.merge(IntervalCounts(of: other))
        let isUnchanged = counts == before
        #expect(!isMerged && isUnchanged)
        var monitor = DriftMonitor(baseline, MonitorSettings(seed: 1))
        let refused = monitor.absorb(IntervalCounts(of: other), at: .distantPast)
        #expect(refused == nil)
        #expect(monitor.window.rows == 0)
    }

    @Test func cellCountsCountLikeAnArray() {
        var random = SplitMix64(64)
        var counts = CellCounts()
        var plain = [UInt32](repeating: 0, count: 32)
        for _ in 0..<3000 {
            let cell = Int(random.next() % 32)
            counts.add(cell)
            plain[cell] += 1
        }
        #expect(counts.counts == plain)
        #expect(counts.total == 3000)
        #expect(counts.values == 3000 - plain[31])
        for cell in 0..<32 {
            #expect(counts.below(cell) == plain[..<cell].reduce(0, +))
            #expect(counts[cell] == plain[cell])
        }
        var twice = CellCounts(plain)
        #expect(twice == counts)
        let isMerged = twice.merge(counts)
        #expect(isMerged)
        #expect(twice.counts == plain.map { $0 * 2 })
    }

    @Test func fullCountsStayAsTheyAre() {
        var counts = CellCounts()
        counts.add(3, rows: CellCounts.rowsMax - 1)
        counts.add(4)
        #expect(counts.isFull)
        counts.add(5)
        counts.add(6, rows: 7)
        #expect(counts.total == CellCounts.rowsMax)
        #expect(counts[5] == 0 && counts[6] == 0)
        let before = counts
        var one = CellCounts()
        one.add(0)
        let isMerged = counts.merge(one)
        #expect(!isMerged)
        #expect(counts == before)
    }
}
