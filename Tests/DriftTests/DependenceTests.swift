import Drift
import Testing

@Suite struct DependenceTests {
    private func autoregression(_ rows: Int, _ factor: Double, _ random: inout SplitMix64)
        -> [Double]
    {
        var level = 0.0
        return (0..<rows).map { _ in
            level = factor * level + (1 - factor * factor).squareRoot() * random.normal()
            return level
        }
    }

    @Test func whiteNoiseNeedsLittleThinning() {
        var random = SplitMix64(80)
        for _ in 0..<3 {
            let noise = DriftWorld.normals(6000, &random)
            guard case .gone(let lag) = Dependence.estimate([noise], lagMax: 64) else {
                Issue.record("white noise is independent")
                return
            }
            #expect(lag <= 12)
        }
    }

    @Test func correlationIsThinnedUntilItIsGone() {
        // 0.9 to the 37th is 0.02; the estimate may stop a little before or after.
        var random = SplitMix64(81)
        let rows = autoregression(30_000, 0.9, &random)
        let found = Dependence.estimate([rows], lagMax: 128)
        guard case .gone(let lag) = found else {
            Issue.record("\(found)")
            return
        }
        #expect((15...128).contains(lag), "\(lag)")
        #expect(found.isGuaranteed && found.stride == lag)
        // The worst feature decides.
        let noise = DriftWorld.normals(30_000, &random)
        #expect(Dependence.estimate([noise, rows], lagMax: 128).stride >= lag)
    }

    @Test func aHiddenSlowPartIsFound() {
        // Nine tenths white: the first lag shows a tenth, and the correlation stays for long.
        var random = SplitMix64(82)
        let slow = autoregression(30_000, 0.99, &random)
        let rows = slow.map { 0.9.squareRoot() * random.normal() + 0.1.squareRoot() * $0 }
        let found = Dependence.estimate([rows], lagMax: 256)
        #expect(found.stride > 60, "\(found)")
    }

    @Test func whatLastsIsSaid() {
        let walk = (0..<4000).map { Double($0) }
        let found = Dependence.estimate([walk], lagMax: 64)
        #expect(found == .lasting(lagsTried: 64))
        #expect(!found.isGuaranteed)
        #expect(found.text == "dependent: no guarantee (one row in 64 is used)")
    }

    @Test func tooFewRowsOrAShuffledFileSayNothing() throws {
        #expect(Dependence.estimate([[1, 2, 3]]) == .unknown)
        #expect(Dependence.estimate([]) == .unknown)
        var random = SplitMix64(83)
        let rows = TrainingColumn.numbers(autoregression(3000, 0.9, &random))
        for (isInOrder, isThinned) in [(false, false), (true, true)] {
            let table = try DriftWorld.table([("x", rows)], isInOrder: isInOrder)
            var settings = BaselineSettings(model: "m", version: "1")
            settings.rowsMin = 2
            let baseline = try BaselineBuilder.build(table, settings).baseline
            #expect((baseline.stride > 5) == isThinned)
            #expect(isInOrder || !baseline.isGuaranteed)
        }
    }

    @Test func aConstantIsIndependent() {
        let found = Dependence.estimate([[Double](repeating: 0, count: 2000)], lagMax: 32)
        #expect(found == .gone(lag: 1))
    }
}
