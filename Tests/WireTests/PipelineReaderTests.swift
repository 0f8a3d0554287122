import Model
import Testing

@testable import Wire

@Suite struct PipelineReaderTests {
    private func run(_ name: String, _ body: String) throws -> RunReport {
        let reading = try PipelineBodies.read(name, body)
        #expect(reading.refused.isEmpty)
        guard case .run(let report)? = reading.events.first else { throw NoReport() }
        return report
    }

    private struct NoReport: Error {}

    private func fault(_ name: String, _ body: String) throws -> PipelineFault? {
        let reading = try PipelineBodies.read(name, body)
        #expect(reading.events.isEmpty)
        return reading.refused.first?.fault
    }

    private func time(_ text: String) -> Timestamp? { Timestamp(rfc3339: text) }

    // MARK: OpenLineage

    @Test func aStartSaysWhoseRunItIs() throws {
        let report = try run("lineage", PipelineBodies.start)
        #expect(report.source == .openLineage && report.id == "r-1" && report.parent == "p-1")
        #expect(report.namespace == "team-a" && report.job == "fraud-train")
        #expect(report.step == .started && report.kind == "DAG")
        #expect(report.at == time("2026-11-23T16:08:36.668Z"))
        #expect(report.nominalAt == time("2026-11-23T16:00:00Z"))
        #expect(
            report.labels == [
                FeatureHeader(name: "integration", value: "AIRFLOW"),
                FeatureHeader(name: "tag_team_owner", value: "ml"),
            ])
        #expect(report.facets == ["jobType", "nominalTime", "parent", "tags"])
    }

    @Test func anEndTellsOfDatasets() throws {
        let report = try run("lineage", PipelineBodies.fail)
        #expect(report.step == .failed && report.message == "OOM")
        #expect(report.datasets.count == 2)
        #expect(report.datasets[0].updatedAt == time("2026-11-23T02:30:00Z"))
        #expect(report.datasets[0].rows == 1000 && !report.datasets[0].isOutput)
        #expect(report.datasets[1].rows == 0 && report.datasets[1].version == "v7")
        #expect(report.facets.contains("outputs.version"))
        #expect(report.facets.contains("inputs.dataQualityMetrics"))
    }

    @Test(arguments: [
        ("START", RunStep.started), ("RUNNING", .running), ("COMPLETE", .completed),
        ("FAIL", .failed), ("ABORT", .aborted), ("OTHER", .other), ("whatever", .other),
    ])
    func eachEventTypeIsAStep(word: String, step: RunStep) throws {
        let body = PipelineBodies.start.replacing("\"START\"", with: "\"\(word)\"")
        #expect(try run("lineage", body).step == step)
    }

    /// The log would give another batch back than was counted.
    @Test(arguments: ["-1", "-9223372036854775808", "1.5", "\"-7\""])
    func whatIsNoCountOfRowsIsNone(count: String) throws {
        let facets = "{\"dataQualityMetrics\":{\"rowCount\":\(count)}}"
        let dataset = "{\"namespace\":\"s\",\"name\":\"d\",\"inputFacets\":\(facets)}"
        let body = PipelineBodies.start.replacing(
            "\"inputs\":[]", with: "\"inputs\":[\(dataset)]")
        let reading = try PipelineBodies.read("lineage", body)
        guard case .run(let report)? = reading.events.first else { throw NoReport() }
        #expect(report.datasets.map(\.rows) == [nil])
        let batch = PipelineBatch(reading)
        var out = ByteWriter()
        batch.encode(into: &out)
        var reader = ByteReader(out.bytes)
        #expect(PipelineBatch(from: &reader) == batch)
    }

    @Test func whatAnEventMustHaveIsAskedFor() throws {
        let start = PipelineBodies.start
        for (from, to) in [
            ("\"runId\":\"r-1\"", "\"runId\":\"\""), ("\"runId\":\"r-1\"", "\"x\":1"),
            ("\"name\":\"fraud-train\",\"namespace\":\"team-a\"", "\"name\":\"a\""),
            ("\"eventTime\"", "\"eventClock\""),
        ] {
            #expect(try fault("lineage", start.replacing(from, with: to)) == .notAnEvent, "\(to)")
        }
        let bad = start.replacing("2026-11-23T16:08:36.668952+00:00", with: "yesterday")
        #expect(try fault("lineage", bad) == .badTime)
        let long = start.replacing("r-1", with: String(repeating: "r", count: 2000))
        #expect(try fault("lineage", long) == .tooLong)
        #expect(try fault("lineage", "") == .malformed)
        #expect(try fault("lineage", "7") == .notAnEvent)
    }

    @Test func aBatchNamesTheEventsThatWereNone() throws {
        let body = "[\(PipelineBodies.start),{\"a\":1},\(PipelineBodies.fail),3]"
        let reading = try PipelineBodies.read("batch", body)
        #expect(reading.received == 4 && reading.events.count == 2)
        #expect(reading.refused.map(\.index) == [1, 3])
    }

    @Test func jobAndDatasetEventsAreNoRuns() throws {
        let job =
            "{\"eventTime\":\"2026-11-23T16:09:00Z\",\"job\":{\"namespace\":\"a\",\"name\":\"b\"}}"
        #expect(try PipelineBodies.read("lineage", job).events.isEmpty)
        #expect(try PipelineBodies.read("lineage", job).refused.isEmpty)
        let dataset = """
            {"eventTime":"2026-11-23T16:09:00Z","dataset":{"namespace":"s3://x","name":"y",
             "facets":{"lifecycleStateChange":{"lifecycleStateChange":"OVERWRITE"}}}}
            """
        guard case .dataset(let use, _)? = try PipelineBodies.read("lineage", dataset).events.first
        else { throw NoReport() }
        #expect(use.updatedAt == time("2026-11-23T16:09:00Z"))
    }

    // MARK: CloudEvents

    @Test func tektonsObjectSaysMoreThanItsType() throws {
        let report = try run(
            "event",
            PipelineBodies.event(
                "dev.tekton.event.pipelinerun.running.v1", PipelineBodies.pipelineRun))
        #expect(report.id == "u-1" && report.job == "nightly" && report.kind == "PipelineRun")
        #expect(report.step == .failed && report.at == time("2026-11-23T16:05:30Z"))
        #expect(report.startedAt == time("2026-11-23T16:00:00Z"))
        #expect(report.message.hasPrefix("Tasks Completed"))
        #expect(
            report.labels.contains(
                FeatureHeader(name: "label_app_kubernetes_io_part_of", value: "ml")))
        let cancelled = PipelineBodies.pipelineRun.replacing("\"Failed\",", with: "\"Cancelled\",")
        #expect(
            try run(
                "event",
                PipelineBodies.event("dev.tekton.event.pipelinerun.failed.v1", cancelled)
            ).step == .aborted)
    }

    @Test func kubernetesObjectsAreRuns() throws {
        let workflow = try run(
            "event",
            PipelineBodies.event("dev.knative.apiserver.resource.update", PipelineBodies.workflow))
        #expect(workflow.job == "train" && workflow.step == .completed)
        #expect(workflow.nominalAt == time("2026-11-23T03:00:00Z"))
        #expect(workflow.at == time("2026-11-23T03:40:00Z"))
        let job = try run(
            "event",
            PipelineBodies.event("dev.knative.apiserver.resource.add", PipelineBodies.pyTorchJob))
        #expect(job.step == .completed && job.job == "bert" && job.kind == "PyTorchJob")
        // Gone while it ran: nobody will say how it ended.
        let running = PipelineBodies.workflow
            .replacing("\"Succeeded\"", with: "\"Running\"")
            .replacing("\"finishedAt\":\"2026-11-23T03:40:00Z\"", with: "\"x\":null")
        let gone = try run(
            "event", PipelineBodies.event("dev.knative.apiserver.resource.delete", running))
        #expect(gone.step == .aborted && gone.at == time("2026-11-23T16:06:00Z"))
        let other = PipelineBodies.event(
            "dev.knative.apiserver.resource.add",
            "{\"kind\":\"Pod\",\"metadata\":{\"uid\":\"x\",\"name\":\"y\"}}")
        #expect(try PipelineBodies.read("event", other).events.isEmpty)
    }

    @Test func aRevisionThatIsReadyIsADeploy() throws {
        let reading = try PipelineBodies.read(
            "event",
            PipelineBodies.event(
                "dev.knative.apiserver.resource.update", PipelineBodies.inferenceService))
        guard case .change(let change)? = reading.events.first else { throw NoReport() }
        #expect(change.kind == .deploy && change.model == "fraud" && change.namespace == "bank")
        #expect(change.version == "fraud-predictor-00007")
        #expect(change.at == time("2026-11-23T16:06:00Z"))
    }

    @Test func ourOwnTypesNeedLittle() throws {
        let report = try run("event", PipelineBodies.event("io.pitot.run.failed", "{}"))
        #expect(report.id == "s-1" && report.scope == "/test" && report.job == "/test")
        #expect(report.step == .failed)
        let update = PipelineBodies.event(
            "io.pitot.dataset.updated", "{\"name\":\"fraud\",\"rowCount\":5}")
        guard case .dataset(let use, _)? = try PipelineBodies.read("event", update).events.first
        else { throw NoReport() }
        #expect(use.name == "fraud" && use.rows == 5 && use.updatedAt != nil)
        #expect(
            try fault("event", PipelineBodies.event("com.example.other", "{}")) == .unknownType)
        let bad = PipelineBodies.event("io.pitot.run.failed", "{}")
            .replacing("2026-11-23T16:06:00Z", with: "noon")
        #expect(try fault("event", bad) == .badTime)
    }

    @Test func theThreeModesSayTheSame() throws {
        let type = "dev.tekton.event.pipelinerun.failed.v1"
        let whole = try run("event", PipelineBodies.event(type, PipelineBodies.pipelineRun))
        let batch = try PipelineBodies.read(
            "event", "[" + PipelineBodies.event(type, PipelineBodies.pipelineRun) + "]")
        #expect(batch.events == [.run(whole)])
        guard let reader = PipelineReader() else { throw NoMemory() }
        let binary = reader.cloudEvents(
            CloudEventBody(
                headers: [
                    FeatureHeader(name: "ce-id", value: "e-1"),
                    FeatureHeader(name: "ce-specversion", value: "1.0"),
                    FeatureHeader(name: "ce-type", value: type),
                    FeatureHeader(name: "ce-source", value: "%2Ftest"),
                    FeatureHeader(name: "ce-time", value: "2026-11-23T16:06:00Z"),
                ], contentType: "application/json",
                body: Array(PipelineBodies.pipelineRun.utf8)))
        #expect(binary.events == [.run(whole)])
        // The SDK packs bytes that way; "{}" is e30=.
        let packed = PipelineBodies.event("io.pitot.run.failed", "{}")
            .replacing("\"data\":{}", with: "\"data_base64\":\"e30=\"")
        #expect(try run("event", packed).id == "s-1")
        #expect(
            try fault("event", packed.replacing("e30=", with: "e30")) == .notAnEvent)
    }

    @Test func eventsAboutRequestsAreLeftToThoseWhoWatchModels() throws {
        let body =
            "[" + PipelineBodies.event("org.kubeflow.serving.inference.request", "{}") + ","
            + PipelineBodies.event("io.pitot.run.failed", "{}") + "]"
        let reading = try PipelineBodies.read("event", body)
        #expect(reading.inference == 1 && reading.events.count == 1 && reading.received == 2)
    }

    // MARK: Webhooks

    @Test func aliasesAndVersionsOfMLflowAreChanges() throws {
        let reading = try PipelineBodies.read("mlflow", PipelineBodies.alias)
        guard case .change(let change)? = reading.events.first else { throw NoReport() }
        #expect(change.kind == .alias && change.model == "fraud" && change.version == "7")
        #expect(change.detail == "champion" && change.key == "mlflow/d-1")
        #expect(change.at == time("2026-11-23T12:00:00.250Z"))
        let other = "{\"entity\":\"prompt\",\"action\":\"created\",\"data\":{\"name\":\"x\"}}"
        #expect(try PipelineBodies.read("mlflow", other).events.isEmpty)
        #expect(try fault("mlflow", "{\"entity\":\"prompt\"}") == .notAnEvent)
    }

    @Test func aSignatureIsOfIDTimeBodyAndSecret() {
        // Worked out by Python's hmac.
        let good = "v1,C14irLc4pS7LYpawVFJ4ob4K3N7hhNqZb2TpA0MgjQk="
        let body = Array("{\"a\":1}".utf8)
        let secret = Array("s3cret".utf8)
        func fault(
            _ delivery: String = "d-1", _ timestamp: String = "1795449600",
            _ signature: String? = nil, after seconds: Int64 = 0, _ text: [UInt8]? = nil
        ) -> String? {
            MLflowSignature(
                delivery: delivery, timestamp: timestamp, signature: signature ?? good
            ).fault(
                of: text ?? body, secret: secret,
                at: Timestamp(millis: (1_795_449_600 + seconds) * 1000))
        }
        #expect(fault() == nil)
        #expect(fault(after: 300) == nil && fault(after: -300) == nil)
        #expect(fault("d-1", "1795449600", "v1,AAAA " + good) == nil)
        #expect(fault(after: 301) != nil && fault(after: -302) != nil)
        #expect(fault("d-2") != nil)
        #expect(fault("d-1", "1795449601") != nil)
        #expect(fault("d-1", "now") != nil && fault("d-1", "9223372036854775807") != nil)
        #expect(fault("d-1", "-9223372036854775808") != nil)
        #expect(fault("d-1", "1795449600", "") != nil)
        #expect(fault("d-1", "1795449600", String(good.dropFirst(3))) != nil)
        #expect(fault("d-1", "1795449600", nil, after: 0, body + [0x20]) != nil)
    }

    @Test func alertmanagersAlertsHaveABeginningAndAnEnd() throws {
        let reading = try PipelineBodies.read("alertmanager", PipelineBodies.alertmanager)
        guard case .alert(let first)? = reading.events.first,
            case .alert(let second)? = reading.events.last
        else { throw NoReport() }
        #expect(first.isFiring && first.endsAt == nil && first.summary == "it is down")
        #expect(!second.isFiring && second.endsAt == time("2026-11-23T16:10:00Z"))
        #expect(
            try fault("alertmanager", "{\"version\":\"3\",\"alerts\":[]}") == .unknownType)
        #expect(try fault("alertmanager", "{\"version\":\"4\"}") == .notAnEvent)
    }
}
