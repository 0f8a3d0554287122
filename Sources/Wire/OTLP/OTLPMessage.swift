// The messages of OTLP by the names that JSON has for their fields.

/// A message.
enum OTLPMessage {
    case traces, resourceSpans, resource, scope, scopeSpans, span, status, event, link
    case keyValue, anyValue, arrayValue, listValue
    case metrics, resourceMetrics, scopeMetrics, metric, gauge, sum, histogram, exponential
    case summary, number, histogramPoint, exponentialPoint, buckets, summaryPoint, quantile
    case exemplar

    /// A field by its name; nil for one that is not known.
    func field(_ name: String) -> OTLPField? { Self.fields[self]?[name] }

    private static func all(_ number: Int, _ message: OTLPMessage) -> OTLPField {
        OTLPField(number, .message(message), isRepeated: true)
    }

    private static func one(_ number: Int, _ message: OTLPMessage) -> OTLPField {
        OTLPField(number, .message(message))
    }

    private static let fields: [OTLPMessage: [String: OTLPField]] =
        common.merging(ofTraces) { first, _ in first }.merging(ofMetrics) { first, _ in first }

    private static let common: [OTLPMessage: [String: OTLPField]] = [
        .resource: ["attributes": all(1, .keyValue)],
        .scope: [
            "name": OTLPField(1, .text), "version": OTLPField(2, .text),
            "attributes": all(3, .keyValue),
        ],
        .keyValue: ["key": OTLPField(1, .text), "value": one(2, .anyValue)],
        .anyValue: [
            "stringValue": OTLPField(1, .text), "boolValue": OTLPField(2, .bool),
            "intValue": OTLPField(3, .varint), "doubleValue": OTLPField(4, .double),
            "arrayValue": one(5, .arrayValue), "kvlistValue": one(6, .listValue),
            "bytesValue": OTLPField(7, .base64),
        ],
        .arrayValue: ["values": all(1, .anyValue)],
        .listValue: ["values": all(1, .keyValue)],
    ]

    private static let ofTraces: [OTLPMessage: [String: OTLPField]] = [
        .traces: ["resourceSpans": all(1, .resourceSpans)],
        .resourceSpans: ["resource": one(1, .resource), "scopeSpans": all(2, .scopeSpans)],
        .scopeSpans: ["scope": one(1, .scope), "spans": all(2, .span)],
        .span: [
            "traceId": OTLPField(1, .hex), "spanId": OTLPField(2, .hex),
            "traceState": OTLPField(3, .text), "parentSpanId": OTLPField(4, .hex),
            "name": OTLPField(5, .text), "kind": OTLPField(6, .enumeration),
            "startTimeUnixNano": OTLPField(7, .fixed64), "endTimeUnixNano": OTLPField(8, .fixed64),
            "attributes": all(9, .keyValue), "events": all(11, .event), "links": all(13, .link),
            "status": one(15, .status), "flags": OTLPField(16, .fixed32),
        ],
        .status: ["message": OTLPField(2, .text), "code": OTLPField(3, .enumeration)],
        .event: [
            "timeUnixNano": OTLPField(1, .fixed64), "name": OTLPField(2, .text),
            "attributes": all(3, .keyValue),
        ],
        .link: [
            "traceId": OTLPField(1, .hex), "spanId": OTLPField(2, .hex),
            "traceState": OTLPField(3, .text), "attributes": all(4, .keyValue),
        ],
    ]

    private static let point: [String: OTLPField] = [
        "startTimeUnixNano": OTLPField(2, .fixed64), "timeUnixNano": OTLPField(3, .fixed64),
    ]

    private static let ofMetrics: [OTLPMessage: [String: OTLPField]] = [
        .metrics: ["resourceMetrics": all(1, .resourceMetrics)],
        .resourceMetrics: ["resource": one(1, .resource), "scopeMetrics": all(2, .scopeMetrics)],
        .scopeMetrics: ["scope": one(1, .scope), "metrics": all(2, .metric)],
        .metric: [
            "name": OTLPField(1, .text), "description": OTLPField(2, .text),
            "unit": OTLPField(3, .text), "gauge": one(5, .gauge), "sum": one(7, .sum),
            "histogram": one(9, .histogram), "exponentialHistogram": one(10, .exponential),
            "summary": one(11, .summary),
        ],
        .gauge: ["dataPoints": all(1, .number)],
        .sum: [
            "dataPoints": all(1, .number), "aggregationTemporality": OTLPField(2, .enumeration),
            "isMonotonic": OTLPField(3, .bool),
        ],
        .histogram: [
            "dataPoints": all(1, .histogramPoint),
            "aggregationTemporality": OTLPField(2, .enumeration),
        ],
        .exponential: [
            "dataPoints": all(1, .exponentialPoint),
            "aggregationTemporality": OTLPField(2, .enumeration),
        ],
        .summary: ["dataPoints": all(1, .summaryPoint)],
        .number: point.merging([
            "attributes": all(7, .keyValue), "asDouble": OTLPField(4, .double),
            "asInt": OTLPField(6, .fixed64), "exemplars": all(5, .exemplar),
            "flags": OTLPField(8, .varint),
        ]) { first, _ in first },
        .histogramPoint: point.merging([
            "attributes": all(9, .keyValue), "count": OTLPField(4, .fixed64),
            "sum": OTLPField(5, .double),
            "bucketCounts": OTLPField(6, .fixed64, isRepeated: true),
            "explicitBounds": OTLPField(7, .double, isRepeated: true),
            "exemplars": all(8, .exemplar), "flags": OTLPField(10, .varint),
            "min": OTLPField(11, .double), "max": OTLPField(12, .double),
        ]) { first, _ in first },
        .exponentialPoint: point.merging([
            "attributes": all(1, .keyValue), "count": OTLPField(4, .fixed64),
            "sum": OTLPField(5, .double), "scale": OTLPField(6, .zigzag),
            "zeroCount": OTLPField(7, .fixed64), "positive": one(8, .buckets),
            "negative": one(9, .buckets), "flags": OTLPField(10, .varint),
            "exemplars": all(11, .exemplar), "zeroThreshold": OTLPField(14, .double),
        ]) { first, _ in first },
        .buckets: [
            "offset": OTLPField(1, .zigzag),
            "bucketCounts": OTLPField(2, .varint, isRepeated: true),
        ],
        .summaryPoint: point.merging([
            "attributes": all(7, .keyValue), "count": OTLPField(4, .fixed64),
            "sum": OTLPField(5, .double), "quantileValues": all(6, .quantile),
            "flags": OTLPField(8, .varint),
        ]) { first, _ in first },
        .quantile: ["quantile": OTLPField(1, .double), "value": OTLPField(2, .double)],
        .exemplar: [
            "filteredAttributes": all(7, .keyValue), "timeUnixNano": OTLPField(2, .fixed64),
            "asDouble": OTLPField(3, .double), "asInt": OTLPField(6, .fixed64),
            "spanId": OTLPField(4, .hex), "traceId": OTLPField(5, .hex),
        ],
    ]
}
