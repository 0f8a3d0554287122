"""Drift: rows and payload events in, the right features paged; bad input touches no detector."""

import json
import pathlib
import random
import tempfile
import time
import unittest

import harness
from agent import Agent
from sink import Sink

MODELS = """
apiVersion: pitot/v1
kind: DriftModels
models:
  - model: credit
    seed: 7
    features:
      - {name: age, type: numeric, unit: years}
      - {name: amount, type: numeric, unit: EUR}
      - {name: city, type: categorical}
    baseline: {firstRows: 400}
    budget: {rows: 10000}
    guards: {thin: 1}
    window: {every: 1h, rows: 400}
    alerts: {severity: page, labels: {team: risk}}
  - model: iris
    namespace: default
    version: {from: response}
    features:
      - {name: sepal_length, type: numeric}
      - {name: sepal_width, type: numeric}
    baseline: {firstRows: 300}
    budget: {rows: 10000}
    guards: {thin: 1}
    window: {every: 1h, rows: 300}
    responses: {within: 5s}
  - model: scored
    namespace: default
    features: [{name: x, type: numeric}]
    baseline: {firstRows: 200}
    guards: {thin: 1}
    outputs: {answer: class, confidence: score}
    labels: {id: request, label: truth}
    detectors: [{kind: adwin, of: x}]
"""

ROUTE = """
route: {{receiver: hook, group_wait: 100ms, group_interval: 1s}}
receivers:
  - {{name: hook, webhook_configs: [{{url: "{url}"}}]}}
"""


def credit_row(random_: random.Random, shift: float = 0.0) -> bytes:
    row = {
        "age": 40 + 10 * (random_.gauss(0, 1) + shift), "amount": random_.lognormvariate(3, 1),
        "city": random_.choice(["Bonn", "Ulm", "Jena"])}
    return json.dumps(row).encode() + b"\n"


def kserve_headers(kind: str, number: int, **more: str) -> dict[str, str]:
    """As pkg/logger/worker.go of KServe sends them."""
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e9):09d}Z"
    return {
        "Content-Type": "application/json", "Ce-Specversion": "1.0",
        "Ce-Id": f"0009174a-24a8-4603-b098-{number:012x}",
        "Ce-Type": f"org.kubeflow.serving.inference.{kind}",
        "Ce-Source": "http://localhost:9081/", "Ce-Time": stamp,
        "Ce-Inferenceservicename": "iris", "Ce-Namespace": "default",
        "Ce-Component": "predictor", "Ce-Endpoint": "", "Ce-Metadata": "{}", **more}


def v2_request(rows: list[list[float]]) -> bytes:
    return json.dumps({"inputs": [{
        "name": "input-0", "shape": [len(rows), len(rows[0])], "datatype": "FP64",
        "data": rows}]}).encode()


def v2_response(version: str) -> bytes:
    return json.dumps({
        "model_name": "iris", "model_version": version, "id": "x",
        "outputs": [{"name": "out", "shape": [1], "datatype": "INT64", "data": [1]}]}).encode()


class DriftTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.sink = Sink()
        self.addCleanup(self.sink.stop)
        self.agent = Agent(
            pathlib.Path(temporary.name), {"drift.yaml": MODELS},
            ROUTE.format(url=self.sink.url("/hook"))).start()
        self.addCleanup(self.agent.kill)
        self.random = random.Random(11)

    def watch(self, model: str, version: str = "") -> dict | None:
        found = self.agent.get(f"/api/v1/drift?model={model}&version={version}").json()
        models = found["data"]["models"]
        return models[0] if models else None

    def send_rows(self, count: int, shift: float = 0.0):
        body = b"".join(credit_row(self.random, shift) for _ in range(count))
        answer = self.agent.post("/api/v1/features/credit", body)
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(answer.json()["data"]["rows"], count)

    def alert(self, **labels: str) -> dict | None:
        alerts = self.sink.alerts("/hook", alertname="ModelDrift", **labels)
        return alerts[-1] if alerts else None

    def test_rows_that_shift_page_with_the_feature_that_moved(self):
        self.send_rows(300)
        self.assertEqual(self.watch("credit")["state"], "collecting")
        self.send_rows(100)
        self.assertEqual(self.watch("credit")["state"], "watching")
        for _ in range(8):
            self.send_rows(100)
        self.assertIsNone(self.watch("credit")["alarm"])
        self.assertEqual(self.watch("credit")["windows"]["clean"], 2)

        self.send_rows(100, shift=1.5)
        harness.wait_until("the page", lambda: self.alert(model="credit"))
        alert = self.alert(model="credit")
        self.assertEqual(alert["labels"]["team"], "risk")
        self.assertEqual(alert["labels"]["severity"], "page")
        self.assertIn("age", alert["annotations"]["features"])
        self.assertNotIn("city", alert["annotations"]["features"])
        self.assertEqual(alert["annotations"]["seed"], "7")
        self.assertIn("->", alert["annotations"]["description"])
        self.assertIn("At most one false alarm", alert["annotations"]["guarantee"])
        watch = self.watch("credit")
        self.assertEqual(watch["state"], "drifted")
        self.assertEqual(watch["alarm"]["streams"][0]["feature"], "age")

        # A restart, by kill -9, changes nothing.
        before = self.watch("credit")
        self.agent.kill()
        self.agent.start()
        self.assertEqual(self.watch("credit"), before)

        # A window in which nothing differs any more ends it.
        for _ in range(8):
            self.send_rows(100)
        harness.wait_until(
            "the end", lambda: self.alert(model="credit")["status"] == "resolved")
        self.assertEqual(self.watch("credit")["state"], "watching")

    def test_bad_rows_are_counted_by_reason_and_touch_no_detector(self):
        self.send_rows(400)
        before = self.watch("credit")["detector"]
        bad = (b'{"age": NaN, "amount": Infinity, "city": {"a": 1}}\n'
               b'{"age": "old", "amount": [1], "city": [2]}\n'
               b"[1,2,3]\n"
               b'{"age": 1,\n'
               b"\xff\xfe\n")
        answer = self.agent.post("/api/v1/features/credit", bad)
        self.assertEqual(answer.status, 200, answer.text)
        refused = answer.json()["data"]["refused"]
        self.assertEqual(refused["not_a_row"], 1)
        self.assertEqual(refused["malformed_json"] + refused["not_utf8"], 2)
        watch = self.watch("credit")
        self.assertEqual(watch["detector"], before)
        self.assertEqual(watch["refusedValues"]["not_a_number"], 1)
        self.assertEqual(watch["refusedValues"]["infinite"], 1)
        self.assertEqual(watch["refusedValues"]["wrong_type"], 4)
        # Unknown features are counted, and the row's others are used.
        seen = watch["rows"]["used"]
        answer = self.agent.post("/api/v1/features/credit", b'{"age": 40, "shoe": 43}')
        self.assertEqual(answer.status, 200, answer.text)
        watch = self.watch("credit")
        self.assertEqual(watch["refusedValues"]["unknown_feature"], 1)
        self.assertEqual(watch["rows"]["used"], seen + 1)
        self.assertEqual(self.agent.get("/api/v1/features/credit").status, 405)
        self.assertEqual(self.agent.post("/api/v1/features/none", b'{"a":1}').status, 404)
        self.assertEqual(self.agent.post("/api/v1/features/credit", b"").status, 400)

    def test_labels_that_come_late_are_told_with_their_coverage(self):
        rows = b"".join(
            json.dumps({
                "x": self.random.gauss(0, 1), "class": number % 2, "score": 0.75,
                "request": f"r{number}"}).encode() + b"\n" for number in range(300))
        answer = self.agent.post("/api/v1/features/scored?namespace=default&sampledrate=4", rows)
        self.assertEqual(answer.status, 200, answer.text)
        labels = self.watch("scored")["labels"]
        self.assertEqual(labels["predictions"], 300)
        self.assertIsNone(labels["errorRatio"])
        self.assertAlmostEqual(labels["expectedErrorRatio"], 0.25)
        late = b"".join(
            json.dumps({"request": f"r{number}", "truth": 0}).encode() + b"\n"
            for number in range(100))
        answer = self.agent.post("/api/v1/features/scored?namespace=default", late)
        self.assertEqual(answer.status, 200, answer.text)
        self.post_event(b'{"label": 1}', {
            "Ce-Specversion": "1.0", "Ce-Source": "labels", "Ce-Id": "r200",
            "Ce-Type": "io.pitot.inference.feedback", "Ce-Inferenceservicename": "scored",
            "Ce-Namespace": "default"})
        harness.wait_until(
            "the feedback", lambda: self.watch("scored")["labels"]["labelled"] == 101)
        watch = self.watch("scored")
        self.assertAlmostEqual(watch["labels"]["errorRatio"], 51 / 101)
        self.assertAlmostEqual(watch["labels"]["coverage"], 101 / 300)
        self.assertEqual(watch["rows"]["seen"], 300)
        self.assertEqual(watch["sampling"]["share"], 0.25)
        self.assertEqual(watch["detectors"][0]["samples"], 300)
        self.assertFalse(watch["detectors"][0]["isGuaranteed"])
        self.agent.kill()
        self.agent.start()
        self.assertEqual(self.watch("scored"), watch)

    def test_events_are_answered_200_whatever_they_are(self):
        for number in range(300):
            self.exchange(number)
        harness.wait_until(
            "the baseline", lambda: (self.watch("iris", "3") or {}).get("state") == "watching")
        before = self.watch("iris", "3")["detector"]
        wrong_shape = json.dumps({"inputs": [{
            "name": "input-0", "shape": [3, 2], "datatype": "FP64", "data": [1.0]}]}).encode()
        bad = {
            "too_large": b"{" + b" " * (33 << 20),
            "wrong_shape": wrong_shape,
            "grpc": b"\x00\x00\x00\x00\x03abc",
            "malformed_json": b'{"inputs": [',
            "unknown_body": b'{"nothing": 1}',
        }
        for place, (reason, body) in enumerate(bad.items()):
            self.post_event(body, kserve_headers("request", 5000 + place))
            harness.wait_until(
                reason, lambda r=reason: self.agent.metrics().get(
                    f'pitot_feature_faults_total{{reason="{r}"}}', 0) == 1)
        self.assertEqual(self.watch("iris", "3")["detector"], before)

    def post_event(self, body: bytes, headers: dict[str, str]):
        answer = self.agent.post("/api/v1/events", body, headers)
        self.assertEqual(answer.status, 200, answer.text)

    def exchange(self, number: int, shift: float = 0.0, version: str = "3"):
        row = [self.random.gauss(5.8, 0.8) + shift, self.random.gauss(3, 0.4)]
        self.post_event(v2_request([row]), kserve_headers("request", number))
        self.post_event(v2_response(version), kserve_headers("response", number))

    def test_payload_events_of_kserve_are_paired_and_watched_by_version(self):
        for number in range(600):
            self.exchange(number)
        harness.wait_until(
            "the baseline", lambda: (self.watch("iris", "3") or {}).get("state") == "watching")
        harness.wait_until(
            "all answered", lambda: self.watch("iris", "3")["requests"]["ok"] == 600)
        for number in range(600, 700):
            self.exchange(number, shift=1.6)
        harness.wait_until("the page", lambda: self.alert(model="iris"))
        alert = self.alert(model="iris")
        self.assertEqual(alert["labels"]["version"], "3")
        self.assertIn("sepal_length", alert["annotations"]["features"])
        # Duplicates, and what is no event of a model, are counted.
        self.exchange(650)
        self.post_event(b"\x00\x00\x00\x00\x03abc", kserve_headers("request", 9000))
        self.post_event(b"{}", {**kserve_headers("request", 9001), "Ce-Type": "other"})
        # Whose a structured event is cannot be told when it is none: its sender hears of it.
        unread = self.agent.post(
            "/api/v1/events", b"{", {"Content-Type": "application/cloudevents+json"})
        self.assertEqual(unread.status, 400)
        self.assertEqual(self.agent.metrics()[
            'pitot_pipeline_events_refused_total{reason="malformed_json"}'], 1)
        metrics = self.agent.metrics

        def count(name: str, reason: str) -> float:
            return metrics().get(f'{name}{{reason="{reason}"}}', 0)

        for reason in ("grpc", "unknown_type"):
            harness.wait_until(
                reason, lambda r=reason: count("pitot_feature_faults_total", r) == 1)
        # A request without a response in time has failed.
        self.post_event(v2_request([[5.0, 3.0]]), kserve_headers("request", 9100))
        harness.wait_until(
            "it is given up",
            lambda: sum(w["requests"]["failed"] for w in self.agent.get(
                "/api/v1/drift?model=iris").json()["data"]["models"]) >= 2)
        self.assertEqual(self.watch("iris", "3")["requests"]["ok"], 700)


if __name__ == "__main__":
    unittest.main()
