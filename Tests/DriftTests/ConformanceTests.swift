import Drift
import Foundation
import Testing

// What river, scipy and numpy answer to the same streams and samples, where the maintainers' data
// lies beside this checkout. The project's own goldens are in StreamingGoldenTests.

private func conformance(_ name: String) -> URL { GoldenFolder.conformance.appending(path: name) }

@Suite(
    .enabled(
        if: GoldenFolder.hasConformance, "the conformance data is not beside this checkout"))
struct ConformanceTests {
    /// A stream of samples that alarms at some.
    private func expect(_ golden: Golden, _ samples: [Double]) -> Bool {
        guard let run = StreamingRun(golden["detector"].text, golden["params"]) else {
            return false
        }
        let found = run.take(samples)
        let what: Comment =
            "\(golden["stream"].text) \(golden["detector"].text) \(golden["params"])"
        #expect(found.alarms == golden["detections"].integers, what)
        if let warnings = found.warnings {
            #expect(warnings.count == Int(golden["n_warnings"].number), what)
            let first = golden["first_warnings"].integers
            #expect(Array(warnings.prefix(first.count)) == first, what)
        }
        for point in golden["trace_every_1000"].list {
            let row = point.numbers
            guard let trace = found.traces[Int(row[0])] else { continue }
            #expect(zip(trace, row.dropFirst()).allSatisfy { agree($0, $1) }, what)
        }
        return true
    }

    @Test func streamingDetectorsAlarmWhereRiversDo() {
        let golden = Golden(file: conformance("expected/streaming.json"))
        var streams: [String: [Double]] = [:]
        var compared: [String: Int] = [:]
        for entry in golden["cases"].list where entry["impl"].text.hasPrefix("river") {
            let name = entry["stream"].text
            let samples =
                streams[name]
                ?? GoldenFolder.column(conformance(name + ".csv")).compactMap(Double.init)
            streams[name] = samples
            #expect(samples.count == 6000, "\(name)")
            // Of KSWIN river took the first 2,500 only.
            let isShort = entry["detector"].text == "KSWIN"
            if expect(entry, isShort ? Array(samples.prefix(2500)) : samples) {
                compared[entry["detector"].text, default: 0] += 1
            }
        }
        let all = [
            "ADWIN", "ADWIN_core", "DDM", "EDDM", "HDDM_A", "HDDM_W", "KSWIN", "PageHinkley",
        ]
        #expect(compared.keys.sorted() == all)
    }

    @Test func wholeSamplesMeasureAsScipysDo() {
        let golden = Golden(file: conformance("expected/batch.json"))
        #expect(golden["numeric"].list.count >= 7)
        for entry in golden["numeric"].list {
            let name = entry["pair"].text
            let (reference, current) = (sample(name, "ref"), sample(name, "cur"))
            let test = TwoSample.kolmogorovSmirnov(reference, current)
            #expect(agree(test.statistic, entry["ks_exact"]["stat"].number), "\(name)")
            #expect(agreeRelative(test.pValue, entry["ks_exact"]["p"].number), "\(name)")
            #expect(agreeRelative(test.pValue, entry["ks_auto"]["p"].number), "\(name)")
            let area = TwoSample.wasserstein1(reference, current)
            #expect(agree(area, entry["wasserstein1"].number), "\(name)")
        }
    }

    private func sample(_ name: String, _ side: String) -> [Double] {
        GoldenFolder.column(conformance("pairs/\(name).\(side).csv")).compactMap(Double.init)
            .sorted()
    }

    @Test func binnedMeasuresAreAsComputedElsewhere() {
        let golden = Golden(file: conformance("expected/batch.json"))
        var compared = 0
        for entry in golden["numeric"].list {
            for binning in entry["binned"].keys {
                expectMeasures(entry["binned"][binning], "\(entry["pair"].text) \(binning)")
                compared += 1
            }
        }
        for entry in golden["categorical"].list {
            expectMeasures(entry, entry["pair"].text)
            compared += 1
        }
        #expect(compared >= 23)
    }

    @Test func openEndedCellsCountAsElsewhere() {
        let golden = Golden(file: conformance("expected/batch.json"))
        for entry in golden["numeric"].list {
            let binned = entry["binned"]["ref_deciles_open_ends"]
            guard binned["edges"].exists else { continue }
            let cuts = CellCuts(binned["edges"].numbers.filter(\.isFinite))
            for (side, key) in [("ref", "counts_ref"), ("cur", "counts_cur")] {
                var counts = CellCounts()
                for value in sample(entry["pair"].text, side) { counts.add(cuts.cell(of: value)) }
                let expected = binned[key].integers
                #expect(
                    counts.counts.prefix(expected.count).map { Int($0) } == expected,
                    "\(entry["pair"].text)")
            }
        }
    }
}

/// Compares all measures of two rows of counts.
func expectMeasures(_ golden: Golden, _ name: String) {
    let (reference, current) = (golden["counts_ref"].numbers, golden["counts_cur"].numbers)
    let sums = LevelSums(reference: reference, current: current)
    let floored = LevelSums.floored(reference: reference, current: current)
    #expect(agree(floored, golden["psi_floor0.0001_no_renorm"].number), "\(name)")
    #expect(agree(sums.psi, golden["psi_laplace0.5"].number), "\(name)")
    #expect(agree(sums.jensenShannonDistance, golden["js_distance_base_e"].number, 2e-8), "\(name)")
    let bits = sums.jensenShannon / log(2)
    #expect(agree(bits, golden["js_divergence_base_2"].number), "\(name)")
    #expect(agree(sums.hellinger, golden["hellinger"].number), "\(name)")
    #expect(agree(sums.totalVariation, golden["tvd"].number), "\(name)")
    #expect(agree(sums.largestDifference, golden["linf"].number), "\(name)")
    let tests = [
        ("chi2_contingency", sums.chiSquared, sums.chiSquaredTail), ("g_test", sums.g, sums.gTail),
    ]
    for (key, value, tail) in tests where golden[key].exists {
        #expect(agree(value, golden[key]["stat"].number), "\(name) \(key)")
        #expect(agreeRelative(tail, golden[key]["p"].number), "\(name) \(key)")
        #expect(sums.degrees == golden[key]["dof"].number, "\(name) \(key)")
    }
}
