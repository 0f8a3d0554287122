"""Runs: told by OpenLineage, CloudEvents and webhooks; each is counted once."""

import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import random
import tempfile
import threading
import time
import unittest

import harness
from agent import Agent
from lossyproxy import LossyProxy

RULES = """
apiVersion: pitot/v1
kind: SLOs
service: pipelines
slos:
  - name: success
    objective: 90
    by: [namespace]
    sli: {runs: {select: '{namespace=~".+"}', good: success}}
  - name: quick
    objective: 90
    sli: {runs: {select: '{job="train"}', good: duration, within: 30s}}
  - name: documented
    objective: 90
    sli: {runs: {select: '{job="train"}', good: metadata, facets: [nominalTime]}}
"""

SECRET = "s3cret"
SETTINGS = f"webhooks: {{mlflow: {{secret: {SECRET}}}}}\n"
JSON = {"Content-Type": "application/json"}


def stamp(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()


def lineage(run: str, kind: str, at: float, namespace: str = "team-a", facets=None) -> dict:
    """An event with the members that openlineage-python 1.54 sends."""
    return {
        "eventTime": stamp(at), "eventType": kind, "inputs": [], "outputs": [],
        "job": {"facets": {}, "name": "train", "namespace": namespace},
        "producer": "https://example.org/x",
        "run": {"facets": facets or {}, "runId": run},
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"}


class RunsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.agent = Agent(
            pathlib.Path(self.folder.name), {"slos.yaml": RULES}, SETTINGS).start()
        self.now = time.time()

    def tearDown(self):
        self.agent.kill()
        self.folder.cleanup()

    def send(self, path: str, document, headers=None, port: int = 0):
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        return harness.request(
            port or self.agent.port, "POST", path, body, headers or JSON)

    def send_until_taken(self, path: str, document, port: int) -> None:
        """As clients do that try again until they are answered."""
        for _ in range(200):
            try:
                if self.send(path, document, port=port).status < 300:
                    return
            except OSError:
                pass
            time.sleep(0.01)
        raise AssertionError("not taken")

    def test_counts_are_exact_through_a_lossy_proxy_and_a_kill(self):
        proxy = LossyProxy(self.agent.port, seed=7)
        self.addCleanup(proxy.stop)
        chance = random.Random(3)
        events, bad, slow = [], 0, 0
        for number in range(120):
            began = self.now - chance.uniform(60, 300)
            took = chance.choice([5, 20, 29.5, 31, 50])
            end = chance.choice(["COMPLETE", "COMPLETE", "FAIL", "ABORT"])
            bad += end == "FAIL"
            slow += end == "COMPLETE" and took > 30
            run = f"run-{number}"
            events.append((number, lineage(run, "START", began)))
            events.append((number, lineage(run, end, began + took)))
        good = sum(e[1]["eventType"] == "COMPLETE" for e in events)
        # SLOs count from the time they are known: these runs must end after that.
        chance.shuffle(events)
        self.shift(events)
        halves = events[:120], events[120:]
        for half in halves:
            senders = [
                threading.Thread(
                    target=lambda part=half[index::4]: [
                        self.send_until_taken("/api/v1/lineage", event, proxy.port)
                        for _, event in part])
                for index in range(4)]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
            self.agent.kill()
            self.agent.start()
        success = self.agent.events("success", namespace="team-a")
        self.assertEqual((success["bad"], success["total"]), (bad, good + bad))
        quick = self.agent.events("quick")
        self.assertEqual((quick["bad"], quick["total"]), (slow, good))
        self.assertGreater(proxy.counts["dropped"], 20)
        self.assertGreater(proxy.counts["duplicated"], 20)
        metrics = self.agent.metrics()
        self.assertEqual(metrics['pitot_runs_begun_total'], 120)

    def shift(self, events) -> None:
        """Moves all of it to after now, within what a clock may be ahead."""
        for _, event in events:
            at = datetime.datetime.fromisoformat(event["eventTime"])
            event["eventTime"] = (at + datetime.timedelta(seconds=400)).isoformat()

    def test_a_batch_says_which_events_were_none(self):
        at = self.now
        batch = [lineage("b-1", "COMPLETE", at), {"eventTime": "x"}, lineage("b-2", "FAIL", at)]
        answer = self.send("/api/v1/lineage/batch", batch)
        self.assertEqual(answer.status, 200)
        said = answer.json()
        self.assertEqual(said["status"], "partial_success")
        self.assertEqual(said["summary"]["successful"], 2)
        self.assertEqual([one["index"] for one in said["failed_events"]], [1])
        self.assertEqual(self.send("/api/v1/lineage/batch", [{"a": 1}]).status, 400)

    def test_what_cannot_be_taken_is_the_senders_fault(self):
        cases = [
            ("/api/v1/lineage", b"{", JSON, 400),
            ("/api/v1/lineage", b"{}", JSON, 400),
            ("/api/v1/lineage", b"\xff", JSON, 400),
            ("/api/v1/lineage", b"[" * 10_000, JSON, 400),
            ("/api/v1/lineage", b"{}", {"Content-Type": "text/xml"}, 415),
            ("/api/v1/lineage", b"{}", {**JSON, "Content-Encoding": "zstd"}, 415),
            ("/api/v1/lineage", json.dumps(
                lineage("x", "FAIL", self.now + 3600)).encode(), JSON, 400),
            ("/api/v1/webhooks/alertmanager", b"[]", JSON, 400),
            ("/api/v1/webhooks/mlflow", b"{}", JSON, 401),
            ("/api/v1/events", b"{", {"Content-Type": "application/cloudevents+json"}, 400),
        ]
        for path, body, headers, status in cases:
            answer = self.send(path, body, headers)
            self.assertEqual(answer.status, status, (path, body[:20], answer.text))
        self.assertEqual(self.agent.get("/api/v1/lineage").status, 405)
        self.assertEqual(self.agent.get("/api/v1/runs?state=odd").status, 400)
        self.assertEqual(self.agent.get("/api/v1/timeline?kind=odd").status, 400)
        self.assertEqual(self.agent.get("/-/healthy").status, 200)
        metrics = self.agent.metrics()
        reason = 'pitot_pipeline_events_refused_total{reason="ahead_of_clock"}'
        self.assertEqual(metrics[reason], 1)

    def mlflow(self, data: dict, delivery: str = "d-1", secret: str = SECRET):
        body = json.dumps({
            "entity": "model_version_alias", "action": "created",
            "timestamp": stamp(time.time()), "data": data}).encode()
        seconds = str(int(time.time()))
        signed = hmac.new(
            secret.encode(), f"{delivery}.{seconds}.".encode() + body, hashlib.sha256).digest()
        return self.send("/api/v1/webhooks/mlflow", body, {
            **JSON, "X-MLflow-Delivery-Id": delivery, "X-MLflow-Timestamp": seconds,
            "X-MLflow-Signature": "v1," + base64.b64encode(signed).decode()})

    def test_changes_alerts_and_runs_are_on_one_timeline(self):
        data = {"name": "fraud", "alias": "champion", "version": "7"}
        self.assertEqual(self.mlflow(data).status, 200)
        self.assertEqual(self.mlflow(data).status, 200)
        self.assertEqual(self.mlflow(data, secret="other").status, 401)
        began, ended = self.now - 600, self.now - 60
        alert = {
            "labels": {"alertname": "Down", "severity": "page"}, "annotations": {},
            "startsAt": stamp(began), "endsAt": "0001-01-01T00:00:00Z", "status": "firing"}
        body = {"version": "4", "status": "firing", "alerts": [alert]}
        self.assertEqual(self.send("/api/v1/webhooks/alertmanager", body).status, 200)
        alert.update(status="resolved", endsAt=stamp(ended))
        for _ in range(2):
            self.assertEqual(self.send("/api/v1/webhooks/alertmanager", body).status, 200)
        self.send("/api/v1/lineage", lineage("t-1", "FAIL", self.now))
        self.agent.kill()
        self.agent.start()
        entries = self.agent.get("/api/v1/timeline").json()["data"]["entries"]
        kinds = sorted(entry["kind"] for entry in entries)
        self.assertEqual(kinds, ["alert", "alias", "run"])
        recovery = self.agent.get("/api/v1/recovery").json()["data"]["recoveries"]
        self.assertEqual([(one["count"], one["severity"]) for one in recovery], [(1, "page")])
        self.assertAlmostEqual(recovery[0]["meanSeconds"], 540, delta=1)
        runs = self.agent.get("/api/v1/runs?job=train&state=failed").json()["data"]["runs"]
        self.assertEqual([run["id"] for run in runs], ["t-1"])

    def test_cloud_events_of_pipelines_share_the_endpoint_of_models(self):
        headers = {
            "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/curl",
            "ce-type": "io.pitot.run.failed", "ce-subject": "c-1", **JSON}
        body = {"namespace": "kf", "job": "nightly"}
        for _ in range(3):
            self.assertEqual(self.send("/api/v1/events", body, headers).status, 200)
        tekton = {"pipelineRun": {"metadata": {
            "uid": "u-1", "name": "x-abc", "namespace": "kf",
            "labels": {"tekton.dev/pipeline": "x"}}, "status": {
                "startTime": stamp(self.now), "completionTime": stamp(self.now + 1),
                "conditions": [{"type": "Succeeded", "status": "True"}]}}}
        event = {
            "specversion": "1.0", "id": "2", "source": "/tekton", "data": tekton,
            "type": "dev.tekton.event.pipelinerun.successful.v1"}
        kind = {"Content-Type": "application/cloudevents-batch+json"}
        self.assertEqual(self.send("/api/v1/events", [event, event], kind).status, 200)
        events = self.agent.events("success", namespace="kf")
        self.assertEqual((events["bad"], events["total"]), (1, 2))


if __name__ == "__main__":
    unittest.main()
