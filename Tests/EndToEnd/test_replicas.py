"""Two real Prometheus replicas of one target; one is killed: every event counts once."""

import pathlib
import tempfile
import time
import unittest

import harness
from agent import Agent
from exporter import Exporter
from peers import Prometheus
from slofiles import AVAILABILITY

MODEL = ("shop", "recommender")
GROUP = {"namespace": "shop", "inference_service": "recommender"}


class ReplicaTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.agent = Agent(self.folder, {"slo.yaml": AVAILABILITY}).start()
        self.addCleanup(self.agent.kill)
        self.exporter = Exporter([MODEL], started=time.time() - 3600).start()
        self.addCleanup(self.exporter.stop)
        self.exporter.count(MODEL, "200", 1)

    def replica(self, name: str) -> Prometheus:
        prometheus = Prometheus(
            self.folder / name, self.exporter.port, self.agent.write_url, replica=name)
        self.addCleanup(prometheus.process.kill)
        return prometheus

    def total(self) -> float:
        return self.agent.total("availability", **GROUP)

    def test_a_pair_of_which_one_is_killed_counts_each_event_once(self):
        first, second = self.replica("a"), self.replica("b")
        harness.wait_until(
            "the history was seen", lambda: self.agent.events("availability", **GROUP))
        self.exporter.set_traffic(7, {MODEL: 1})
        for victim, name in ((first, "a"), (second, "b")):
            before = self.total()
            harness.wait_until("more was counted", lambda: self.total() > before + 50)
            victim.process.kill()
            before = self.total()
            harness.wait_until(
                "the other goes on", lambda: self.total() > before + 50)
            self.replica(name)
        self.exporter.set_traffic(0)
        harness.wait_until(
            "every event was counted once",
            lambda: self.total() == self.exporter.total(MODEL) - 1)
        events = self.agent.events("availability", **GROUP)
        self.assertEqual(events["bad"], self.exporter.total(MODEL, bad=True))
        self.assertEqual(events["classes"]["reset"], 0)
        self.assertEqual(events["classes"]["gap"], 0)
        self.assertEqual(events["classes"]["baseline"], 1)
        # Stored once, beside the two replicas' own.
        metrics = self.agent.metrics()
        self.assertGreater(metrics["pitot_samples_deduplicated_total"], 0)
