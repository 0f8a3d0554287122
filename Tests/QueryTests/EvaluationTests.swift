import Model
import Query
import Testing

/// SplitMix64: the same numbers each time.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

@Suite struct EvaluationTests {
    private func store(_ lines: [String], step: TimeSpan = .minutes(1)) throws -> ScriptStore {
        var store = ScriptStore()
        for line in lines { store.load(try SeriesNotation(parsing: line), step: step) }
        return store
    }

    private func at(_ seconds: Int64) -> Timestamp { Timestamp(millis: seconds * 1000) }

    /// Random counters, gauges with gaps and stale markers, and histograms.
    private func randomStore(_ random: inout Seeded) throws -> ScriptStore {
        var lines: [String] = []
        for place in 0..<6 {
            var value = 0
            var words: [String] = []
            for _ in 0..<60 {
                switch Int.random(in: 0..<20, using: &random) {
                case 0: words.append("_")
                case 1: words.append("stale")
                case 2: value = 0
                default: value += Int.random(in: 0..<9, using: &random)
                }
                let isGauge = place % 2 == 1
                let shown = isGauge ? Int.random(in: -50..<50, using: &random) : value
                words.append(place == 5 ? "{{schema:0 count:\(value) sum:\(value)}}" : "\(shown)")
            }
            lines.append("m\(place / 2)_total{i=\"\(place)\"} " + words.joined(separator: " "))
        }
        return try store(lines, step: .seconds(15))
    }

    private func samples(_ query: String, _ store: ScriptStore, at seconds: Int64) throws
        -> [InstantSample]
    {
        var options = QueryOptions()
        options.features.experimentalFunctions = true
        let result = try Query(parsing: query, options: options)
            .evaluate(at: at(seconds), on: store)
        guard case .vector(let samples) = result.value else { return [] }
        return samples
    }

    @Test(arguments: [
        "absent(-{a=\"x\"})", "absent(clamp({a=\"x\"}, 2, 2))", "vector(scalar(-{a=\"x\"}))",
        "sum_over_time((-{a=\"x\"})[2m:1m])", "count_values(\"v\", -{a=\"x\"})",
        "(-{a=\"x\"} > 10)", "timestamp(-{a=\"x\"})",
    ])
    func seriesThatBecomeEqualAreRefusedWhereverTheyGo(query: String) throws {
        let store = try store(["one{a=\"x\"} 1", "two{a=\"x\"} 2"])
        #expect(
            throws: QueryError.execution("vector cannot contain metrics with the same labelset")
        ) { try samples(query, store, at: 0) }
    }

    /// As Prometheus 3.5: it reads the samples that the offset shows and evaluates at the step.
    @Test func infoSeesThroughTheOffsetOfItsArgument() throws {
        let store = try store([
            "work{instance=\"i\", job=\"j\"} 5",
            "target_info{instance=\"i\", job=\"j\", zone=\"z\"} 1",
        ])
        #expect(try samples("info(work)", store, at: 60).map { $0.labels["zone"] } == ["z"])
        #expect(
            try samples("info(work offset 7m)", store, at: 420).map { $0.labels["zone"] } == [nil])
        #expect(
            try samples(
                "info(label_replace(work, \"b\", \"\", \"\", \"\"), {zone=~\".*\"})", store, at: 0
            )
            .map { $0.labels["zone"] } == ["z"])
    }

    /// A range query shares work between its steps: at each it must give what an instant query
    /// gives, which shares nothing.
    @Test(arguments: 0..<4)
    func rangesGiveAtEachStepWhatInstantsGive(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let store = try randomStore(&random)
        var options = QueryOptions()
        options.features = .all
        var texts = Function.allCases.compactMap { function -> String? in
            switch function.signature.required {
            case [.matrix]: "\(function.rawValue)({i=~\".+\"}[WINDOW])"
            case [.vector]:
                [.sort, .sortDesc, .sortByLabel, .sortByLabelDesc, .info].contains(function)
                    ? nil : "\(function.rawValue)({i=~\".+\"})"
            default: nil
            }
        }
        texts += AggregationOperator.allCases.map { op in
            switch op {
            case .bottomk, .topk, .limitk: "\(op.rawValue)(2, {i!=\"\"})"
            case .quantile, .limitRatio: "\(op.rawValue) by (i) (0.3, {i!=\"\"})"
            case .countValues: "count_values(\"v\", {i!=\"\"})"
            default: "\(op.rawValue) without (x) ({i!=\"\"})"
            }
        }
        texts += [
            "m0_total - on () group_left () m1_total{i=\"2\"}", "m0_total > 20 or m1_total",
            "predict_linear(m1_total[WINDOW], 30)", "quantile_over_time(0.2, m0_total[WINDOW])",
            "double_exponential_smoothing(m1_total[WINDOW], 0.3, 0.4)", "m0_total offset 45s",
            "sum_over_time(m1_total[WINDOW:20s])", "m0_total @ 200 + m0_total @ end()",
            "avg_over_time(rate(m0_total[1m])[3m:10s])", "histogram_quantile(0.5, m2_total)",
        ]
        for template in texts {
            for window in ["1m", "4m30s"] {
                let text = template.replacing("WINDOW", with: window)
                let query = try Query(
                    parsing: text.replacing("end()", with: "600"), options: options)
                let range = try query.evaluate(
                    from: at(0), to: at(1000), step: .seconds(25), on: store)
                guard case .matrix(let list) = range.value else { continue }
                for step in stride(from: Int64(0), through: 1000, by: 25) {
                    let instant = try query.evaluate(at: at(step), on: store)
                    compare(values(list, step * 1000), values(instant.value), "\(text) at \(step)")
                }
            }
        }
    }

    /// A number for each series; of a histogram its count.
    private func values(_ value: QueryValue) -> [Labels: Double] {
        switch value {
        case .vector(let samples):
            Dictionary(
                uniqueKeysWithValues: samples.map { ($0.labels, $0.histogram?.count ?? $0.value) })
        case .scalar(let number): [.empty: number]
        case .string, .matrix: [:]
        }
    }

    private func values(_ list: [RangeSeries], _ time: Int64) -> [Labels: Double] {
        var found: [Labels: Double] = [:]
        for series in list {
            if let place = series.times.firstIndex(of: time) {
                found[series.labels] = series.values[place]
            }
            if let place = series.histogramTimes.firstIndex(of: time) {
                found[series.labels] = series.histograms[place].count
            }
        }
        return found
    }

    private func compare(
        _ found: [Labels: Double], _ expected: [Labels: Double], _ what: String
    ) {
        #expect(Set(found.keys) == Set(expected.keys), "\(what)")
        for (labels, value) in expected {
            guard let other = found[labels] else { continue }
            let isNear = abs(value - other) <= 1e-9 * max(1, abs(value))
            let isSame = value == other || isNear || (value.isNaN && other.isNaN)
            #expect(isSame, "\(what): \(value) \(other)")
        }
    }

    @Test func countersGrowByWhatWasCounted() throws {
        // An oracle of its own: the increase over a window, with its formula spelt out.
        var random = Seeded(state: 7)
        for _ in 0..<50 {
            let values = (0..<8).map { _ in Int.random(in: 0..<100, using: &random) }
            let words = values.map(String.init).joined(separator: " ")
            let store = try store(["c_total " + words])
            let result = try Query(parsing: "increase(c_total[5m])").evaluate(
                at: at(7 * 60), on: store)
            var growth = 0.0
            for index in 4..<8 {
                let difference = values[index] - values[index - 1]
                growth += Double(difference < 0 ? values[index] : difference)
            }
            // Five samples, 4 minutes; the window begins a minute earlier, or where the
            // counter was zero.
            let toZero = growth > 0 ? 240 * Double(values[3]) / growth : 60
            let expected = growth * (240 + min(60, toZero)) / 240
            guard case .vector(let samples) = result.value else { continue }
            #expect(abs((samples.first?.value ?? -1) - expected) < 1e-9)
        }
    }

    // MARK: Results

    @Test func rangesAreSortedByLabelsAndInstantsAreNot() throws {
        let store = try store(["b 1", "a{z=\"1\"} 3", "a 2", "a{b=\"1\"} 0"])
        let query = try Query(parsing: "sort_desc({__name__=~\"a|b\"})")
        guard case .vector(let samples) = try query.evaluate(at: at(0), on: store).value,
            case .matrix(let series) = try query.evaluate(
                from: at(0), to: at(60), step: .seconds(60), on: store
            ).value
        else { return #expect(Bool(false), "not the types expected") }
        #expect(samples.map(\.value) == [3, 2, 1, 0])
        #expect(
            series.map(\.labels.description) == ["a", "a{b=\"1\"}", "a{z=\"1\"}", "b"])
    }

    @Test func rangeVectorsStringsAndScalarsComeOutAsThemselves() throws {
        let store = try store(["m 1 2 stale 4"])
        guard
            case .matrix(let series) = try Query(parsing: "m[3m]").evaluate(
                at: at(180), on: store
            ).value
        else { return #expect(Bool(false), "no matrix") }
        #expect(series.map(\.times) == [[60_000, 180_000]])
        #expect(series.map(\.values) == [[2, 4]])
        guard
            case .string(let text) = try Query(parsing: "\"a\\n\"").evaluate(
                at: at(0), on: store
            ).value
        else { return #expect(Bool(false), "no string") }
        #expect(text == "a\n")
        guard
            case .scalar(let value) = try Query(parsing: "1 + 1").evaluate(
                at: at(0), on: store
            ).value
        else { return #expect(Bool(false), "no scalar") }
        #expect(value == 2)
    }

    @Test func annotationsSayWhere() throws {
        let store = try store(["m 1 2"])
        let text = "1 +\n  rate(m[5m])"
        let result = try Query(parsing: text).evaluate(at: at(60), on: store)
        #expect(result.warnings.isEmpty)
        #expect(
            result.infos.map { $0.message(in: text) } == [
                "PromQL info: metric might not be a counter, name does not end in "
                    + "_total/_sum/_count/_bucket: \"m\" (2:8)"
            ])
        var options = QueryOptions()
        options.features.typeAndUnitLabels = true
        let typed = try Query(parsing: text, options: options).evaluate(at: at(60), on: store)
        #expect(typed.infos.first?.message.contains("__type__ label is not set") == true)
    }

    @Test func namesDropAtOnceWithoutTheFlag() throws {
        let store = try store(["a_total{i=\"1\"} 1 2", "b_total{i=\"1\"} 1 3"])
        func run(_ text: String, delayed: Bool) -> String {
            var options = QueryOptions()
            options.features.delayedNameRemoval = delayed
            do {
                let query = try Query(parsing: text, options: options)
                guard case .vector(let list) = try query.evaluate(at: at(60), on: store).value
                else { return "no vector" }
                return list.map { "\($0.labels) \($0.value)" }.sorted().joined(separator: ", ")
            } catch {
                return "\(error)"
            }
        }
        let clash = "vector cannot contain metrics with the same labelset"
        let both = "{__name__=~\"._total\"}"
        #expect(run("-\(both)", delayed: false) == clash)
        #expect(run("-\(both)", delayed: true) == clash)
        #expect(run("sum(\(both) * 2)", delayed: false) == clash)
        #expect(run("sum(\(both) * 2)", delayed: true) == "{} 10.0")
        #expect(run("sum by (__name__) (a_total * 2)", delayed: false) == "{} 4.0")
        #expect(run("a_total == 2", delayed: false) == "a_total{i=\"1\"} 2.0")
        #expect(run("a_total < bool b_total", delayed: false) == "{i=\"1\"} 1.0")
        #expect(run("last_over_time(a_total[1m])", delayed: false) == "a_total{i=\"1\"} 2.0")
    }

    // MARK: Limits

    private func failure(
        _ text: String, _ limits: QueryLimits, steps: Int64 = 10
    ) throws -> QueryError? {
        let store = try store((0..<20).map { "m{i=\"\($0)\"} 0+1x60" })
        var options = QueryOptions()
        options.limits = limits
        do throws(QueryError) {
            _ = try Query(parsing: text, options: options).evaluate(
                from: at(0), to: at(60 * (steps - 1)), step: .minutes(1), on: store)
            return nil
        } catch {
            return error
        }
    }

    @Test func limitsEndAQueryWithTheirNames() throws {
        var limits = QueryLimits()
        limits.samplesMax = 200
        #expect(try failure("m", limits) == nil)
        #expect(try failure("m + m", limits) == .tooManySamples(limit: 200))
        #expect(try failure("m", limits, steps: 11) == .tooManySamples(limit: 200))
        // A fold holds one series at a time.
        #expect(try failure("sum(m)", limits, steps: 60) == nil)
        #expect(try failure("sum_over_time(m[1d:1s])", limits) == .tooManySamples(limit: 200))
        limits = QueryLimits()
        limits.seriesMax = 19
        #expect(try failure("sum(m)", limits) == .tooManySeries(limit: 19))
        limits = QueryLimits()
        limits.stepsMax = 10
        #expect(try failure("1", limits) == nil)
        #expect(try failure("1", limits, steps: 11) == .tooManySteps(limit: 10))
        limits = QueryLimits()
        limits.shouldStop = { true }
        #expect(try failure("sum(m)", limits, steps: 6000) == .stopped)
        #expect(
            "\(QueryError.tooManySteps(limit: 11_000))"
                == "exceeded maximum resolution of 11000 points per timeseries. "
                + "Try decreasing the query resolution (?step=XX)")
    }

    @Test func rangesThatAreNoneAreRefused() throws {
        let store = try store(["m 1"])
        for (text, from, to, step) in [
            ("m", 0, 60, 0), ("m", 60, 0, 1), ("m[5m]", 0, 60, 1), ("\"a\"", 0, 60, 1),
        ] as [(String, Int64, Int64, Int64)] {
            #expect(throws: QueryError.self) {
                try Query(parsing: text).evaluate(
                    from: at(from), to: at(to), step: .seconds(step), on: store)
            }
        }
    }

    @Test func extremeTimesAndStepsDoNotCrash() throws {
        let store = try store(["m 1 2 3"])
        for text in [
            "m offset 292y", "rate(m[292y])", "m @ 9e15", "m @ -9e15 offset -292y",
            "sum_over_time(m[292y:292y])", "max_over_time(m[5m:1ms])", "hour(m * 1e300)",
            "predict_linear(m[5m], 1e300)", "topk(1e18, m)", "round(m, 0)",
        ] {
            _ = try? Query(parsing: text).evaluate(at: at(60), on: store)
            _ = try? Query(parsing: text).evaluate(
                from: Timestamp(millis: -1 << 50), to: Timestamp(millis: 1 << 50),
                step: .milliseconds(1 << 41), on: store)
        }
        #expect(throws: QueryError.self) {
            try Query(parsing: "topk(1e19, m)").evaluate(at: at(60), on: store)
        }
    }

    @Test func statisticsCountWhatWasRead() throws {
        let store = try store(["m{i=\"1\"} 0+1x9", "m{i=\"2\"} 0+1x9"])
        let result = try Query(parsing: "sum(rate(m[2m]))").evaluate(
            from: at(120), to: at(240), step: .minutes(1), on: store)
        // Two series, three steps, two samples in each window.
        #expect(result.statistics.samplesTouched == 12)
        #expect(result.statistics.seriesSelected == 2)
    }
}
