"""Spans become events: each once, through kills and re-delivery; bad input has its status."""

import gzip
import json
import pathlib
import random
import tempfile
import time
import unittest
import urllib.parse

import harness
from agent import Agent

SLOS = """
apiVersion: pitot/v1
kind: SLOs
service: shop
slos:
  - name: availability
    objective: 99.9
    period: 30d
    by: [service_name]
    sli: {spans: {select: '{service_name=~".+"}'}}
  - name: latency
    objective: 95
    period: 30d
    sli: {spans: {select: '{"http.route"="/pay"}', below: 250ms}}
"""

JSON = {"Content-Type": "application/json"}


def attribute(key, value):
    kind = "intValue" if isinstance(value, int) else "stringValue"
    return {"key": key, "value": {kind: str(value)}}


def span(trace, number, millis=10.0, parent=None, kind=2, ago=2.0, name="pay", **more):
    end = int((time.time() - ago) * 1e9)
    made = {
        "traceId": f"{trace:032x}", "spanId": f"{number:016x}", "name": name, "kind": kind,
        "startTimeUnixNano": str(end - int(millis * 1e6)), "endTimeUnixNano": str(end)}
    if parent:
        made["parentSpanId"] = f"{parent:016x}"
    made["attributes"] = [attribute(key, value) for key, value in
                          more.pop("attributes", {"http.route": "/pay"}).items()]
    made.update(more)
    return made


def request(spans, service="checkout"):
    return json.dumps({"resourceSpans": [{
        "resource": {"attributes": [attribute("service.name", service)]},
        "scopeSpans": [{"spans": spans}]}]}).encode()


class TracesTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.otlp = harness.free_port()
        self.agent = Agent(
            pathlib.Path(temporary.name), {"slo.yaml": SLOS},
            f'otlp: {{http: "127.0.0.1:{self.otlp}", grpc: "off"}}\n'
            "limits: {bodyBytes: 1MiB}\n").start()
        self.addCleanup(self.agent.kill)

    def send(self, spans, path="/v1/traces"):
        return self.agent.post(path, request(spans), JSON)

    def counts(self, name, **labels):
        events = self.agent.events(name, **labels)
        return (events["bad"], events["total"]) if events else (0, 0)

    def wait_for(self, name, expected, **labels):
        harness.wait_until(f"{name} is {expected}",
                           lambda: self.counts(name, **labels) == expected)

    def test_each_span_counts_once_through_kills_and_re_delivery(self):
        generator = random.Random(4)
        spans = []
        for number in range(1, 301):
            more = {"status": {"code": 2}} if number % 10 == 0 else {}
            spans.append(span(number, number, millis=400 if number % 4 == 0 else 5, **more))
        batches = [spans[first:first + 50] for first in range(0, 300, 50)]
        for batch in batches[:3]:
            self.assertEqual(self.send(batch).json(), {})
        self.agent.process.kill()
        self.agent.start()
        again = batches + batches[:4]
        generator.shuffle(again)
        for batch in again:
            answer = self.send(generator.sample(batch, len(batch)))
            self.assertEqual((answer.status, answer.json()), (200, {}))
        self.wait_for("availability", (30, 300), service_name="checkout")
        self.wait_for("latency", (75, 300))
        self.agent.process.kill()
        self.agent.start()
        for batch in batches:
            self.send(batch)
        self.wait_for("availability", (30, 300), service_name="checkout")
        metrics = self.agent.metrics()
        self.assertEqual(metrics['pitot_spans_total{result="taken"}'], 300)
        self.assertEqual(metrics['pitot_spans_total{result="duplicate"}'], 650)
        query = urllib.parse.quote("sum(traces_spanmetrics_calls_total)")
        harness.wait_until("metrics of spans are there", lambda: [
            one["value"][1] for one in
            self.agent.get(f"/api/v1/query?query={query}").json()["data"]["result"]] == ["300"])

    def test_samples_weigh_what_they_stand_for(self):
        self.send([span(1, 1, traceState="ot=th:c", status={"code": 2}), span(2, 2)])
        self.wait_for("availability", (4, 5), service_name="checkout")

    def test_what_is_refused_is_told_with_200(self):
        answer = self.send([span(1, 1, ago=3600), span(2, 2, ago=-3600), span(0, 3), span(4, 4)])
        self.assertEqual(answer.status, 200)
        partial = answer.json()["partialSuccess"]
        self.assertEqual(partial["rejectedSpans"], "3")
        for word in ("too_old", "future", "invalid_id"):
            self.assertIn(word, partial["errorMessage"])
        self.wait_for("availability", (0, 1), service_name="checkout")
        self.assertEqual(self.agent.slo("availability", service_name="checkout")["evidence"],
                         "partial")

    def test_bad_input_has_its_status_on_both_ports(self):
        good = request([span(1, 1)])
        bomb = gzip.compress(bytes(64 << 20))
        deep = b'{"a":' + b"[" * 10000 + b"]" * 10000 + b"}"
        protobuf = {"Content-Type": "application/x-protobuf"}
        zipped = {**JSON, "Content-Encoding": "gzip"}
        for port in (self.agent.port, self.otlp):
            for status, body, headers in (
                    (200, good, JSON), (200, gzip.compress(good), zipped), (200, b"", protobuf),
                    (400, b"{", JSON), (400, deep, JSON), (400, b"\x0a\xff", protobuf),
                    (400, b"no gzip", zipped), (413, bomb, zipped),
                    (413, bytes(2 << 20), protobuf), (415, good, {"Content-Type": "text/plain"}),
                    (415, good, {**JSON, "Content-Encoding": "br"})):
                answer = harness.request(port, "POST", "/v1/traces", body, headers)
                self.assertEqual(answer.status, status, (body[:20], headers, answer.text))
            self.assertEqual(harness.request(port, "GET", "/v1/traces").status, 405)
        self.assertEqual(harness.request(self.otlp, "GET", "/metrics").status, 404)
        self.wait_for("availability", (0, 1), service_name="checkout")

    def test_a_trace_can_be_looked_at(self):
        self.send([
            span(7, 1, millis=100, status={"code": 2, "message": "boom"}),
            span(7, 2, millis=200, parent=1, kind=3, name="db"),
            span(7, 3, millis=5, parent=99, kind=1, name="lost")])
        answer = self.agent.get(f"/api/v1/traces/{7:032x}")
        self.assertEqual(answer.status, 200, answer.text)
        trace = answer.json()["data"]
        rows = {row["name"]: row for row in trace["spans"]}
        self.assertEqual(trace["missingParents"], 1)
        self.assertTrue(rows["lost"]["parentMissing"])
        self.assertEqual((rows["pay"]["depth"], rows["db"]["depth"]), (0, 1))
        self.assertGreater(rows["db"]["skewNanos"], 90_000_000)
        self.assertEqual(rows["pay"]["statusMessage"], "boom")
        self.assertIn({"key": "http.route", "value": "/pay"}, rows["pay"]["attributes"])
        listed = lambda: self.agent.get("/api/v1/traces?kind=bad&service=checkout").json()
        harness.wait_until("the bad trace is listed", lambda: [
            one["traceId"] for one in listed()["data"]["traces"]] == [f"{7:032x}"])
        self.assertEqual(self.agent.get(f"/api/v1/traces/{8:032x}").status, 404)
        self.assertEqual(self.agent.get("/api/v1/traces/x").status, 400)

    def test_zipkin_spans_are_spans(self):
        now = int(time.time() * 1e6)
        spans = [{"traceId": f"{number:x}", "id": f"{number:x}", "kind": "SERVER", "name": "get",
                  "timestamp": now - 2_000_000, "duration": 1000,
                  "localEndpoint": {"serviceName": "old"},
                  "tags": {"error": "500"} if number == 1 else {}} for number in range(1, 6)]
        for _ in range(2):
            answer = self.agent.post("/api/v2/spans", json.dumps(spans).encode(), JSON)
            self.assertEqual(answer.status, 202, answer.text)
        self.wait_for("availability", (1, 5), service_name="old")
        self.assertEqual(self.agent.post("/api/v2/spans", b"{}", JSON).status, 400)

    def test_a_reload_with_other_attributes_counts_on(self):
        self.send([span(1, 1)])
        self.wait_for("availability", (0, 1), service_name="checkout")
        (self.agent.rules / "more.yaml").write_text(
            SLOS.replace("shop", "other").replace("availability", "regional").replace(
                "service_name=~", "region=~"))
        self.assertEqual(self.agent.post("/-/reload").status, 200)
        self.send([span(2, 2, attributes={"region": "eu"}), span(1, 1)])
        self.wait_for("availability", (0, 2), service_name="checkout")
        self.wait_for("regional", (0, 1), service_name="checkout")


class OTLPMetricsTest(unittest.TestCase):
    def test_metrics_are_named_as_prometheus_names_them(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        agent = Agent(pathlib.Path(temporary.name), {}, 'otlp: {http: "off", grpc: "off"}\n')
        agent.start()
        self.addCleanup(agent.kill)
        now = str(time.time_ns())
        point = {"timeUnixNano": now, "startTimeUnixNano": str(time.time_ns() - 10**9),
                 "attributes": [attribute("http.route", "/p")]}
        cumulative = {"aggregationTemporality": 2}
        metrics = [
            {"name": "http.requests", "sum": {
                "dataPoints": [{**point, "asInt": "7"}], "isMonotonic": True, **cumulative}},
            {"name": "queue.size", "unit": "By", "gauge": {
                "dataPoints": [{**point, "asDouble": 1.5}]}},
            {"name": "delta", "sum": {"dataPoints": [{**point, "asInt": 1}],
                                      "aggregationTemporality": 1, "isMonotonic": True}},
            {"name": "http.duration", "unit": "s", "histogram": {"dataPoints": [
                {**point, "count": "3", "sum": 2.5, "bucketCounts": ["1", "1", "1"],
                 "explicitBounds": [0.5, 1]}], **cumulative}},
            {"name": "exp", "exponentialHistogram": {"dataPoints": [
                {**point, "count": "4", "sum": 10, "scale": 0, "zeroCount": "1",
                 "positive": {"offset": 0, "bucketCounts": ["1", "2"]}}], **cumulative}}]
        body = json.dumps({"resourceMetrics": [{
            "resource": {"attributes": [
                attribute("service.name", "shop"), attribute("service.namespace", "prod"),
                attribute("service.instance.id", "i1"), attribute("region", "eu")]},
            "scopeMetrics": [{"metrics": metrics}]}]}).encode()
        answer = agent.post("/v1/metrics", body, JSON)
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(answer.json()["partialSuccess"]["rejectedDataPoints"], "1")
        self.assertIn("delta_temporality", answer.json()["partialSuccess"]["errorMessage"])

        def value(query):
            path = "/api/v1/query?query=" + urllib.parse.quote(query)
            found = agent.get(path).json()["data"]["result"]
            return [float(one["value"][1]) for one in found]

        own = '{job="prod/shop",instance="i1",http_route="/p"}'
        harness.wait_until("they are stored", lambda: value("http_requests_total" + own) == [7])
        self.assertEqual(value("queue_size_bytes" + own), [1.5])
        self.assertEqual(value('http_duration_seconds_bucket{le="1",job="prod/shop"}'), [2])
        self.assertEqual(value("http_duration_seconds_count" + own), [3])
        self.assertEqual(value("histogram_count(exp)"), [4])
        self.assertEqual(value("histogram_sum(exp)"), [10])
        self.assertEqual(value('target_info{region="eu",job="prod/shop",instance="i1"}'), [1])
        self.assertEqual(value("delta_total"), [])
        again = agent.post("/v1/metrics", body, JSON)
        self.assertEqual(again.json()["partialSuccess"]["rejectedDataPoints"], "1")
