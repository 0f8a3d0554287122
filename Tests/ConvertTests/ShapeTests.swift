import Model
import Testing
import Text

@testable import Convert

/// What PromQL is read back as.
@Suite struct ShapeTests {
    private let window = "[{{.window}}]"

    @Test func sumsOfRatesBecomeSelectors() throws {
        let found = try sli(
            slothFile(
                #"sum(rate(req_total{code=~"5..", job="a"}[{{.window}}]))"#,
                #"sum(rate(req_total{job="a"}[{{ .window }}]))"#))
        #expect(
            found
                == .events(
                    counted: "bad", selector: #"req_total{code=~"5..", job="a"}"#,
                    total: #"req_total{job="a"}"#))
    }

    @Test func aTotalLessTheGoodIsReadAsTheGood() throws {
        let found = try sli(
            slothFile(
                #"sum(rate(req_total[{{.window}}])) - sum(rate(req_total{ok="1"}[{{.window}}]))"#,
                "sum(rate(req_total[{{.window}}]))"))
        #expect(
            found
                == .events(counted: "good", selector: #"req_total{ok="1"}"#, total: "req_total"))
    }

    @Test func aZeroForMissingSeriesIsDropped() throws {
        for zero in [
            "or vector(0)", "OR on() vector(0)", "or 0 * sum(rate(req_total[{{.window}}]))",
        ] {
            let found = try sli(
                slothFile(
                    #"sum(rate(err_total[{{.window}}])) \#(zero)"#,
                    "sum(rate(req_total[{{.window}}]))"))
            #expect(found == .events(counted: "bad", selector: "err_total", total: "req_total"))
        }
    }

    @Test func labelsOfBothSidesBecomeGroups() throws {
        let result = try imported(
            slothFile(
                "sum(rate(err_total[{{.window}}])) by (tenant, zone)",
                "sum by (zone, tenant) (rate(req_total[{{.window}}]))"))
        #expect(result.slos.first?.by == ["zone", "tenant"])
        let other = try imported(
            slothFile(
                "sum(rate(err_total[{{.window}}])) by (tenant)",
                "sum(rate(req_total[{{.window}}]))"))
        #expect(other.slos.first?.sli.kind == "query")
        #expect(other.slos.first?.differences.first?.text.contains("other labels") == true)
    }

    @Test func bucketsBecomeALatency() throws {
        let found = try sli(
            slothFile(
                #"""
                (sum(rate(d_seconds_count{v!="W"}[{{.window}}]))
                            - sum(rate(d_seconds_bucket{le="0.4",v!="W"}[{{.window}}])))
                """#,
                #"sum(rate(d_seconds_count{v!="W"}[{{.window}}]))"#))
        #expect(
            found == .latency(histogram: #"d_seconds{v!="W"}"#, total: nil, below: "400ms"))
    }

    @Test(arguments: [
        ("d_seconds", "0.29", "290ms"), ("d_seconds", "5.0", "5s"),
        ("d_seconds", "0.0005", "0.0005"),
        ("d_milliseconds", "250", "250ms"), ("d", "3", "3"), ("d_bytes", "1024", "1024"),
        ("d_ms", "0.5", "0.5"),
    ])
    func theLimitIsADurationWhereTheNameSaysItsUnit(
        histogram: String, bound: String, below: String
    ) throws {
        let found = try sli(
            rawSlothFile(
                "1 - sum(rate(\(histogram)_bucket{le=\"\(bound)\"}\(window)))"
                    + " / sum(rate(\(histogram)_count\(window)))"))
        #expect(found == .latency(histogram: histogram, total: nil, below: below))
    }

    @Test func errorsAndTheRestAddUpToTheTotal() throws {
        // Slow ones among the good codes, plus all of the bad codes.
        let found = try sli(
            rawSlothFile(
                """
                ((sum(rate(d_seconds_count{code!~"5.."}\(window)))
                            - sum(rate(d_seconds_bucket{code!~"5..",le="1"}\(window))))
                            + sum(rate(d_seconds_count{code=~"5.."}\(window))))
                            / sum(rate(d_seconds_count\(window)))
                """))
        #expect(
            found
                == .latency(
                    histogram: #"d_seconds{code!~"5.."}"#, total: "d_seconds_count", below: "1s"))
    }

    @Test func theLastBucketIsTheCount() throws {
        let found = try sli(
            rawSlothFile(
                "1 - sum(rate(d_seconds_bucket{le=\"1\"}\(window)))"
                    + " / sum(rate(d_seconds_bucket{le=\"+Inf\"}\(window)))"))
        #expect(found == .latency(histogram: "d_seconds", total: nil, below: "1s"))
    }

    @Test func aBucketOfAnotherHistogramStaysASelectorThatFindsBothSpellings() throws {
        let found = try sli(
            rawSlothFile(
                "1 - sum(rate(a_seconds_bucket{le=\"1\"}\(window))) / sum(rate(b_total\(window)))"))
        #expect(
            found
                == .events(
                    counted: "good", selector: #"a_seconds_bucket{le=~"1|1\\.0"}"#,
                    total: "b_total"))
    }

    @Test func theMeanOfAYesOrNoGaugeIsAThreshold() throws {
        for query in [
            "1 - avg_over_time(probe_success{job=\"x\"}\(window))",
            "1 - avg(avg_over_time(probe_success{job=\"x\"}\(window)))",
            "1 - sum(sum_over_time(probe_success{job=\"x\"}\(window))) / "
                + "sum(count_over_time(probe_success{job=\"x\"}\(window)))",
            "(count_over_time(probe_success{job=\"x\"}\(window)) - "
                + "sum_over_time(probe_success{job=\"x\"}\(window))) / "
                + "count_over_time(probe_success{job=\"x\"}\(window))",
        ] {
            #expect(
                try sli(rawSlothFile(query))
                    == .threshold(metric: #"probe_success{job="x"}"#, op: "atLeast", value: "1"))
        }
        let mean = try sli(rawSlothFile("1 - avg_over_time(satisfaction_ratio\(window))"))
        #expect(mean.kind == "query")
    }

    /// Each of these would be another number if it were taken for a count.
    @Test(arguments: [
        "sum(rate(err_total[5m]))", "sum(rate(err_total[{{.window}}] offset 1h))",
        "max(rate(err_total[{{.window}}]))", "rate(err_total[{{.window}}])",
        "sum without (pod) (rate(err_total[{{.window}}]))",
        "sum(rate(err_total[{{.window}}])) * 2", "sum(increase(err_total[{{.window}}]))",
        "sum(rate(err_total[{{.window}}])) or sum(rate(other_total[{{.window}}]))",
        "sum(rate(err_total[{{.window}}])) + sum(rate(other_total[{{.window}}]))",
        "sum(rate(req_total[{{.window}}]))", "sum_over_time(g[{{.window}}:])",
    ])
    func whatIsNoCountStaysAQuery(error: String) throws {
        let result = try imported(
            slothFile(
                error.contains("{{") ? error : error + " + 0 * sum(rate(x[{{.window}}]))",
                "sum(rate(req_total[{{.window}}]))"))
        let slo = try #require(result.slos.first, "\(result.refusals)")
        #expect(slo.sli.kind == "query")
        #expect(topics(slo).first == "sli")
    }

    @Test func faultsPointIntoTheQuery() throws {
        let found = try converted(
            slothFile("sum(rate(err_total[{{.window}}]", "sum(rate(req_total[{{.window}}]))"))
        #expect(found.refusals.count == 1 && found.text == nil)
        let place = try #require(found.refusals.first?.position)
        #expect(place.line == 9 && place.column > 15)
        let unknown = try converted(
            slothFile("sum(rate(err_total[{{.period}}]))", "sum(rate(req_total[{{.window}}]))"))
        #expect(unknown.refusals.first?.position.column == 30)
        #expect(unknown.refusals.first?.what.contains(".period") == true)
    }

    @Test(arguments: [
        ("0.999", "99.9"), ("0.9", "90"), ("0.98", "98"), ("0.9995", "99.95"), ("0", "0"),
        ("0.99999", "99.999"), ("0.005", "0.5"), ("1", "100"), ("0.999000", "99.9"),
    ])
    func ratiosBecomePercentagesWithoutRounding(ratio: String, shown: String) {
        #expect(percent(ofRatio: ratio) == shown)
    }

    @Test func whatIsNoDecimalIsNoPercentage() {
        for text in ["", "x", "1e-3", "-0.5", "0.1.2", "."] {
            #expect(percent(ofRatio: text) == nil)
        }
    }
}
