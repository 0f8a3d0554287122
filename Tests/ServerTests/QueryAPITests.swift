import Glibc
import Model
import Testing
import Wire

@testable import Server

/// The query API over real HTTP, on what remote write stored.
@Suite struct QueryAPITests {
    private let world: AgentWorld

    init() throws {
        world = try AgentWorld(config: "remoteWrite: {replicaLabels: [__replica__]}")
    }

    /// Sends series of `demo` with samples ten seconds apart that end now; their last time.
    private func load(_ series: [(labels: [(String, String)], values: [Double])]) throws -> Int64 {
        let now = wallClock().millis / 1000 * 1000
        let body = series.flatMap { one in
            first(
                one.labels,
                one.values.enumerated().flatMap { place, value in
                    sample(now - Int64(one.values.count - 1 - place) * 10_000, value)
                })
        }
        #expect(try world.write(Snappy.compress(body)).status == 204)
        return now
    }

    private func get(_ path: String) throws -> Answer {
        try exchange(world.port, "GET", "/api/v1/" + path)
    }

    @Test func anInstantQueryAnswersInPrometheusNotation() throws {
        let now = try load([([("__name__", "demo"), ("job", "x")], [1, 2, 3.5])])
        let seconds = now / 1000
        let answer = try get("query?query=demo&time=\(seconds)")
        #expect(answer.status == 200)
        #expect(
            answer.text == #"{"status":"success","data":{"resultType":"vector","result":"#
                + #"[{"metric":{"__name__":"demo","job":"x"},"value":[\#(seconds),"3.5"]}]}}"#)
        let scalar = try get("query?query=1%2B1&time=1435781430.781")
        #expect(
            scalar.text == #"{"status":"success","data":{"resultType":"scalar","result":"#
                + #"[1435781430.781,"2"]}}"#)
        let absent = try get("query?query=nothing")
        #expect(absent.text.contains(#""result":[]"#))
    }

    @Test func aRangeQueryHasAPointForEachStep() throws {
        let now = try load([([("__name__", "demo")], [1, 2, 3])])
        let end = now / 1000
        let answer = try get("query_range?query=demo&start=\(end - 20)&end=\(end)&step=10s")
        #expect(
            answer.text == #"{"status":"success","data":{"resultType":"matrix","result":"#
                + #"[{"metric":{"__name__":"demo"},"values":[[\#(end - 20),"1"],"#
                + #"[\#(end - 10),"2"],[\#(end),"3"]]}]}}"#)
    }

    @Test func aFormIsReadLikeAnAddress() throws {
        _ = try load([([("__name__", "demo"), ("job", "a b")], [7])])
        let form = Array("query=demo%7Bjob%3D%22a+b%22%7D".utf8)
        let client = try RawClient(port: world.port)
        client.request(
            "POST", "/api/v1/query",
            [("Content-Type", "application/x-www-form-urlencoded")], body: form)
        let answer = try client.answer()
        #expect(answer.status == 200 && answer.text.contains(#""job":"a b""#))
    }

    @Test func labelsAndSeriesAreListedSorted() throws {
        _ = try load([
            ([("__name__", "demo"), ("job", "b")], [1]),
            ([("__name__", "demo"), ("job", "a")], [1]),
            ([("__name__", "other"), ("zone", "z")], [1]),
        ])
        #expect(
            try get("labels").text == #"{"status":"success","data":["__name__","job","zone"]}"#)
        #expect(try get("label/job/values").text == #"{"status":"success","data":["a","b"]}"#)
        #expect(
            try get("label/U______name____/values?match[]=other").text
                == #"{"status":"success","data":["other"]}"#)
        #expect(
            try get("series?match[]=demo&match[]=other&limit=2").text
                == #"{"status":"success","data":[{"__name__":"demo","job":"a"},"#
                + #"{"__name__":"demo","job":"b"}],"warnings":["results truncated due to limit"]}"#)
    }

    @Test func replicasShowOnce() throws {
        _ = try load([([("__name__", "demo"), ("__replica__", "a")], [4])])
        _ = try load([([("__name__", "demo"), ("__replica__", "b")], [4])])
        #expect(
            try get("series?match[]=demo").text
                == #"{"status":"success","data":[{"__name__":"demo"}]}"#)
        #expect(try get("query?query=count(demo)").text.contains(#","1"]"#))
    }

    @Test func listsAreOfTheSeriesWithSamplesInTheSpan() throws {
        let now = try load([
            ([("__name__", "demo"), ("job", "old")], [1, 2, 3]),
            ([("__name__", "demo"), ("job", "new"), ("zone", "z")], [3]),
        ])
        let end = now / 1000
        let (before, between) = (
            "start=\(end - 20)&end=\(end - 5)", "start=\(end - 9)&end=\(end - 1)"
        )
        #expect(
            try get("labels?\(before)").text == #"{"status":"success","data":["__name__","job"]}"#)
        #expect(
            try get("label/job/values?\(before)").text == #"{"status":"success","data":["old"]}"#)
        #expect(
            try get("series?match[]=demo&\(before)").text
                == #"{"status":"success","data":[{"__name__":"demo","job":"old"}]}"#)
        // A chunk reaches over this span, and has no sample in it.
        #expect(try get("labels?\(between)").text == #"{"status":"success","data":[]}"#)
        #expect(
            try get("label/job/values?match[]=demo&start=\(end)").text
                == #"{"status":"success","data":["new","old"]}"#)
    }

    @Test func replicaLabelsAreNotListed() throws {
        _ = try load([([("__name__", "demo"), ("job", "a"), ("__replica__", "a")], [4])])
        for path in ["labels", "labels?match[]=demo", "labels?start=0"] {
            #expect(
                try get(path).text == #"{"status":"success","data":["__name__","job"]}"#, "\(path)")
        }
        #expect(
            try get("label/__replica__/values").text == #"{"status":"success","data":[]}"#)
    }

    @Test func statisticsComeWhenAskedFor() throws {
        let now = try load([([("__name__", "demo")], [1, 2, 3])])
        let query = "query?query=sum_over_time(demo[1m])&time=\(now / 1000)"
        #expect(try !get(query).text.contains("stats"))
        let answer = try get(query + "&stats=all").text
        #expect(answer.contains(#""samples":{"totalQueryableSamples":3,"peakSamples":"#))
        for time in ["evalTotalTime", "execQueueTime", "execTotalTime"] {
            #expect(answer.contains(#""\#(time)":"#))
        }
    }

    @Test func theStoreTellsWhatItHasMostOf() throws {
        _ = try load([
            ([("__name__", "demo"), ("job", "a")], [1]),
            ([("__name__", "demo"), ("job", "b")], [1]),
            ([("__name__", "other"), ("job", "a")], [1]),
        ])
        let answer = try get("status/tsdb?limit=1").text
        #expect(answer.contains(#""numSeries":3,"numLabelPairs":4,"chunkCount":3"#))
        #expect(answer.contains(#""seriesCountByMetricName":[{"name":"demo","value":2}]"#))
        #expect(answer.contains(#""labelValueCountByLabelName":[{"name":"__name__","value":2}]"#))
        #expect(answer.contains(#""memoryInBytesByLabelName":[{"name":"__name__","value":13}]"#))
        #expect(try get("status/tsdb?limit=0").status == 400)
    }

    @Test func aQueryWhoseClientLeavesIsStopped() throws {
        // Windows of a million samples at 11,000 steps: hours, were it not stopped.
        let query =
            "query_range?query=quantile_over_time(0.5,(vector(1))[1000000s:1s])"
            + "&start=1000000&end=1011000&step=1"
        do {
            let client = try RawClient(port: world.port)
            client.request("GET", "/api/v1/" + query, [])
        }
        let line = #"pitot_http_requests_total{path="/api/v1/query_range",code="499"} 1"#
        var isStopped = false
        for _ in 0..<300 where !isStopped {
            isStopped = try exchange(world.port, "GET", "/metrics").text.contains(line)
            if !isStopped { usleep(100_000) }
        }
        #expect(isStopped)
    }

    @Test func moreQueriesThanMayWaitAreRefusedAndCounted() throws {
        let world = try AgentWorld(config: "queries: {concurrency: 1}")
        let slow =
            "/api/v1/query_range?start=1000000&end=1011000&step=1"
            + "&query=quantile_over_time(0.5,(vector(1))[1000000s:1s])"
        // One runs or none yet; of the others only so many wait.
        let clients = try (0..<(QueryPool.waitingMax + 3)).map { _ in
            let client = try RawClient(port: world.port)
            client.request("GET", slow, [])
            return client
        }
        let line = #"pitot_http_requests_total{path="/api/v1/query_range",code="503"}"#
        var refused = ""
        for _ in 0..<300 where !refused.hasSuffix(" 2") && !refused.hasSuffix(" 3") {
            let lines = try exchange(world.port, "GET", "/metrics").text.split(separator: "\n")
            refused = lines.first { $0.hasPrefix(line) }.map(String.init) ?? ""
            usleep(10_000)
        }
        #expect(refused.hasSuffix(" 2") || refused.hasSuffix(" 3"), "\(refused)")
        #expect(clients.count == 67)
    }

    @Test(arguments: [
        (String(repeating: "(", count: 50_000), "nested"), ("m[1000000y]", "duration"),
        ("count_over_time((vector(1))[100y:1ms])", "too many samples"),
        (#"{a=~"((((a{1,100}){1,100}){1,100}){1,100})"}"#, "regular expression"),
        ("-" + String(repeating: "-", count: 20_000) + "1", "nested"),
    ])
    func whatWouldTakeTooMuchIsRefused(query: String, word: String) throws {
        let form = Array(
            ("query="
                + query.utf8.map { "%" + String(Int($0) + 256, radix: 16).dropFirst() }.joined())
                .utf8)
        let client = try RawClient(port: world.port)
        client.request(
            "POST", "/api/v1/query",
            [("Content-Type", "application/x-www-form-urlencoded")], body: form)
        let answer = try client.answer()
        #expect(answer.status == 400 || answer.status == 422, "\(answer.text)")
        #expect(answer.text.contains(word), "\(answer.text)")
    }

    @Test func remoteReadRefusesWhatItCannotRead() throws {
        for body in [[], [255, 255], Snappy.compress([0x0a, 0xff])] as [[UInt8]] {
            let client = try RawClient(port: world.port)
            client.request("POST", "/api/v1/read", [], body: body)
            #expect(try client.answer().status == 400)
        }
        #expect(try get("read").status == 405)
    }

    @Test(arguments: [
        ("status/flags", #""query.timeout":"2m""#), ("status/config", "evaluation_interval: 15s"),
        ("status/runtimeinfo", #""storageRetention":"#), ("targets", #""activeTargets":[]"#),
        ("scrape_pools", #""scrapePools":[]"#), ("targets/metadata", #""data":[]"#),
    ])
    func whatClientsAskOfAServerHasAnAnswer(path: String, part: String) throws {
        let answer = try get(path)
        #expect(answer.status == 200 && answer.text.contains(part), "\(answer.text)")
    }

    @Test(arguments: [
        ("query?query=demo%7B", 400, "bad_data", #"invalid parameter \"query\": 1:"#),
        (
            "query?query=1&time=x", 400, "bad_data",
            #"invalid parameter \"time\": invalid time value for 'time': cannot parse"#
        ),
        ("query?query=1&limit=x", 400, "bad_data", #"strconv.Atoi: parsing \"x\""#),
        ("query?query=1&lookback_delta=x", 400, "bad_data", "error parsing lookback delta"),
        (
            "query_range?query=1&start=0&end=11001&step=1", 400, "bad_data",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing"
        ),
        (
            "query_range?query=1&start=9&end=1&step=1", 400, "bad_data",
            #"invalid parameter \"end\": end timestamp must not be before start time"#
        ),
        ("query_range?query=1&start=1&end=9&step=0", 400, "bad_data", "zero or negative query"),
        ("series", 400, "bad_data", "no match[] parameter provided"),
        ("labels?match[]=a%20offset%205m", 400, "bad_data", #"invalid parameter \"match[]\""#),
        ("query?query=1&timeout=0", 503, "timeout", "query timed out in expression evaluation"),
    ])
    func whatCannotBeAnsweredSaysWhy(
        path: String, status: Int, type: String, text: String
    ) throws {
        let answer = try get(path)
        #expect(answer.status == status)
        #expect(answer.text.hasPrefix(#"{"status":"error","errorType":"\#(type)","error":""#))
        #expect(answer.text.contains(text))
    }

    @Test func elevenThousandStepsAreAnswered() throws {
        #expect(try get("query_range?query=1&start=0&end=11000&step=1").status == 200)
    }

    @Test func timesAreReadInBothNotations() {
        let read = QueryParameters.time
        #expect(read("1435781430.781")?.millis == 1_435_781_430_781)
        #expect(read("2015-07-01T20:10:30.781Z")?.millis == 1_435_781_430_781)
        #expect(read("2015-07-01T22:10:30.7819+02:00")?.millis == 1_435_781_430_781)
        #expect(read("1969-12-31T23:59:59Z")?.millis == -1000)
        for bad in ["", "x", "nan", "1e300", "2015-07-01", "2015-13-01T00:00:00Z"] {
            #expect(read(bad) == nil)
        }
    }
}
