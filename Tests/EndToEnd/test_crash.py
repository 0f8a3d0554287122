"""kill -9: nothing that was acknowledged is lost, nothing is counted twice."""

import itertools
import pathlib
import tempfile
import threading
import time
import unittest

import harness
import remotewrite
from agent import Agent
from exporter import Exporter
from peers import Prometheus
from slofiles import AVAILABILITY

MODEL = ("shop", "recommender")
GROUP = {"namespace": "shop", "inference_service": "recommender"}
PER_SCRAPE = 10


class CrashTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.agent = Agent(self.folder, {"slo.yaml": AVAILABILITY}).start()
        self.addCleanup(self.agent.kill)

    def total(self) -> float:
        return self.agent.total("availability", **GROUP)

    def test_prometheus_resends_and_the_counts_are_exact(self):
        exporter = Exporter([MODEL], started=time.time() - 3600).start()
        self.addCleanup(exporter.stop)
        exporter.count(MODEL, "200", 1)
        prometheus = Prometheus(self.folder, exporter.port, self.agent.write_url)
        self.addCleanup(prometheus.process.kill)
        harness.wait_until(
            "the history was seen", lambda: self.agent.events("availability", **GROUP))

        exporter.set_traffic(PER_SCRAPE, {MODEL: 1})
        for _ in range(2):
            before = self.total()
            harness.wait_until("more was counted", lambda: self.total() > before)
            self.agent.kill()
            # Scrapes go on while nobody takes them.
            scrapes = exporter.scrapes
            harness.wait_until("a scrape passed", lambda: exporter.scrapes > scrapes)
            self.agent.start()
        exporter.set_traffic(0)
        harness.wait_until(
            "every event was counted", lambda: self.total() == exporter.total(MODEL) - 1)
        scrapes = exporter.scrapes
        harness.wait_until("two more scrapes", lambda: exporter.scrapes >= scrapes + 2)

        events = self.agent.events("availability", **GROUP)
        self.assertEqual(events["total"], exporter.total(MODEL) - 1)
        self.assertEqual(events["bad"], exporter.total(MODEL, bad=True))
        self.assertEqual(events["classes"]["baseline"], 1)
        self.assertEqual(events["classes"]["reset"], 0)

    def test_what_was_acknowledged_survives(self):
        labels = {
            "__name__": "inference_requests_total", "job": "models", "instance": "a:1",
            "response_code": "200", **GROUP}
        start = int(time.time() * 1000) - 60_000
        acknowledged = sent = 0

        def kill_soon():
            # Strikes somewhere between two bytes of a request, wherever that is.
            harness.wait_until("a few acknowledgements", lambda: acknowledged >= 20)
            self.agent.process.kill()

        killer = threading.Thread(target=kill_soon)
        killer.start()
        for value in itertools.count():
            series = remotewrite.time_series(labels, [(start + value, float(value))])
            body = remotewrite.snappy(remotewrite.write_request(series))
            sent = value
            try:
                answer = self.agent.post("/api/v1/write", body, remotewrite.HEADERS)
            except OSError:
                break
            self.assertIn(answer.status, (200, 204), answer.text)
            acknowledged = value
        killer.join()

        self.agent.start()
        # The first sample was a baseline of 0; the last may have been logged but not answered.
        # A scrape that was still open at the kill is counted once it has settled again.
        harness.wait_until(
            "all that was acknowledged is counted", lambda: self.total() >= acknowledged)
        self.assertLessEqual(self.total(), sent)
