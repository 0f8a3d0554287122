#!/usr/bin/env python3
"""Writes the seed corpus of one parser: usage: seeds.py INDEX FOLDER.

INDEX is the parser's place in Fuzz.swift; each seed begins with it as a byte.
"""

import json
import pathlib
import struct
import sys


def varint(value):
    out = b""
    value &= 2**64 - 1
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def label(name, value):
    return field(1, field(1, name.encode()) + field(2, value.encode()))


def sample(value, time):
    return field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(time))


def double(number, value):
    return varint(number << 3 | 1) + struct.pack("<d", value)


def integer(number, value):
    return varint(number << 3) + varint(value)


def signed(number, value):
    return varint(number << 3) + zigzag(value)


def span(number, offset, length):
    return field(number, signed(1, offset) + integer(2, length))


def histograms():
    """Good ones of each form, one of them with its numbers one by one, and a stale marker."""
    time = integer(15, 1_700_000_000_000)
    whole = (
        integer(1, 11) + double(3, 18.4) + signed(4, 3) + double(5, 1e-128) + integer(6, 1)
        + span(8, -4, 1) + field(9, b"\x06") + span(11, 1, 2) + field(12, b"\x04\x06")
        + integer(14, 2) + time
    )
    gauge = (
        double(2, 2.5) + signed(4, -2) + double(7, 0.5) + span(11, 0, 1) + span(11, 3, 1)
        + double(13, 1.5) + double(13, 0.5) + integer(14, 3) + time
    )
    custom = (
        integer(1, 6) + double(3, 40) + signed(4, -53) + span(11, 0, 3) + field(12, b"\x02\x02\x02")
        + field(16, struct.pack("<dd", 0.1, 5)) + time
    )
    stale = varint(3 << 3 | 1) + struct.pack("<Q", 0x7FF0000000000002) + time
    return [whole, gauge, custom, stale]


def remote_write():
    good = label("__name__", "up") + label("job", "api") + sample(1, 1_700_000_000_000)
    scattered = sample(2, -1) + label("a", "b") + b"\x28\x05" + label("__name__", "m")
    exemplar = field(3, label("trace_id", "1") + double(2, 0.5) + integer(3, 7))
    metadata = integer(1, 3) + field(2, b"h") + field(4, b"help") + field(5, b"s")
    return [
        field(1, good),
        field(1, good) + field(1, scattered) + field(3, b"\x08\x01"),
        field(1, good + exemplar) + b"\x59" + bytes(8) + b"\x65" + bytes(4),
        field(1, good + b"".join(field(4, one) for one in histograms()) + exemplar)
        + field(3, metadata),
        field(1, field(4, b"\x08\x05") + field(4, span(11, 2**31 - 1, 2**32 - 1))),
    ] + [field(1, good + field(4, one)) for one in histograms()]


def remote_write_2():
    symbols = b"".join(field(4, text.encode()) for text in ("", "__name__", "up", "job", "api"))
    value = b"\x09" + struct.pack("<d", 1) + b"\x10" + varint(1_700_000_000_000)
    good = field(1, b"\x01\x02\x03\x04") + field(2, value + b"\x18\x07")
    split = b"\x08\x01" + field(2, value) + field(1, b"\x02") + b"\x30\x05"
    metadata = field(5, b"\x08\x01\x18\x02\x20\x00")
    exemplar = field(4, field(1, b"\x03\x04") + double(2, 0.5) + integer(3, 7))
    others = b"".join(field(3, one) for one in histograms()) + field(3, integer(17, 7))
    return [
        symbols + field(5, good),
        field(5, split + metadata + exemplar) + symbols + field(5, good),
        symbols + field(5, field(1, b"\x01\x09")) + field(5, field(1, b"\x01\x02\x03")),
        symbols + field(5, good + others + exemplar + metadata + integer(6, 5)),
        symbols + field(5, field(4, b"\x08\x03\x08\x09") + field(4, field(1, b"\x03"))),
    ] + [symbols + field(5, field(1, b"\x01\x02") + field(3, one)) for one in histograms()]


def snappy(content):
    """A block of literals alone, which every decoder takes."""
    out = varint(len(content))
    for at in range(0, len(content), 60):
        piece = content[at : at + 60]
        out += bytes([(len(piece) - 1) << 2]) + piece
    return out


def crc32c(data):
    crc = 2**32 - 1
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ (2**32 - 1)


def record(position, payload):
    body = bytes([1, 1]) + struct.pack("<Qq", position, 7) + payload
    return struct.pack("<II", len(body), crc32c(body)) + body


def zigzag(value):
    return varint(value << 1 ^ value >> 63)


def resolved_write():
    labels = b"\x08__name__\x02up"
    steps = zigzag(0) + zigzag(1_700_000_000_000) + struct.pack("<d", 1)
    again = zigzag(0) + zigzag(15_000) + struct.pack("<d", 2)
    # Refusals have 13 counters; a few more and fewer seeds find the number by themselves.
    return [
        b"\x01" + varint(len(labels)) + labels + b"\x02" + steps + again + b"\x03"
        + bytes([count]) + bytes(count)
        for count in range(10, 17)
    ]


def text(*lines):
    return [line.encode() for line in lines]


def examples():
    rules = pathlib.Path(__file__).parent.parent / "rules"
    return [path.read_bytes()[:4000] for path in sorted(rules.glob("*.yaml"))]


def feature_rows():
    return [
        b"\x00" + b'{"a":1.5,"b":"x\\u00e9","c":NaN,"d":null}\n{"a":-2,"d":true}\n[1]\n',
        b"\x01" + b'{"t":1700000000,"a":1}\n{"a":{"b":[1]},"t":1}\n',
    ]


def cloud_events():
    tensors = b'{"model_version":"3","inputs":[{"name":"a","shape":[2,2],"datatype":"FP32",' \
        b'"data":[[1,2],[3,4]]},{"name":"b","shape":["2"],"datatype":"BYTES",' \
        b'"contents":{"bytes_contents":["x","y"]}}]}'
    binary = b'{"inputs":[{"name":"a","shape":[2],"datatype":"FP16",' \
        b'"parameters":{"binary_data_size":4}}]}\x00\x3c\x00\xc0'
    bodies = [
        tensors, binary, b'{"instances":[[1,2.5],[3,NaN]]}', b'{"instances":[{"a":1},{"a":"x"}]}',
        b'{"inputs":{"a":[1,2],"b":["x","y"]}}', b'{"predictions":[1,0]}',
        b'{"data":{"names":["a","b"],"ndarray":[[1,2]]}}',
        b'{"data":{"tensor":{"shape":[1,2],"values":[1,2]}}}', b"\x00\x00\x00\x00\x02ab",
    ]
    event = b'{"specversion":"1.0","id":"1","source":"s",' \
        b'"type":"org.kubeflow.serving.inference.request","data":' + bodies[2] + b"}"
    packed = event.replace(b'"data":' + bodies[2], b'"data_base64":"eyJpbnN0YW5jZXMiOltbMV1dfQ=="')
    return [bytes([0, kind]) + body for kind in range(3) for body in bodies] + [
        b"\x01\x00" + event, b"\x02\x00[" + event + b"," + packed + b"]",
    ]


def feature_batch():
    def words(*values):
        return b"".join(struct.pack("<d", value) for value in values)

    name = varint(1) + b"a"
    frame = b"\x00" + varint(1) + name + varint(0) + varint(0) + varint(2) + words(1, 2)
    texts = b"\x01" + varint(1) + name + varint(1) + name + varint(1) + b"\x02" + varint(1) \
        + struct.pack("<Q", 0xFFFD << 48)
    head = varint(1) + varint(0) + varint(15) + bytes(15)
    event = b"".join(varint(1) + b"m" for _ in range(5)) + varint(4) + varint(0)
    return [
        head + varint(1) + b"\x00" + event + varint(0) + frame,
        head + varint(2) + b"\x01" + event + varint(1) + b"\x07" + texts
        + b"\x02" + event + varint(0) + frame,
    ]


def queries():
    """Expressions of the project's own scripts, as they stand behind `eval instant at TIME`."""
    scripts = pathlib.Path(__file__).parent.parent / "Tests" / "QueryTests" / "scripts"
    found = []
    for path in sorted(scripts.glob("*.test")):
        for line in path.read_text().splitlines():
            words = line.split(" ", 4)
            if words[:3] == ["eval", "instant", "at"] and len(words) == 5:
                found.append(words[4].encode())
    return found[::4] + text(
        "sum by (job) (rate(up[1m] offset -5s)) / on (job) group_left () up @ end() > bool 1",
        "quantile_over_time(0.5, (up * 2)[5m:7s])", "{__name__=~'.+'}", "-up ^ 2 unless size",
        "histogram_quantile(0.9, size) or time_bucket", "m[5m * 2 - 1]")


def read_requests():
    matcher = integer(1, 2) + field(2, b"job") + field(3, b"a|b")
    hints = integer(1, 15_000) + field(2, b"rate") + integer(3, 5) + integer(4, 9)
    query = integer(1, 1_700_000_000_000) + integer(2, 1_700_000_060_000) + field(3, matcher)
    return [
        field(1, query), field(1, query + field(4, hints)) + integer(2, 1) + integer(2, 0),
        field(1, query) + field(2, b"\x01\x00"), integer(2, 7)]


TIME = "2026-11-23T16:08:36.668952+00:00"


def lineage():
    start = {
        "eventTime": TIME, "eventType": "START", "job": {"namespace": "a", "name": "b", "facets": {
            "jobType": {"jobType": "DAG", "integration": "AIRFLOW"}}},
        "run": {"runId": "r", "facets": {
            "parent": {"run": {"runId": "p"}}, "nominalTime": {"nominalStartTime": TIME},
            "tags": {"tags": [{"key": "k", "value": "v"}]}, "errorMessage": {"message": "m"}}},
        "inputs": [{"namespace": "s", "name": "i", "inputFacets": {
            "dataQualityMetrics": {"lastUpdated": TIME, "rowCount": 1}}}],
        "outputs": [{"namespace": "s", "name": "o", "facets": {"version": {
            "datasetVersion": "7"}}, "outputFacets": {"outputStatistics": {"rowCount": 0}}}]}
    dataset = {"eventTime": TIME, "dataset": {"namespace": "s", "name": "d"}}
    one = [json.dumps(event).encode() for event in (start, dataset)]
    return [b"\x00" + body for body in one] + [b"\x01[" + b",".join(one) + b"]"]


def run_objects():
    run = {"metadata": {"uid": "u", "name": "n", "namespace": "ns", "labels": {"a/b": "c"},
                        "ownerReferences": [{"kind": "PipelineRun", "uid": "p"}]},
           "status": {"startTime": TIME, "completionTime": TIME, "conditions": [
               {"type": "Succeeded", "status": "False", "reason": "Failed", "message": "m"}]}}
    flow = {"kind": "Workflow", "metadata": {"uid": "w", "generateName": "t-"},
            "status": {"phase": "Failed", "startedAt": TIME, "finishedAt": TIME, "message": "m"}}
    service = {"kind": "InferenceService", "metadata": {"uid": "i", "name": "f", "generation": 3},
               "status": {"components": {"predictor": {"latestReadyRevision": "f-1"}}}}
    return {3: {"pipelineRun": run}, 4: {"taskRun": run}, 5: flow, 6: service,
            7: {"type": "DELETE", "body": flow}}


def run_events():
    own = {"run": "r", "job": "j", "labels": {"x": "y"}, "nominalTime": TIME, "facets": ["f"]}
    bodies = {0: own, 1: {"name": "d", "rowCount": 4}, 2: {"model": "m", "version": "2"}}
    bodies.update(run_objects())
    binary = [bytes([2 * kind]) + json.dumps(data).encode() for kind, data in bodies.items()]
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "io.pitot.run.failed",
             "time": TIME, "data": own}
    packed = {**event, "data_base64": "e30="}
    del packed["data"]
    return binary + [b"\x01" + json.dumps([event, packed]).encode()]


def webhooks():
    alias = {"entity": "model_version_alias", "action": "created", "timestamp": TIME,
             "data": {"name": "m", "alias": "champion", "version": "7"}}
    alerts = {"version": "4", "alerts": [
        {"status": "resolved", "labels": {"alertname": "a"}, "startsAt": TIME, "endsAt": TIME,
         "annotations": {"summary": "s"}}]}
    return [b"\x01" + json.dumps(alias).encode(), b"\x00" + json.dumps(alerts).encode()]


def pipeline_batch():
    words = b"".join(varint(len(word)) + word for word in [b"", b"r", b"", b"a", b"b", b"", b""])
    run = b"\x01\x01\x05" + words + b"\x01\x02\x00\x00" + varint(0) * 3
    return [varint(0) + varint(1) + run, varint(1) + varint(3) + varint(2) + run + run]
def fixed(number, value):
    return varint(number << 3 | 1) + struct.pack("<Q", value)


def attribute(key, value):
    return field(1, key) + field(2, value)


OTLP_TIME = 1_700_000_000_000_000_000


def otlp_traces():
    values = [field(1, b"/p"), integer(3, 503), integer(2, 1), double(4, 0.5),
              field(5, field(1, field(1, b"x")) + field(1, field(5, b""))),
              field(6, field(1, attribute(b"k", integer(3, 2)))), field(7, b"\x01\x02")]
    span = (
        field(1, bytes(15) + b"\x01") + field(2, bytes(7) + b"\x02") + field(3, b"ot=th:c;rv:1")
        + field(4, bytes(7) + b"\x03") + field(5, b"op") + integer(6, 2) + fixed(7, OTLP_TIME)
        + fixed(8, OTLP_TIME + 5000)
        + b"".join(field(9, attribute(b"http.route", value)) for value in values)
        + field(11, fixed(1, 5) + field(2, b"e") + field(3, attribute(b"a", values[0])))
        + field(13, field(1, bytes(15) + b"\x07") + field(2, bytes(7) + b"\x08"))
        + field(15, field(2, b"boom") + integer(3, 2)) + b"\x85\x01\x00\x03\x00\x00")
    resource = field(1, field(1, attribute(b"service.name", field(1, b"shop"))))
    whole = field(1, resource + field(2, field(1, field(1, b"lib")) + field(2, span) * 2))
    return [whole, whole * 2, field(1, field(2, field(2, span)) + resource), b"\x0a\x00"]


def otlp_json():
    span = (
        b'{"traceId":"000000000000000000000000000000Ab","spanId":"00000000000000CD","name":"op",'
        b'"kind":2,"startTimeUnixNano":"1","endTimeUnixNano":5,"status":{"code":2},"flags":256,'
        b'"attributes":[{"key":"a","value":{"arrayValue":{"values":[{"doubleValue":"NaN"},'
        b'{"kvlistValue":{"values":[{"key":"k","value":{"bytesValue":"AQI="}}]}}]}}}]}')
    point = (
        b'{"timeUnixNano":"9","startTimeUnixNano":"1","asInt":"-3","count":"3","sum":1.5,'
        b'"bucketCounts":["1","2"],"explicitBounds":[0.5],"scale":-1,"zeroCount":1,"positive":'
        b'{"offset":-2,"bucketCounts":[1]},"quantileValues":[{"quantile":0.5,"value":1}]}')
    names = [b"gauge", b"sum", b"histogram", b"exponentialHistogram", b"summary"]
    metrics = b",".join(
        b'{"name":"m","unit":"s","%s":{"dataPoints":[%s],"aggregationTemporality":2}}'
        % (name, point) for name in names)
    return [
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + span + b"]}]}]}",
        b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[' + metrics + b"]}]}]}"]


def otlp_metrics():
    times = fixed(2, OTLP_TIME) + fixed(3, OTLP_TIME + 10**9)
    label = attribute(b"a", field(1, b"b"))
    points = {
        5: times + double(4, 1.5) + field(7, label),
        7: times + fixed(6, 7) + field(7, label),
        9: times + fixed(4, 3) + double(5, 1.5) + field(6, struct.pack("<QQ", 1, 2))
        + field(7, struct.pack("<d", 0.5)) + field(9, label),
        10: times + fixed(4, 4) + double(5, 9) + signed(6, 12) + fixed(7, 1)
        + field(8, signed(1, -3) + field(2, b"\x01\x00\x02")) + field(1, label),
        11: times + fixed(4, 4) + double(5, 9) + field(6, double(1, 0.5) + double(2, 3)),
    }
    metrics = b"".join(
        field(2, field(1, b"http.server.duration") + field(2, b"help") + field(3, b"ms")
              + field(kind, field(1, point) + integer(2, 2) + integer(3, 1)))
        for kind, point in points.items())
    resource = field(1, b"".join(
        field(1, attribute(key, field(1, b"x")))
        for key in (b"service.name", b"service.instance.id", b"region")))
    return [field(1, resource + field(2, metrics)), field(1, field(2, metrics))]


def zipkin_spans():
    return text(
        '[{"traceId":"a1","id":"b2","parentId":"c3","kind":"SERVER","name":"get","timestamp":5,'
        '"duration":7,"localEndpoint":{"serviceName":"s"},"tags":{"error":"x","a":"b"},'
        '"annotations":[{"timestamp":1,"value":"v"}]},{"traceId":"","id":"1"}]', "[]")


def span_delta():
    keys = varint(2) + varint(zigzag_value(85_000_000)) + struct.pack("<QQQQ", 1, 2, 3, 4)
    head = varint(1) + varint(8) + bytes(8) + varint(zigzag_value(1_700_000_000_000))
    group = varint(1) + b"s" + varint(1) + b"n" + varint(0)
    count = b"\x00" + varint(zigzag_value(1_700_000_000_000)) + b"\x02\x04\x00"
    rest = b"\x01" + group + b"\x00" + b"\x01" + count + b"\x00"
    return [head + keys + b"\x00" + varint(len(rest)) + rest, bytes(12)]


def zigzag_value(value):
    return value << 1 ^ value >> 63


SEEDS = [
    remote_write,
    lambda: [snappy(body) for body in remote_write()],
    lambda: [record(1, b"abc"), record(1, b"") + record(2, b"x" * 30) + record(3, b"y")],
    resolved_write,
    lambda: examples()
    + text("a: &x [1, 2.5, true, null, ~]\nb: *x\n")
    + text("'it''s': |\n  a\n  b\n---\n- {a: \"\\u00e9\"}\n"),
    lambda: text(
        'up{job="api",code=~"5..",path!="/",x!~"a|b"}', '{"http.x"="1", __name__=`a`}', "m{a='\\n'}"
    ),
    lambda: text('{"a": [1, -2.5e3, true, null], "\\u00e9\\ud83d\\ude00": "x\\n"}', "[[],{}]", "0"),
    remote_write_2,
    feature_rows,
    cloud_events,
    feature_batch,
    queries,
    read_requests,
    lineage,
    run_events,
    webhooks,
    pipeline_batch,
    otlp_traces,
    otlp_json,
    otlp_metrics,
    zipkin_spans,
    span_delta,
]


def main():
    index, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    for number, seed in enumerate(SEEDS[index]()):
        (folder / f"seed-{number}").write_bytes(bytes([index]) + seed)


if __name__ == "__main__":
    main()
