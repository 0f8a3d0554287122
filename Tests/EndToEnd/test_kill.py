"""kill -9 again and again under load, with checkpoints all the time: what is counted is what was
acknowledged, exactly. KILLS says how often (5; `make test-slow` 60)."""

import os
import pathlib
import random
import tempfile
import threading
import time
import unittest

import harness
import remotewrite
from agent import Agent
from slofiles import AVAILABILITY

GROUP = {"namespace": "shop", "inference_service": "recommender"}
KILLS = int(os.environ.get("KILLS", "5"))
STEPS_MAX = 900  # between two kills
PODS = 8
# Small enough that several checkpoints are written between two kills.
SETTINGS = "log: {checkpoint: 64KiB}\n"


class KillTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.agent = Agent(
            pathlib.Path(temporary.name), {"slo.yaml": AVAILABILITY}, SETTINGS).start()
        self.addCleanup(self.agent.kill)
        # A step is a second of the samples' time, and none may lie ahead of the agent's clock.
        self.start = int((time.time() - 7200 - KILLS * STEPS_MAX) * 1000)
        self.acknowledged = -1
        self.done = False

    def body(self, step: int) -> bytes:
        """One scrape of every pod; each counter grows by its pod's number plus one."""
        series = [
            remotewrite.time_series(
                {"__name__": "inference_requests_total", "job": "models", "instance": f"{pod}:1",
                 "response_code": "200", **GROUP},
                [(self.start + step * 1000, float(step * (pod + 1)))])
            for pod in range(PODS)]
        return remotewrite.snappy(remotewrite.write_request(*series))

    def send(self):
        """Sends each scrape until it is acknowledged, as a sender does."""
        while not self.done:
            step = self.acknowledged + 1
            try:
                answer = self.agent.post("/api/v1/write", self.body(step), remotewrite.HEADERS)
            except OSError:
                time.sleep(0.01)
                continue
            if answer.status == 503:
                continue
            assert answer.status in (200, 204), answer.text
            self.acknowledged = step

    def test_no_kill_loses_or_invents_an_event(self):
        sender = threading.Thread(target=self.send)
        sender.start()
        try:
            for _ in range(KILLS):
                goal = self.acknowledged + random.randint(100, STEPS_MAX)
                harness.wait_until("progress", lambda: self.acknowledged >= goal)
                self.agent.kill()
                self.agent.start()
        finally:
            self.done = True
            sender.join()
        expected = self.acknowledged * sum(pod + 1 for pod in range(PODS))
        harness.wait_until(
            "all that was acknowledged is counted",
            lambda: self.agent.total("availability", **GROUP) == expected)
        log = self.agent.process.log()
        self.assertIn("checkpoint restored", log)
        self.assertNotIn("damaged", log)
        logs = [path for path in (self.agent.folder / "data").iterdir() if path.suffix == ".log"]
        self.assertLess(sum(path.stat().st_size for path in logs), 16 << 20)

    def test_a_damaged_checkpoint_costs_time_and_nothing_else(self):
        for step in range(3000):
            answer = self.agent.post("/api/v1/write", self.body(step), remotewrite.HEADERS)
            self.assertIn(answer.status, (200, 204), answer.text)
        harness.wait_until(
            "two checkpoints", lambda: self.agent.metrics()["pitot_checkpoints_total"] >= 2)
        self.agent.kill()
        newest = max((self.agent.folder / "data").glob("*.checkpoint"))
        content = bytearray(newest.read_bytes())
        content[len(content) // 2] ^= 0x40
        newest.write_bytes(content)
        self.agent.start()
        expected = 2999 * sum(pod + 1 for pod in range(PODS))
        harness.wait_until(
            "nothing is lost", lambda: self.agent.total("availability", **GROUP) == expected)
        self.assertEqual(self.agent.metrics()["pitot_checkpoints_damaged_total"], 1)
