import Model
import Testing

@Suite struct BinomialTests {
    /// What `binomialUpperTail` promises. The evidence test compares the tail with 1e-3 or so; the
    /// promise is for the printed chance, and so that no verdict hangs on rounding.
    private let tolerance = 1e-9

    @Test func tailsAreThoseOfAnIndependentComputation() {
        for golden in BinomialGolden.all {
            let found = binomialUpperTail(
                successes: golden.successes, trials: golden.trials,
                probability: golden.probability)
            let error = abs(found - golden.tail) / golden.tail
            #expect(error <= tolerance, "\(golden): \(found), off by \(error)")
        }
    }

    @Test func theGoldensReachFar() {
        let tails = BinomialGolden.all.map(\.tail)
        #expect(tails.contains { $0 < 1e-250 } && tails.contains { $0 > 0.99 })
        #expect(BinomialGolden.all.contains { $0.trials == 1e9 && $0.tail < 1e-200 })
    }

    @Test func theEndsAreExact() {
        #expect(binomialUpperTail(successes: 0, trials: 10, probability: 0.5) == 1)
        #expect(binomialUpperTail(successes: -1, trials: 10, probability: 0.5) == 1)
        #expect(binomialUpperTail(successes: 11, trials: 10, probability: 0.5) == 0)
        #expect(binomialUpperTail(successes: 1, trials: 10, probability: 0) == 0)
        #expect(binomialUpperTail(successes: 10, trials: 10, probability: 1) == 1)
        #expect(binomialUpperTail(successes: 0, trials: 0, probability: 0.5) == 1)
        #expect(binomialUpperTail(successes: 1, trials: 1, probability: 0.25) == 0.25)
    }

    @Test(arguments: [1.0, 10, 100, 1e4, 1e6, 1e9], [1e-6, 1e-3, 0.05, 0.5])
    func moreSuccessesAreNeverMoreLikely(trials: Double, probability: Double) {
        let mean = trials * probability
        let spread = (mean * (1 - probability)).squareRoot() + 1
        var last = 1.0
        for step in -40...160 {
            let successes = (mean + Double(step) * spread / 10).rounded()
            let tail = binomialUpperTail(
                successes: successes, trials: trials, probability: probability)
            #expect(tail >= 0 && tail <= 1)
            #expect(tail <= last * (1 + tolerance), "at \(successes)")
            last = tail
        }
    }

    /// The tails of both sides sum to one: P(X >= k; p) = 1 - P(n - X >= n - k + 1; 1 - p).
    @Test func theTwoTailsSumToOne() {
        for trials in [5.0, 50, 5000] {
            for percent in 1...99 {
                let probability = Double(percent) / 100
                let successes = (trials * probability).rounded(.up)
                let upper = binomialUpperTail(
                    successes: successes, trials: trials, probability: probability)
                let lower = binomialUpperTail(
                    successes: trials - successes + 1, trials: trials,
                    probability: 1 - probability)
                #expect(abs(upper + lower - 1) < 1e-12)
            }
        }
    }

    /// Small enough to sum by hand: trials of 12, every count of successes.
    @Test(arguments: [0.01, 0.2, 0.5, 0.9])
    func smallTailsAreTheSumOfTheirTerms(probability: Double) {
        var tail = 0.0
        for successes in stride(from: 12, through: 1, by: -1) {
            var term = 1.0
            for index in 0..<successes {
                term *= Double(12 - index) / Double(index + 1) * probability
            }
            for _ in successes..<12 { term *= 1 - probability }
            tail += term
            let found = binomialUpperTail(
                successes: Double(successes), trials: 12, probability: probability)
            #expect(abs(found - tail) <= 1e-13 * tail)
        }
    }
}
