import Model
import Wire

// What is told of runs: OpenLineage, CloudEvents of all types that say something of runs, webhooks,
// and the log's form of it.

private let limits: PipelineLimits = {
    var limits = PipelineLimits()
    limits.bodyBytes = 1 << 16
    limits.events = 50
    limits.nameBytes = 60
    limits.textBytes = 20
    limits.labels = 4
    limits.facets = 6
    limits.datasets = 3
    limits.alerts = 5
    return limits
}()

/// What is read stays within its limits, and the log gives it back.
private func check(_ reading: PipelineReading) {
    precondition(reading.events.count <= max(limits.events, limits.alerts), "few events")
    for (index, _) in reading.refused {
        precondition(index < max(1, reading.received), "a place within the body")
    }
    for event in reading.events {
        switch event {
        case .run(let report):
            precondition(!report.id.isEmpty, "a run has an id")
            precondition(report.labels.count <= limits.labels, "few labels")
            precondition(report.facets.count <= limits.facets, "few facets")
            precondition(report.datasets.count <= limits.datasets, "few datasets")
            precondition(report.message.utf8.count <= limits.textBytes, "a short message")
        case .dataset(let use, _): precondition(!use.name.isEmpty, "a dataset has a name")
        case .change(let change): precondition(!change.key.isEmpty, "a change has a key")
        case .alert(let alert): precondition(!alert.labels.isEmpty, "an alert has labels")
        }
    }
    let batch = PipelineBatch(reading)
    var out = ByteWriter()
    batch.encode(into: &out)
    var reader = ByteReader(out.bytes)
    precondition(PipelineBatch(from: &reader) == batch, "the log gives it back")
}

/// The first byte chooses one event or an array of them.
@Sendable func lineage(_ bytes: [UInt8]) {
    guard bytes.count > 1, let reader = PipelineReader(limits: limits) else { return }
    check(reader.lineage(Array(bytes[1...]), isBatch: bytes[0] & 1 == 1))
}

private let types = [
    "io.pitot.run.failed", "io.pitot.dataset.updated", "io.pitot.deploy",
    "dev.tekton.event.pipelinerun.failed.v1", "dev.tekton.event.taskrun.running.v1",
    "dev.knative.apiserver.resource.update", "dev.knative.apiserver.resource.delete", "resource",
]

/// The first byte chooses the mode, and the type of an event in headers.
@Sendable func runEvents(_ bytes: [UInt8]) {
    guard bytes.count > 1, let reader = PipelineReader(limits: limits) else { return }
    let body = Array(bytes[1...])
    let headers = [
        FeatureHeader(name: "ce-id", value: "1"), FeatureHeader(name: "ce-source", value: "s"),
        FeatureHeader(name: "ce-specversion", value: "1.0"),
        FeatureHeader(name: "ce-subject", value: "run"),
        FeatureHeader(name: "ce-type", value: types[Int(bytes[0] >> 1) % types.count]),
    ]
    let type = bytes[0] & 1 == 1 ? "application/cloudevents+json" : "application/json"
    check(reader.cloudEvents(CloudEventBody(headers: headers, contentType: type, body: body)))
}

/// The first byte chooses whose webhook it is.
@Sendable func webhooks(_ bytes: [UInt8]) {
    guard bytes.count > 1, let reader = PipelineReader(limits: limits) else { return }
    let body = Array(bytes[1...])
    check(
        bytes[0] & 1 == 1
            ? reader.mlflow(body, delivery: bytes[0] & 2 == 2 ? "d" : "")
            : reader.alertmanager(body))
    let text = String(decoding: body.prefix(100), as: UTF8.self)
    let signature = MLflowSignature(delivery: "d", timestamp: "1700000000", signature: text)
    precondition(
        signature.fault(of: body, secret: [1, 2, 3], at: Timestamp(millis: 1_700_000_000_000))
            != nil, "nobody guesses a signature")
}

/// The log's form, of bytes that nobody has written.
@Sendable func pipelineBatch(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard let batch = PipelineBatch(from: &reader) else { return }
    var out = ByteWriter()
    batch.encode(into: &out)
    var again = ByteReader(out.bytes)
    precondition(PipelineBatch(from: &again) == batch, "what is read is written alike")
}
