import Drift
import Foundation
import Testing

// What river 0.23 and scipy 1.14 answer to inputs that both sides make for themselves; goldens.py
// beside this file makes the answers.

/// The generator of goldens.py.
private struct GoldenStream {
    private var state: UInt64
    init(_ seed: Int) { state = UInt64(seed) }

    mutating func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) * 0x1p-53
    }

    mutating func bell() -> Double {
        var sum = 0.0
        for _ in 0..<12 { sum += uniform() }
        return sum - 6
    }
}

@Suite struct GoldenTests {
    private let golden = Golden(file: GoldenFolder.tests.appending(path: "goldens.json"))

    private func samples(_ entry: Golden) -> [Double] {
        var stream = GoldenStream(Int(entry["seed"].number))
        if entry["before"].exists {
            let (before, after) = (entry["before"].number, entry["after"].number)
            return (0..<3000).map { stream.uniform() < ($0 < 1500 ? before : after) ? 1 : 0 }
        }
        let (shift, spread) = (entry["shift"].number, entry["spread"].number)
        return (0..<3000).map { row in
            let value = stream.bell()
            return row < 1500 ? value : value * spread + shift
        }
    }

    @Test func streamingDetectorsAlarmAndWarnWhereRiversDo() throws {
        let entries = golden["streaming"].list
        #expect(entries.count == 82)
        for entry in entries {
            let name = entry["detector"].text
            let what: Comment = "seed \(entry["seed"].number) \(name) \(entry["params"])"
            let run = try #require(StreamingRun(name, entry["params"]), what)
            let found = run.take(samples(entry))
            #expect(found.alarms == entry["detections"].integers, what)
            guard let warnings = found.warnings else { continue }
            #expect(warnings.count == Int(entry["n_warnings"].number), what)
            #expect(Array(warnings.prefix(10)) == entry["first_warnings"].integers, what)
        }
    }

    @Test func wholeSamplesMeasureAsScipysDo() {
        let entries = golden["twoSample"].list
        #expect(entries.count == 6)
        for entry in entries {
            var stream = GoldenStream(Int(entry["seed"].number))
            var reference = (0..<Int(entry["n"].number)).map { _ in stream.bell() }
            var current = (0..<Int(entry["m"].number)).map { _ in
                stream.bell() * entry["spread"].number + entry["shift"].number
            }
            if entry["whole"].bool {
                reference = reference.map { ($0 * 2).rounded(.down) }
                current = current.map { ($0 * 2).rounded(.down) }
            }
            let (first, second) = (reference.sorted(), current.sorted())
            let test = TwoSample.kolmogorovSmirnov(first, second)
            let what: Comment = "seed \(entry["seed"].number)"
            #expect(test.isExact, what)
            #expect(agree(test.statistic, entry["stat"].number), what)
            #expect(agreeRelative(test.pValue, entry["p"].number), what)
            let area = TwoSample.wasserstein1(first, second)
            #expect(agree(area, entry["wasserstein1"].number), what)
        }
    }

    @Test func binnedMeasuresAreAsScipysAre() {
        let entries = golden["binned"].list
        #expect(entries.count == 5)
        for (index, entry) in entries.enumerated() { expectMeasures(entry, "binned \(index)") }
    }

    @Test func tailsAreAsScipysAre() {
        for entry in golden["tails"]["chi2"].list {
            let row = entry.numbers
            let tail = chiSquaredUpperTail(row[0], degrees: row[1])
            #expect(agreeRelative(tail, row[2]), "chi-squared \(row)")
        }
        for entry in golden["tails"]["kolmogorov"].list {
            let row = entry.numbers
            #expect(agree(kolmogorovUpperTail(row[0]), row[1], 1e-12), "kolmogorov \(row)")
        }
    }
}
