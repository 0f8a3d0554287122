import Model
import Testing

@testable import Wire

@Suite struct CloudEventTests {
    private let attributes: [(String, String)] = [
        ("ce-specversion", "1.0"), ("ce-id", "0009174a-24a8-4603-b098-09c8799950e9"),
        ("ce-type", "org.kubeflow.serving.inference.request"),
        ("ce-source", "http://localhost:9081/"), ("ce-time", "2026-04-10T00:23:26.0789529Z"),
        ("ce-inferenceservicename", "sklearn-iris"), ("ce-namespace", "default"),
        ("ce-component", "predictor"), ("ce-endpoint", ""),
        ("ce-metadata", "{\"X-Tenant\":[\"a\"],\"X-Model-Version\":[\"7\"]}"),
    ]

    private func request(
        _ body: String, contentType: String = "application/json",
        _ changed: (String, String)...
    ) -> CloudEventBody {
        var headers = attributes
        for (name, value) in changed {
            headers.removeAll { $0.0 == name }
            headers.append((name, value))
        }
        return CloudEventBody(
            headers: headers.map { FeatureHeader(name: $0.0, value: $0.1) },
            contentType: contentType, body: Array(body.utf8))
    }

    private func read(_ request: CloudEventBody) throws -> (
        events: [FeatureEvent], faults: [PayloadFault]
    ) {
        guard let reader = CloudEventReader() else { throw NoMemory() }
        return reader.read(request)
    }

    private func one(_ body: String, _ changed: (String, String)...) throws -> FeatureEvent {
        var whole = request(body)
        for (name, value) in changed {
            whole.headers.removeAll { $0.name == name }
            whole.headers.append(FeatureHeader(name: name, value: value))
        }
        let (events, faults) = try read(whole)
        #expect(faults.isEmpty)
        return try #require(events.first)
    }

    private func numbers(_ frame: FeatureFrame) -> [Double] { frame.words.map(\.double) }

    @Test func aRequestAsKServesLoggerSendsIt() throws {
        let event = try one("{\"instances\":[[6.8,2.8,4.8,1.4],[6.0,3.4,4.5,1.6]]}")
        #expect(event.kind == .request)
        #expect(event.id == "0009174a-24a8-4603-b098-09c8799950e9")
        #expect(event.model == "sklearn-iris" && event.namespace == "default")
        // 2026-04-10T00:23:26Z is 1775780606 s.
        #expect(event.nanos == 1_775_780_606_078_952_900)
        #expect(event.headers.contains(FeatureHeader(name: "x-model-version", value: "7")))
        #expect(event.frame.isPositional)
        #expect(event.frame.columns == ["0", "1", "2", "3"])
        #expect(numbers(event.frame) == [6.8, 2.8, 4.8, 1.4, 6.0, 3.4, 4.5, 1.6])
    }

    @Test func theOpenInferenceProtocolNestedAndFlat() throws {
        for data in ["[[1,2],[3,4],[5,6]]", "[1,2,3,4,5,6]"] {
            let event = try one(
                "{\"inputs\":[{\"name\":\"input-0\",\"shape\":[3,2],\"datatype\":\"FP32\","
                    + "\"data\":\(data)}]}")
            #expect(event.frame.isPositional && event.frame.rows == 3)
            #expect(numbers(event.frame) == [1, 2, 3, 4, 5, 6])
        }
    }

    @Test func namedTensorsAreNamedFeatures() throws {
        let event = try one(
            "{\"inputs\":[{\"name\":\"Sex\",\"shape\":[2],\"datatype\":\"BYTES\","
                + "\"data\":[\"male\",\"female\"]},{\"name\":\"Age\",\"shape\":[2,1],"
                + "\"datatype\":\"FP64\",\"data\":[22,38]},{\"name\":\"E\",\"shape\":[2,2],"
                + "\"datatype\":\"INT32\",\"data\":[1,2,3,4]}]}")
        #expect(event.frame.columns == ["Sex", "Age", "E[0]", "E[1]"])
        #expect(event.frame.texts == ["male", "female"])
        #expect(event.frame.words[1] == FeatureWord(22) && event.frame.words[7] == FeatureWord(4))
        #expect(event.frame.words[4] == FeatureWord(text: 1))
    }

    @Test func gRPCsJSONWithNumbersAsTexts() throws {
        let event = try one(
            "{\"inputs\":[{\"name\":\"INPUT\",\"datatype\":\"INT64\",\"shape\":[\"2\",\"2\"],"
                + "\"contents\":{\"int64Contents\":[\"1\",\"2\",\"3\",\"4\"]}}]}")
        #expect(numbers(event.frame) == [1, 2, 3, 4] && event.frame.rows == 2)
    }

    @Test func rowsByNameAndByColumn() throws {
        let rows = try one(
            "{\"instances\":[{\"age\":3,\"city\":\"Bonn\"},{\"city\":\"Ulm\",\"age\":4}]}")
        #expect(rows.frame.columns == ["age", "city"] && rows.frame.rows == 2)
        let columns = try one("{\"inputs\":{\"age\":[3,4],\"city\":[\"Bonn\",\"Ulm\"]}}")
        #expect(columns.frame.columns == rows.frame.columns)
        #expect(columns.frame.rows == 2 && columns.frame.words[2] == FeatureWord(4))
    }

    @Test func seldonsTwoForms() throws {
        let array = try one(
            "{\"data\":{\"names\":[\"a\",\"b\"],\"ndarray\":[[1,2],[3,4]]}}",
            ("ce-type", "io.seldon.serving.inference.request"))
        #expect(array.frame.columns == ["a", "b"] && numbers(array.frame) == [1, 2, 3, 4])
        #expect(!array.frame.isPositional)
        let tensor = try one(
            "{\"data\":{\"tensor\":{\"shape\":[1,3],\"values\":[1,2,3]}}}",
            ("ce-type", "io.seldon.serving.inference.request"), ("ce-specversion", "0.2"),
            ("ce-requestid", "r1"))
        #expect(tensor.frame.rows == 1 && tensor.id == "r1")
    }

    @Test func theResponseTellsTheVersion() throws {
        let event = try one(
            "{\"model_name\":\"iris\",\"model_version\":\"3\",\"outputs\":[{\"name\":\"o\","
                + "\"shape\":[1],\"datatype\":\"INT64\",\"data\":[1]}]}",
            ("ce-type", "org.kubeflow.serving.inference.response"), ("ce-statuscode", "500"))
        #expect(event.kind == .response && event.version == "3" && event.status == 500)
        #expect(event.frame.columns == ["o"])
    }

    @Test func binaryTensorsStandBehindTheJSON() throws {
        let json =
            "{\"inputs\":[{\"name\":\"a\",\"shape\":[2,1],\"datatype\":\"FP32\",\"parameters\":"
            + "{\"binary_data_size\":8}},{\"name\":\"b\",\"shape\":[2],\"datatype\":\"BYTES\","
            + "\"parameters\":{\"binary_data_size\":11}},{\"name\":\"c\",\"shape\":[2],"
            + "\"datatype\":\"FP16\",\"parameters\":{\"binary_data_size\":4}}]}"
        var whole = request(json)
        for value in [Float(1.5), -2] {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { whole.body += Array($0) }
        }
        whole.body += [2, 0, 0, 0] + Array("{x".utf8) + [1, 0, 0, 0] + Array("y".utf8)
        whole.body += [0x00, 0x3c, 0x00, 0xc0]
        let (events, faults) = try read(whole)
        #expect(faults.isEmpty)
        let frame = try #require(events.first).frame
        #expect(frame.columns == ["a", "b", "c"] && frame.rows == 2)
        #expect(frame.texts == ["{x", "y"])
        #expect(frame.words[0] == FeatureWord(1.5) && frame.words[3] == FeatureWord(-2))
        #expect(frame.words[2] == FeatureWord(1) && frame.words[5] == FeatureWord(-2))
        whole.body.removeLast()
        #expect(try read(whole).events.first?.faults == [.wrongShape])
    }

    @Test func structuredAndBatchModes() throws {
        func event(_ id: String, _ data: String) -> String {
            "{\"specversion\":\"1.0\",\"id\":\"\(id)\",\"source\":\"s\",\"inferenceservicename\":"
                + "\"iris\",\"type\":\"org.kubeflow.serving.inference.request\",\(data)}"
        }
        let plain = event("1", "\"data\":{\"instances\":[[1,2]]}")
        let packed = event("2", "\"data_base64\":\"eyJpbnN0YW5jZXMiOltbMyw0XV19\"")
        let single = try read(
            request(plain, contentType: "application/cloudevents+json; charset=UTF-8"))
        #expect(single.events.map(\.id) == ["1"] && single.faults.isEmpty)
        let batch = try read(
            request(
                "[\(plain),\(packed),7,{\"id\":\"3\"}]",
                contentType: "application/cloudevents-batch+json"))
        #expect(batch.events.map(\.id) == ["1", "2"])
        #expect(batch.events.map { numbers($0.frame) } == [[1, 2], [3, 4]])
        #expect(batch.faults == [.notAnEvent, .notAnEvent])
    }

    @Test func badEventsAreCountedByReason() throws {
        func fault(_ body: String, _ changed: (String, String)...) throws -> [PayloadFault] {
            var whole = request(body)
            for (name, value) in changed {
                whole.headers.removeAll { $0.name == name }
                whole.headers.append(FeatureHeader(name: name, value: value))
            }
            let (events, faults) = try read(whole)
            return faults + events.flatMap(\.faults)
        }
        #expect(try fault("{}", ("ce-id", "")) == [.notAnEvent])
        #expect(try fault("{}", ("ce-type", "com.example.other")) == [.unknownType])
        #expect(try fault("{}") == [.unknownBody])
        #expect(try fault("{") == [.malformedJSON])
        #expect(try fault("\u{0}\u{0}\u{0}\u{0}\u{3}abc") == [.grpc])
        #expect(try fault("{\"instances\":[[1,2],[3]]}") == [.wrongShape])
        #expect(try fault("{\"instances\":[]}") == [])
        #expect(try fault("{\"instances\":7}") == [.unknownBody])
        let tensor = "{\"inputs\":[{\"name\":\"a\",\"datatype\":\"FP32\",\"shape\":"
        #expect(try fault(tensor + "[2,3],\"data\":[1,2]}]}") == [.wrongShape])
        #expect(try fault(tensor + "[-1],\"data\":[1]}]}") == [.wrongShape])
        #expect(
            try fault(tensor + "[4611686018427387904,4],\"data\":[1]}]}") == [.wrongShape])
        #expect(try fault(tensor + "[1]}]}") == [.wrongShape])
        #expect(try fault("{\"instances\":[[1e999]]}") == [.badNumber])
        #expect(try fault("{\"instances\":[[NaN,1]]}") == [])
    }

    @Test func valuesOfAllTensorsAndEventsAreBounded() throws {
        var limits = FeatureLimits()
        limits.values = 10
        guard let reader = CloudEventReader(limits: limits) else { throw NoMemory() }
        let tensor = "\"shape\":[6],\"datatype\":\"FP32\",\"data\":[1,2,3,4,5,6]"
        let two = "{\"inputs\":[{\"name\":\"a\",\(tensor)},{\"name\":\"b\",\(tensor)}]}"
        let event = reader.read(request(two)).events.first
        #expect(event?.faults == [.tooManyValues] && event?.frame.rows == 0)
        let columns = "{\"inputs\":{\"a\":[1,2,3,4,5,6],\"b\":[1,2,3,4,5,6]}}"
        #expect(reader.read(request(columns)).events.first?.faults == [.tooManyValues])
        let one =
            "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"s\",\"type\":"
            + "\"org.kubeflow.serving.inference.request\",\"data\":{\"instances\":[[1,2,3,4]]}}"
        let batch = reader.read(
            request(
                "[" + Array(repeating: one, count: 9).joined(separator: ",") + "]",
                contentType: "application/cloudevents-batch+json"))
        #expect(batch.events.count == 3 && batch.faults == [.tooManyValues])
    }

    @Test func timesAreReadToTheNanosecond() {
        #expect(CloudTime.nanos("1970-01-01T00:00:01Z") == 1_000_000_000)
        #expect(CloudTime.nanos("1970-01-01T01:00:00.000000001+01:00") == 1)
        #expect(CloudTime.nanos("2026-04-10T00:23:26.5-00:30") == 1_775_782_406_500_000_000)
        for bad in ["", "2026-04-10", "2026-13-10T00:00:00Z", "2026-04-10T00:00:00", "x"] {
            #expect(CloudTime.nanos(bad) == nil, "\(bad)")
        }
    }

    @Test func headersArePercentDecoded() {
        #expect(CloudAttributes.decoded("a%20b%E2%82%ac") == "a b€")
        #expect(CloudAttributes.decoded("100%") == "100%")
        #expect(CloudAttributes.decoded("%ff") == nil)
    }

    @Test func everyTruncationAndFlipOfABodyIsTakenOrCounted() throws {
        let good = Array(
            ("{\"id\":\"x\",\"inputs\":[{\"name\":\"a\",\"shape\":[2,1],\"datatype\":\"FP32\","
                + "\"parameters\":{\"binary_data_size\":8}},{\"name\":\"b\",\"shape\":[2],"
                + "\"datatype\":\"BYTES\",\"data\":[\"u\",\"v\"]}]}12345678").utf8)
        guard let reader = CloudEventReader() else { throw NoMemory() }
        var whole = request("")
        for end in good.indices {
            whole.body = Array(good[..<end])
            let events = reader.read(whole).events
            #expect(events.allSatisfy { !$0.faults.isEmpty && $0.frame.rows == 0 })
        }
        for place in good.indices {
            for bit in 0..<8 {
                whole.body = good
                whole.body[place] ^= 1 << UInt8(bit)
                for event in reader.read(whole).events {
                    let frame = event.frame
                    #expect(frame.words.count == frame.rows * frame.columns.count)
                }
            }
        }
    }

    @Test func aBatchReadsBackFromTheLog() throws {
        var batch = FeatureBatch()
        batch.events = [
            try one("{\"instances\":[{\"age\":3,\"city\":\"Bonn\"},{\"age\":null}]}"),
            try one("{}"),
        ]
        for index in batch.events.indices { batch.events[index].headers = [] }
        batch.shed = 3
        batch.count(.grpc)
        var out = ByteWriter()
        batch.encode(into: &out)
        var reader = ByteReader(out.bytes)
        #expect(FeatureBatch(from: &reader) == batch)
        for end in out.bytes.indices {
            var cut = ByteReader(Array(out.bytes[..<end]))
            #expect(FeatureBatch(from: &cut) == nil, "cut at \(end)")
        }
        for place in out.bytes.indices {
            var bytes = out.bytes
            bytes[place] ^= 0x41
            var flipped = ByteReader(bytes)
            if let read = FeatureBatch(from: &flipped) {
                var again = ByteWriter()
                read.encode(into: &again)
                #expect(again.bytes.count <= bytes.count + 8)
            }
        }
    }

    @Test(arguments: [
        ("{\"truth\":{\"data\":{\"ndarray\":[[1]]}},\"reward\":0}", "label", 1.0),
        ("{\"truth\":null,\"reward\":0.5}", "reward", 0.5),
        ("{\"label\":3}", "label", 3.0), ("{\"labels\":[3]}", "label", 3.0),
    ])
    func feedbackTellsWhatTheAnswerShouldHaveBeen(
        body: String, column: String, value: Double
    ) throws {
        let event = try one(body, ("ce-type", "io.seldon.serving.feedback"))
        #expect(event.kind == .feedback && event.faults.isEmpty)
        #expect(event.frame.columns == [column] && event.frame.words == [FeatureWord(value)])
    }

    @Test func feedbackIsAboutTheRequestThatItNames() throws {
        let body = "{\"response\":{\"meta\":{\"puid\":\"p1\"}},\"label\":\"cat\"}"
        let event = try one(body, ("ce-type", "io.pitot.inference.feedback"))
        #expect(event.id == "p1" && event.frame.texts == ["cat"])
        for (bad, fault) in [
            ("{\"request\":{}}", PayloadFault.unknownBody),
            ("{\"labels\":[[1,2]]}", .wrongShape), ("{\"truth\":{}}", .unknownBody),
        ] {
            let event = try one(bad, ("ce-type", "io.pitot.inference.feedback"))
            #expect(event.faults == [fault] && event.frame.rows == 0, "\(bad)")
        }
    }

    @Test func theSamplingExtensionIsRead() throws {
        #expect(try one("{\"instances\":[[1]]}").sampledRate == 1)
        for (text, rate) in [("10", UInt32(10)), ("0", 1), ("-3", 1), ("x", 1)] {
            #expect(
                try one("{\"instances\":[[1]]}", ("ce-sampledrate", text)).sampledRate == rate)
        }
    }
}
