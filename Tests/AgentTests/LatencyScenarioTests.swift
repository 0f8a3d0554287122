import Agent
import Model
import Testing
import Text
import Wire

/// Latency SLOs on classic and native histograms: what counts as fast, and what does not count.
@Suite struct LatencyScenarioTests {
    private static let quarter = sloRules("{latency: {histogram: request_seconds, below: 250ms}}")

    /// A pod that was scraped twice, with no request in between.
    private func world(
        _ rules: String = LatencyScenarioTests.quarter, form: HistogramPod.Form = .classic,
        bounds: [String] = ["0.1", "0.25", "0.5"]
    ) -> (AgentWorld, HistogramPod) {
        var world = AgentWorld(rules)
        var pod = HistogramPod(bounds: bounds, form: form)
        pod.serve([900, 80, 15, 5])
        for step in 0...1 {
            world.write(pod.scrape(at(Double(step) * 15)), at: at(Double(step) * 15))
        }
        return (world, pod)
    }

    @Test(arguments: [HistogramPod.Form.classic, .native, .both])
    func requestsInTheBucketOfTheBoundAreGood(form: HistogramPod.Form) throws {
        var (world, pod) = world(form: form)
        pod.serve([50, 30, 12, 8])
        world.write(pod.scrape(at(30)), at: at(30))
        world.advance(to: 33)
        #expect(try world.events() == [80, 20, 100])
        #expect(try world.slo().number("events", "classes", "normal") == 100)
        #expect(try world.remarks() == [])
    }

    @Test(arguments: ["0.250", "2.5e-1", ".25", "0.25000000000000000"])
    func boundsAreComparedAsNumbers(bound: String) throws {
        var (world, pod) = world(bounds: ["0.1", bound, "0.5"])
        pod.serve([50, 30, 12, 8])
        world.write(pod.scrape(at(30)), at: at(30))
        world.advance(to: 33)
        #expect(try world.events() == [80, 20, 100])
    }

    @Test func aBoundThatIsNoBucketCountsNothingAndNamesItsNeighbours() throws {
        var (world, pod) = world(
            sloRules("{latency: {histogram: request_seconds, below: 200ms}}"))
        pod.serve([50, 30, 12, 8])
        world.write(pod.scrape(at(30)), at: at(30))
        world.advance(to: 33)
        #expect(try world.events() == [nil, nil, nil])
        let slo = try world.slo()
        #expect(slo.text("evidence") == "noData")
        #expect(slo.number("budget", "remaining") == nil)
        let remarks = try world.remarks()
        #expect(remarks.count == 2)
        #expect(
            remarks.first
                == "200ms is no bucket bound of request_seconds: nothing is counted without a "
                + #"bucket le="0.2"; its neighbours are le="0.1" and le="0.25""#)
        #expect(remarks.last?.hasPrefix("100 events of the period are in no bucket") == true)
        #expect(try world.firing() == [])
    }

    @Test func onlyThePodsThatHaveTheBucketCount() throws {
        var world = AgentWorld(Self.quarter)
        var pod = HistogramPod()
        var other = HistogramPod(instance: "pod-2", bounds: ["0.1", "0.3", "0.5"])
        for step in 0...4 {
            pod.serve([50, 30, 12, 8])
            other.serve([50, 30, 12, 8])
            world.write(pod.scrape(at(Double(step) * 15)), at: at(Double(step) * 15))
            world.write(other.scrape(at(Double(step) * 15 + 1)), at: at(Double(step) * 15 + 1))
        }
        world.advance(to: 70)
        #expect(try world.events() == [320, 80, 400])
        // The other's 400 requests are somewhere between all good and all bad.
        let slo = try world.slo()
        #expect(slo.text("evidence") == "partial")
        let remaining = try #require(slo.number("budget", "remaining"))
        let best = try #require(slo.number("budget", "best"))
        let worst = try #require(slo.number("budget", "worst"))
        #expect(abs(remaining - (1 - 80 / 4.0)) < 1e-9)
        #expect(abs(best - (1 - 80 / 8.0)) < 1e-9 && abs(worst - (1 - 480 / 8.0)) < 1e-9)
    }

    @Test func aResetCountsWholeThoughTheGoodBucketDidNotFall() throws {
        var (world, pod) = world()
        // 980 of 1000 were good. The new process has 985 of 990: a bucket that grew.
        pod.restart()
        pod.serve([980, 5, 3, 2])
        world.write(pod.scrape(at(30)), at: at(30))
        world.advance(to: 33)
        #expect(try world.events() == [985, 5, 990])
        #expect(try world.slo().number("events", "classes", "reset") == 990)
    }

    @Test func aResetCountsWholeThoughOnlyAnUncountedBucketFell() throws {
        var (world, pod) = world()
        // 900 of 1000 within 0.1 s before, 10 of 1100 after: neither 0.25 nor +Inf falls.
        pod.restart()
        pod.serve([10, 1000, 60, 30])
        world.write(pod.scrape(at(30)), at: at(30))
        world.advance(to: 33)
        #expect(try world.events() == [1010, 90, 1100])
        #expect(try world.slo().number("events", "classes", "reset") == 1100)
    }

    @Test func eventsOfABucketAreResetWithTheirHistogramToo() throws {
        let sli =
            #"{events: {good: 'request_seconds_bucket{le="0.25"}', "#
            + #"total: 'request_seconds_bucket{le="+Inf"}'}}"#
        var (world, pod) = world(sloRules(sli))
        pod.restart()
        pod.serve([10, 1000, 60, 30])
        world.write(pod.scrape(at(30)), at: at(30))
        world.advance(to: 33)
        #expect(try world.events() == [1010, 90, 1100])
    }

    @Test func aBucketThatWasLeftOutBeforeIsNotBorn() throws {
        var (world, pod) = world(bounds: ["0.1", "0.3", "0.5"])
        for step in 2...4 {
            pod.serve([50, 30, 12, 8])
            world.write(pod.scrape(at(Double(step) * 15)), at: at(Double(step) * 15))
        }
        // The same process; its sender no longer drops the bucket.
        pod.bounds[1] = "0.25"
        for step in 5...7 {
            pod.serve([50, 30, 12, 8])
            world.write(pod.scrape(at(Double(step) * 15)), at: at(Double(step) * 15))
        }
        world.advance(to: 110)
        // What came between the last scrape without and the first with the bucket is not known.
        #expect(try world.events() == [160, 40, 200])
        #expect(try world.remarks().first?.hasPrefix("400 events of the period") == true)
    }

    @Test func aNewProcessWithOtherBucketsIsBornWithThem() throws {
        var (world, pod) = world(bounds: ["0.1", "0.3", "0.5"])
        pod.restart()
        pod.bounds[1] = "0.25"
        pod.serve([50, 30, 12, 8])
        world.write(pod.scrape(at(30)), at: at(30))
        world.advance(to: 33)
        #expect(try world.events() == [80, 20, 100])
    }

    @Test func aTotalOfFewerMatchersMakesTheRestBad() throws {
        let sli =
            #"{latency: {histogram: 'request_seconds{code!~"5.."}', below: 250ms, "#
            + "total: request_seconds_count}}"
        for form in [HistogramPod.Form.classic, .native] {
            var world = AgentWorld(sloRules(sli))
            var fine = HistogramPod(labels: [("code", "200")], form: form)
            var failed = HistogramPod(labels: [("code", "500")], form: form)
            for step in 0...3 {
                fine.serve([50, 30, 12, 8])
                failed.serve([7, 0, 0, 0])
                let time = at(Double(step) * 15)
                world.write(fine.scrape(time) + failed.scrape(time).dropFirst(), at: time)
            }
            world.advance(to: 50)
            #expect(try world.events() == [240, 81, 321])
        }
    }

    @Test func twoSLOsShareAHistogramAtTwoBounds() throws {
        var (world, pod) = world(
            Self.quarter
                + sloRules(
                    "{latency: {histogram: request_seconds, below: 500ms}}", name: "two"
                ).split(separator: "\n").dropFirst(4).joined(separator: "\n"))
        pod.serve([50, 30, 12, 8])
        world.write(pod.scrape(at(30)), at: at(30))
        world.advance(to: 33)
        #expect(try world.slos().map { $0.number("events", "bad") } == [20, 8])
    }

    // MARK: Native

    private func native(_ histograms: [Histogram], below: String = "250ms") throws -> AgentWorld {
        var world = AgentWorld(
            sloRules("{latency: {histogram: request_seconds, below: \(below)}}"))
        let pod = HistogramPod(form: .native)
        for (step, histogram) in histograms.enumerated() {
            let time = at(Double(step) * 15)
            world.write([pod.series("up", [], time, 1), pod.native(histogram, time)], at: time)
        }
        world.advance(to: Double(histograms.count) * 15)
        return world
    }

    @Test func aPowerOfTwoIsABucketBoundOfEverySchema() throws {
        // Schema 1: bucket -4 ends at 0.25, -3 at 0.35; schema 0: -2 at 0.25, -1 at 0.5.
        let world = try native([
            exponential([(-4, 10), (-3, 5)], schema: 1),
            exponential([(-4, 50), (-3, 9)], schema: 1),
        ])
        #expect(try world.events() == [40, 4, 44])
        #expect(try world.slo().text("evidence") == "partial")
        #expect(try world.remarks() == [])
    }

    @Test func whatABoundCutsIsNotCountedAndWidensTheBudget() throws {
        // 300 ms lies in the bucket from 0.25 to 0.5.
        let world = try native(
            [
                exponential([(-2, 0), (-1, 0), (0, 0)]),
                exponential([(-2, 970), (-1, 20), (0, 10)]),
            ],
            below: "300ms")
        #expect(try world.events() == [970, 10, 980])
        let slo = try world.slo()
        #expect(slo.text("evidence") == "partial")
        let figures = ["remaining", "best", "worst"].map { slo.number("budget", $0) ?? 0 }
        #expect(abs(figures[0] - (1 - 10 / 9.8)) < 1e-9)
        #expect(abs(figures[1] - (1 - 10 / 10.0)) < 1e-9)
        #expect(abs(figures[2] - (1 - 30 / 10.0)) < 1e-9)
        #expect(try world.remarks().first?.hasPrefix("20 events of the period") == true)
    }

    @Test func loweringTheResolutionIsNoReset() throws {
        let world = try native([
            exponential([(-5, 10), (-4, 10), (-3, 5)], schema: 1),
            // The same and 30 more, in half as many buckets.
            exponential([(-2, 40), (-1, 15)], schema: 0),
        ])
        #expect(try world.events() == [20, 10, 30])
        #expect(try world.slo().number("events", "classes", "reset") == 0)
    }

    @Test func aFallenBucketIsAResetThoughTheCountGrew() throws {
        let world = try native([
            exponential([(-2, 90), (0, 10)]), exponential([(-2, 200), (0, 3)], hint: .noReset),
        ])
        #expect(try world.events() == [200, 3, 203])
        #expect(try world.slo().number("events", "classes", "reset") == 203)
    }

    @Test func aResetHintIsBelieved() throws {
        let world = try native([
            exponential([(-2, 90), (0, 10)]), exponential([(-2, 200), (0, 30)], hint: .reset),
        ])
        #expect(try world.events() == [200, 30, 230])
    }

    @Test func aGaugeHistogramIsNoCounter() throws {
        let world = try native([
            exponential([(-2, 90), (0, 10)], hint: .gauge),
            exponential([(-2, 200), (0, 30)], hint: .gauge),
        ])
        #expect(try world.slo().number("events", "total") == nil)
    }
}
