"""serve --record, kill -9 included; the back-test of it says what the agent said."""

import json
import pathlib
import subprocess
import tempfile
import time
import unittest

import harness
import remotewrite
from agent import Agent
from slofiles import AVAILABILITY

GROUP = {"namespace": "shop", "inference_service": "recommender"}


class RecordTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.recording = self.folder / "recording"
        self.agent = Agent(self.folder, {"slo.yaml": AVAILABILITY})
        self.agent.flags = ["--record", self.recording]
        self.agent.start()
        self.addCleanup(self.agent.kill)
        self.start = int(time.time() * 1000) - 600_000

    def send(self, scrapes: range) -> None:
        for number in scrapes:
            series = []
            for code, value in (("200", 90.0 * number), ("500", 2.0 * (number // 10))):
                labels = {
                    "__name__": "inference_requests_total", "job": "models", "instance": "a:1",
                    "response_code": code, **GROUP}
                series.append(
                    remotewrite.time_series(labels, [(self.start + number * 1000, value)]))
            body = remotewrite.snappy(remotewrite.write_request(*series))
            answer = self.agent.post("/api/v1/write", body, remotewrite.HEADERS)
            self.assertEqual(answer.status, 204, answer.text)

    def backtest(self, data: pathlib.Path) -> dict:
        ended = subprocess.run(
            [harness.PITOT, "backtest", "--rules", self.agent.rules, "--from", data, "-o", "json"],
            capture_output=True, text=True)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return json.loads(ended.stdout)["rules"]["budgets"][0]

    def test_a_recording_and_a_data_folder_tell_what_the_agent_counted(self):
        self.send(range(1, 150))
        harness.wait_until(
            "the recorder has written",
            lambda: self.agent.metrics()["pitot_recording_samples_total"] >= 298)
        self.send(range(150, 200))
        self.agent.kill()
        self.agent.start()
        self.send(range(200, 400))
        harness.wait_until(
            "all is counted",
            lambda: self.agent.total("availability", **GROUP) == 90.0 * 398 + 2.0 * 39)
        events = self.agent.events("availability", **GROUP)
        self.agent.process.stop()
        self.assertEqual(len(list(self.recording.iterdir())), 2)
        for data in (self.recording, self.folder / "data"):
            budget = self.backtest(data)
            self.assertEqual((budget["good"], budget["bad"]), (events["good"], events["bad"]))


if __name__ == "__main__":
    unittest.main()
