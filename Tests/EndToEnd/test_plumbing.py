"""The peers by themselves, so that a failure elsewhere is Pitot's."""

import json
import pathlib
import tempfile
import time
import unittest

import harness
from exporter import Exporter
from peers import Alertmanager, Prometheus
from sink import Sink

MODEL = ("shop", "recommender")


class PlumbingTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def test_prometheus_scrapes_the_exporter(self):
        exporter = Exporter([MODEL], started=time.time()).start()
        self.addCleanup(exporter.stop)
        exporter.count(MODEL, "200", 17)
        prometheus = Prometheus(self.folder, exporter.port)
        self.addCleanup(prometheus.process.kill)

        found = harness.wait_until(
            "a sample", lambda: prometheus.query("inference_requests_total"))
        self.assertEqual(found[0]["metric"]["response_code"], "200")
        self.assertEqual(found[0]["value"][1], "17")
        self.assertEqual(exporter.total(MODEL), 17)

    def test_alertmanager_forwards_an_alert(self):
        sink = Sink()
        self.addCleanup(sink.stop)
        alertmanager = Alertmanager(self.folder, sink.url("/alertmanager"))
        self.addCleanup(alertmanager.process.kill)

        alert = [{"labels": {"alertname": "Plumbing"}, "annotations": {"summary": "by hand"}}]
        answer = harness.request(
            alertmanager.port, "POST", "/api/v2/alerts", json.dumps(alert).encode(),
            {"Content-Type": "application/json"})
        self.assertEqual(answer.status, 200)
        body = harness.wait_until("a webhook", lambda: sink.bodies("/alertmanager"))[0]
        self.assertEqual(body["version"], "4")
        self.assertEqual(body["alerts"][0]["annotations"]["summary"], "by hand")
