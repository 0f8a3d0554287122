"""A target that stops answering is an alert of its own, not a good record."""

import pathlib
import tempfile
import time
import unittest

import harness
from agent import Agent
from exporter import Exporter
from peers import Prometheus
from sink import Sink
from slofiles import DATA_LOSS

MODEL = ("shop", "recommender")
GROUP = {"namespace": "shop", "inference_service": "recommender"}


class DataLossTest(unittest.TestCase):
    def test_a_target_that_is_down_raises_data_loss_and_nothing_else(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        folder = pathlib.Path(temporary.name)
        sink = Sink()
        self.addCleanup(sink.stop)
        agent = Agent(
            folder, {"slo.yaml": DATA_LOSS},
            "route: {receiver: direct, group_wait: 0s}\n"
            "receivers:\n"
            "  - {name: direct, webhook_configs: [{url: "
            f"\"{sink.url('/direct')}\"}}]}}\n").start()
        self.addCleanup(agent.kill)
        exporter = Exporter([MODEL], started=time.time() - 3600).start()
        self.addCleanup(exporter.stop)
        exporter.count(MODEL, "200", 1)
        prometheus = Prometheus(folder, exporter.port, agent.write_url)
        self.addCleanup(prometheus.process.kill)
        harness.wait_until(
            "the history was seen", lambda: agent.events("availability", **GROUP))
        exporter.set_traffic(10)
        harness.wait_until(
            "traffic was counted", lambda: agent.total("availability", **GROUP) >= 20)

        exporter.stop()
        harness.wait_until(
            "Prometheus sees the target down", lambda: [
                sample for sample in prometheus.query("up") if sample["value"][1] == "0"])
        alert = harness.wait_until(
            "data loss", lambda: sink.alerts("/direct", alertname="SLODataLoss"))[0]
        self.assertEqual(alert["labels"]["service"], "inference")
        self.assertEqual(alert["labels"]["slo"], "availability")
        self.assertEqual(sink.alerts("/direct", alertname="SLOBurn"), [])
        self.assertEqual(agent.total("availability", **GROUP), exporter.total(MODEL) - 1)
