import Model
import Wire

// What brings features: rows, CloudEvents of all modes with inference bodies of all forms, and the
// log's form of both.

private let limits: FeatureLimits = {
    var limits = FeatureLimits()
    limits.columns = 20
    limits.nameBytes = 30
    limits.values = 200
    limits.textBytes = 20
    limits.events = 10
    limits.bodyBytes = 1 << 14
    return limits
}()

/// A frame's values fill its rows, and its texts are there.
private func check(_ frame: FeatureFrame) {
    precondition(frame.columns.count <= limits.columns, "the limit of columns holds")
    precondition(frame.words.count <= limits.values, "the limit of values holds")
    precondition(frame.words.count == frame.rows * frame.columns.count, "rows are whole")
    precondition(Set(frame.columns).count == frame.columns.count, "each column once")
    precondition(frame.times.isEmpty || frame.times.count == frame.rows, "a time a row or none")
    for word in frame.words {
        if case .text(let place) = word.content {
            precondition(place < frame.texts.count, "a text for each place")
            precondition(frame.texts[place].utf8.count <= 3 * limits.textBytes, "short enough")
        }
    }
}

/// What is logged reads back the same.
private func checkLog(_ batch: FeatureBatch) {
    var out = ByteWriter()
    batch.encode(into: &out)
    var reader = ByteReader(out.bytes)
    guard let read = FeatureBatch(from: &reader) else {
        preconditionFailure("what is written reads back")
    }
    precondition(read == batch, "and is the same")
}

/// The first byte chooses whether rows have times.
@Sendable func featureRows(_ bytes: [UInt8]) {
    guard let rows = FeatureRows(limits: limits), let first = bytes.first else { return }
    let read = rows.read(Array(bytes.dropFirst()), time: first % 2 == 0 ? nil : "t")
    var batch = FeatureBatch()
    var values = 0
    for frame in read.frames {
        check(frame)
        values += frame.words.count
        var event = FeatureEvent(.rows)
        event.frame = frame
        batch.events.append(event)
    }
    precondition(values <= limits.values, "the limit holds over all frames")
    for fault in read.faults { batch.count(fault) }
    checkLog(batch)
}

private let types = [
    "application/json", "application/cloudevents+json", "application/cloudevents-batch+json",
    "application/grpc",
]

private let kinds = [
    "org.kubeflow.serving.inference.request", "org.kubeflow.serving.inference.response",
    "io.seldon.serving.inference.request", "io.seldon.serving.feedback",
]

/// The first byte chooses the mode, the second the type of event.
@Sendable func cloudEvents(_ bytes: [UInt8]) {
    guard bytes.count > 2, let reader = CloudEventReader(limits: limits) else { return }
    let body = Array(bytes[2...])
    let headers = [
        FeatureHeader(name: "ce-id", value: "1"), FeatureHeader(name: "ce-source", value: "s"),
        FeatureHeader(name: "ce-specversion", value: "1.0"),
        FeatureHeader(name: "ce-type", value: kinds[Int(bytes[1] % 4)]),
        // Whatever a header may hold: a time, or percent signs.
        FeatureHeader(name: "ce-time", value: String(decoding: body.prefix(40), as: UTF8.self)),
        FeatureHeader(name: "ce-metadata", value: String(decoding: body, as: UTF8.self)),
    ]
    let read = reader.read(
        CloudEventBody(headers: headers, contentType: types[Int(bytes[0] % 4)], body: body))
    precondition(read.events.count <= limits.events, "the limit of events holds")
    var batch = FeatureBatch()
    for var event in read.events {
        check(event.frame)
        precondition(event.headers.count <= 33, "few headers")
        // They are used before the log.
        event.headers = []
        batch.events.append(event)
    }
    for fault in read.faults { batch.count(fault) }
    checkLog(batch)
}

/// The log's form, of bytes that nobody has written.
@Sendable func featureBatch(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    guard let batch = FeatureBatch(from: &reader) else { return }
    for event in batch.events {
        precondition(
            event.frame.words.count == event.frame.rows * event.frame.columns.count, "whole rows")
        for word in event.frame.words {
            if case .text(let place) = word.content {
                precondition(place < event.frame.texts.count, "a text for each place")
            }
        }
    }
    checkLog(batch)
}
