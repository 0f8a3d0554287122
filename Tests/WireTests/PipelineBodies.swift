import Testing

@testable import Wire

// Bodies as producers send them, written for these tests after their documentation.

enum PipelineBodies {
    static let start = """
        {"eventTime":"2026-11-23T16:08:36.668952+00:00","eventType":"START","inputs":[],
         "job":{"facets":{"jobType":{"processingType":"BATCH","integration":"AIRFLOW",
          "jobType":"DAG"}},"name":"fraud-train","namespace":"team-a"},"outputs":[],
         "producer":"https://example.org/x","run":{"facets":{"nominalTime":{
          "nominalStartTime":"2026-11-23T16:00:00Z"},"parent":{"run":{"runId":"p-1"},
          "job":{"namespace":"team-a","name":"nightly"}},"tags":{"tags":[
          {"key":"team/owner","value":"ml","source":"USER"},{"key":"flag"}]},
          "gone":{"_deleted":true}},"runId":"r-1"},
         "schemaURL":"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"}
        """

    static let fail = """
        {"eventTime":"2026-11-23T16:09:00Z","eventType":"FAIL","job":{"name":"fraud-train",
         "namespace":"team-a"},"inputs":[{"namespace":"s3://features","name":"fraud/v3",
         "inputFacets":{"dataQualityMetrics":{"rowCount":1000,
         "lastUpdated":"2026-11-23T02:30:00Z","columnMetrics":{}}}}],
         "outputs":[{"namespace":"s3://models","name":"fraud","facets":{"version":{
         "datasetVersion":"v7"}},"outputFacets":{"outputStatistics":{"rowCount":0}}}],
         "run":{"runId":"r-1","facets":{"errorMessage":{"message":"OOM"}}}}
        """

    static let pipelineRun = """
        {"pipelineRun":{"metadata":{"name":"nightly-x7f2","namespace":"ci","uid":"u-1",
         "labels":{"tekton.dev/pipeline":"nightly","app.kubernetes.io/part-of":"ml"}},
         "spec":{},"status":{"startTime":"2026-11-23T16:00:00Z",
         "completionTime":"2026-11-23T16:05:30Z","conditions":[{"type":"Succeeded",
         "status":"False","reason":"Failed","message":"Tasks Completed: 3 (Failed: 1)",
         "lastTransitionTime":"2026-11-23T16:05:31Z"}]}}}
        """

    static let workflow = """
        {"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","metadata":{
         "generateName":"train-","name":"train-abcde","namespace":"kf","uid":"w-1",
         "annotations":{"workflows.argoproj.io/scheduled-time":"2026-11-23T03:00:00Z"}},
         "status":{"phase":"Succeeded","startedAt":"2026-11-23T03:00:02Z",
         "finishedAt":"2026-11-23T03:40:00Z"}}
        """

    static let pyTorchJob = """
        {"apiVersion":"kubeflow.org/v1","kind":"PyTorchJob","metadata":{"name":"bert",
         "namespace":"kf","uid":"j-1"},"status":{"startTime":"2026-11-23T03:00:02Z",
         "completionTime":"2026-11-23T04:00:00Z","conditions":[
         {"type":"Created","status":"True"},{"type":"Running","status":"False"},
         {"type":"Succeeded","status":"True","lastTransitionTime":"2026-11-23T04:00:00Z"}]}}
        """

    static let inferenceService = """
        {"apiVersion":"serving.kserve.io/v1beta1","kind":"InferenceService","metadata":{
         "name":"fraud","namespace":"bank","uid":"i-1","generation":4},"status":{"components":{
         "predictor":{"latestReadyRevision":"fraud-predictor-00007"}},"conditions":[
         {"type":"PredictorReady","status":"True",
         "lastTransitionTime":"2026-11-23T10:00:00Z"}]}}
        """

    static let alias = """
        {"entity":"model_version_alias","action":"created",
         "timestamp":"2026-11-23T12:00:00.250000+00:00",
         "data":{"name":"fraud","alias":"champion","version":"7"}}
        """

    static let alertmanager = """
        {"version":"4","status":"firing","receiver":"pitot","alerts":[{"status":"firing","labels":{
         "alertname":"Down","severity":"page"},"annotations":{"summary":"it is down"},
         "startsAt":"2026-11-23T16:15:25Z","endsAt":"0001-01-01T00:00:00Z",
         "fingerprint":"ce62c109d98a5728"},{"status":"resolved","labels":{"alertname":"Slow"},
         "startsAt":"2026-11-23T16:00:00Z","endsAt":"2026-11-23T16:10:00Z"}]}
        """

    /// A structured CloudEvent.
    static func event(_ type: String, _ data: String, id: String = "e-1") -> String {
        """
        {"specversion":"1.0","type":"\(type)","source":"/test","id":"\(id)","subject":"s-1",
         "time":"2026-11-23T16:06:00Z","data":\(data)}
        """
    }

    /// Every body, with what reads it.
    static let all: [(name: String, body: String)] = [
        ("lineage", start), ("lineage", fail), ("batch", "[\(start),\(fail)]"),
        ("event", event("dev.tekton.event.pipelinerun.failed.v1", pipelineRun)),
        ("event", event("dev.knative.apiserver.resource.update", workflow)),
        ("event", event("dev.knative.apiserver.resource.add", pyTorchJob)),
        ("event", event("dev.knative.apiserver.resource.update", inferenceService)),
        ("event", event("resource", "{\"type\":\"UPDATE\",\"body\":\(workflow)}")),
        ("event", event("io.pitot.run.started", "{\"job\":\"x\",\"labels\":{\"a\":\"b\"}}")),
        ("mlflow", alias), ("alertmanager", alertmanager),
    ]

    static func read(_ name: String, _ body: [UInt8]) throws -> PipelineReading {
        var limits = PipelineLimits()
        // Tests read tens of thousands of bodies.
        limits.bodyBytes = 1 << 17
        guard let reader = PipelineReader(limits: limits) else { throw NoMemory() }
        switch name {
        case "lineage": return reader.lineage(body, isBatch: false)
        case "batch": return reader.lineage(body, isBatch: true)
        case "mlflow": return reader.mlflow(body, delivery: "d-1")
        case "alertmanager": return reader.alertmanager(body)
        default:
            return reader.cloudEvents(
                CloudEventBody(
                    headers: [], contentType: "application/cloudevents+json; charset=utf-8",
                    body: body))
        }
    }

    static func read(_ name: String, _ body: String) throws -> PipelineReading {
        try read(name, Array(body.utf8))
    }
}
