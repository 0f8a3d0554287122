import CMath
import Drift
import Testing

// The detectors against their recipe, written down naively, and the facts the recipe rests on.

@Suite struct EvidenceTests {
    /// R <- (entry + R) (1 + stake g(p)) for each of sixteen bets.
    private struct NaiveOrdered {
        var counts: [Double]
        var wealth = [Double](repeating: 0, count: 16)

        mutating func observe(_ cell: Int, _ uniform: Double, isCutAtRows: Bool) -> Double {
            let below = counts[..<cell].reduce(0, +)
            let extra = isCutAtRows ? 0.0 : 1
            let p = (below + uniform * (counts[cell] + extra)) / (counts.reduce(0, +) + extra)
            counts[cell] += 1
            for (index, stake) in [0.1, 0.25, 0.5, 0.9, -0.1, -0.25, -0.5, -0.9].enumerated() {
                let location = 2 * p - 1
                let scale = 6 * p * p - 6 * p + 1
                wealth[index] = (1.0 / 16 + wealth[index]) * (1 + stake * location)
                wealth[index + 8] = (1.0 / 16 + wealth[index + 8]) * (1 + stake * scale)
            }
            return wealth.reduce(0, +)
        }
    }

    @Test(arguments: [true, false]) func anOrderedDetectorFollowsItsRecipe(_ isCutAtRows: Bool) {
        var random = SplitMix64(5)
        let baseline: [UInt32] = (0..<31).map { _ in UInt32(random.next() % 40) }
        var detector = OrderedDetector(baseline: CellCounts(baseline), isCutAtRows: isCutAtRows)
        var naive = NaiveOrdered(counts: baseline.map(Double.init))
        if isCutAtRows { naive.counts[0] += 1 }
        for _ in 0..<2000 {
            let cell = Int(random.next() % 31)
            let uniform = random.uniform()
            let expected = naive.observe(cell, uniform, isCutAtRows: isCutAtRows)
            #expect(agree(detector.observe(cell, uniform: uniform), expected, 1e-11))
        }
        detector.reset()
        #expect(detector.bets.sum == 0)
        #expect(detector.counts[0] == UInt32(naive.counts[0]))
    }

    @Test func aStepDetectorFollowsItsRecipe() {
        var random = SplitMix64(6)
        var detector = StepDetector(ones: 12, total: 100)
        var (ones, total) = (12.0, 100.0)
        var wealth = [Double](repeating: 0, count: 8)
        let moves = [0.35, 0.7, 1.1, 1.6, -0.35, -0.7, -1.1, -1.6]
        for _ in 0..<2000 {
            let isOne = random.uniform() < 0.2
            let uniform = random.uniform()
            let q = (ones + 0.5) / (total + 1)
            let zeros = total - ones
            let p =
                isOne
                ? (zeros + uniform * (ones + 1)) / (total + 1)
                : uniform * (zeros + 1) / (total + 1)
            for (index, move) in moves.enumerated() {
                let odds = q / (1 - q) * pitot_exp(move)
                let p1 = odds / (1 + odds)
                let factor = p > 1 - q ? p1 / q : (1 - p1) / (1 - q)
                wealth[index] = (1.0 / 8 + wealth[index]) * factor
            }
            let sum = detector.observe(isOne, uniform: uniform)
            #expect(agree(sum, wealth.reduce(0, +), 1e-11))
            total += 1
            ones += isOne ? 1 : 0
        }
    }

    @Test func cutAtRowsMakesTheFirstRankExactlyUniform() {
        // The next of n + 1 exchangeable rows falls with equal chance into each gap: all ranks of
        // all gaps, each with a fine comb of uniforms, must be spread evenly.
        let rows = (0..<99).map { Double($0) }
        let (cuts, counts, isCutAtRows) = CellCuts.fitted(rows)
        #expect(isCutAtRows)
        var bins = [Int](repeating: 0, count: 10)
        for gap in 0..<100 {
            let cell = cuts.cell(of: Double(gap) - 0.5)
            for tooth in 0..<100 {
                var detector = OrderedDetector(baseline: counts, isCutAtRows: true)
                let p = rank(&detector, cell, (Double(tooth) + 0.5) / 100)
                bins[min(9, Int(p * 10))] += 1
            }
        }
        #expect(bins.allSatisfy { abs($0 - 1000) <= 12 }, "\(bins)")
    }

    /// The rank that a fresh detector gave, read back from its first gambler.
    private func rank(_ detector: inout OrderedDetector, _ cell: Int, _ uniform: Double) -> Double {
        // Two sums tell nothing of p alone, so it is computed as the type's comment states it.
        let counts = detector.counts
        let total = Double(counts.values)
        let p = (Double(counts.below(cell)) + uniform * Double(counts[cell])) / total
        var naive = 0.0
        for stake in [0.1, 0.25, 0.5, 0.9, -0.1, -0.25, -0.5, -0.9] {
            naive += 1.0 / 16 * (1 + stake * (2 * p - 1))
            naive += 1.0 / 16 * (1 + stake * (6 * p * p - 6 * p + 1))
        }
        #expect(agree(detector.observe(cell, uniform: uniform), naive, 1e-12))
        return p
    }

    @Test func betsAreFairForEachRank() {
        // The mean factor over all ranks is 1: the wealth of a fresh unit stays one unit.
        var sum = 0.0
        for tooth in 0..<10_000 {
            var bets = OrderedBets()
            sum += bets.bet(on: (Double(tooth) + 0.5) / 10_000, entry: 1)
        }
        #expect(abs(sum / 10_000 - 1) < 1e-7)
    }

    @Test func stepBetsAreFairForExchangeableSamples() {
        // The mean of the sum of all wealth after t samples is t: over many short streams whose
        // baseline is as random as they are.
        var random = SplitMix64(12)
        let (runs, samples) = (4000, 5)
        var sums = 0.0
        for _ in 0..<runs {
            let ones = (0..<20).count { _ in random.uniform() < 0.3 }
            var detector = StepDetector(ones: UInt32(ones), total: 20)
            var sum = 0.0
            for _ in 0..<samples {
                sum = detector.observe(random.uniform() < 0.3, uniform: random.uniform())
            }
            sums += sum
        }
        #expect(abs(sums / Double(runs) / Double(samples) - 1) < 0.1)
    }

    @Test func theNumbersOfAStreamAreEvenAndItsOwn() {
        let hash = UniformHash(seed: 7, version: 9)
        var bins = [Int](repeating: 0, count: 20)
        var products = 0.0
        for row: UInt64 in 0..<100_000 {
            let uniform = hash.uniform(stream: 3, row: row)
            #expect(uniform > 0 && uniform < 1)
            bins[Int(uniform * 20)] += 1
            products += (uniform - 0.5) * (hash.uniform(stream: 4, row: row) - 0.5)
        }
        let chi = bins.reduce(0.0) { $0 + pitot_exp(2 * pitot_log(abs(Double($1) - 5000) + 1e-9)) }
        #expect(chiSquaredUpperTail(chi / 5000, degrees: 19) > 1e-4)
        #expect(abs(products / 100_000) < 5 / 12.0 / 316)
        #expect(hash.uniform(stream: 3, row: 5) == hash.uniform(stream: 3, row: 5))
        #expect(
            UniformHash(seed: 8, version: 9).uniform(stream: 3, row: 5)
                != hash.uniform(stream: 3, row: 5))
    }

    @Test func frozenCountsWouldBreakThePromise() {
        // Why the counts grow: without it most clean runs alarm from a baseline of 100 rows.
        var alarms = 0
        for run in 0..<20 {
            var random = SplitMix64(UInt64(run) + 900)
            let (cuts, counts, isCutAtRows) = CellCuts.fitted(
                (0..<100).map { _ in random.uniform() })
            var bets = OrderedBets()
            let fresh = OrderedDetector(baseline: counts, isCutAtRows: isCutAtRows).counts
            for _ in 0..<10_000 {
                let cell = cuts.cell(of: random.uniform())
                let rank =
                    (Double(fresh.below(cell)) + random.uniform() * Double(fresh[cell]))
                    / Double(fresh.values)
                if bets.bet(on: rank, entry: 1) >= 1e5 {
                    alarms += 1
                    break
                }
            }
        }
        #expect(alarms >= 15)
    }
}
