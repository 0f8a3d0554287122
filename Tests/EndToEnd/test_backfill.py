"""Two days of a real Prometheus' past: after the start the budget is that of an oracle."""

import pathlib
import subprocess
import tempfile
import time
import unittest

import harness
from agent import Agent
from exporter import Exporter
from peers import Prometheus

MODEL = ("shop", "recommender")
DAYS = 2
STEP = 15

RULES = """
apiVersion: pitot/v1
kind: SLOs
service: recommender
slos:
  - name: availability
    objective: 99.9
    period: 30d
    by: [namespace]
    sli:
      events:
        bad: past_requests_total{code="500"}
        total: past_requests_total
"""


class Past:
    """Counters of two pods, with a restart, a first error and an outage of the scraping."""

    def __init__(self, end: int):
        self.end = end
        self.start = end - DAYS * 86_400
        self.lines = {}
        self.good = 0
        self.bad = 0
        self.first = 0
        for pod, offset in (("a", 0), ("b", 7)):
            self._run(pod, offset)

    def _run(self, pod: str, offset: int) -> None:
        good, bad = 1_000.0, None
        seen_good = seen_bad = None
        number = 0
        for when in range(self.start + offset, self.end + 1, STEP):
            number += 1
            if number % 4_000 == 0:
                good, bad = 3.0, (0.0 if bad is not None else None)
            else:
                good += 40 + number % 7
                if number >= 2_000 and number % 50 == 0:
                    bad = (bad or 0.0) + 2
            if 5_000 <= number < 5_040:
                continue  # Nobody scraped: the next increase is a gap.
            if seen_good is None:
                self.first += good
            else:
                self.good += good - seen_good if good >= seen_good else good
            seen_good = good
            self._sample("200", pod, when, good)
            if bad is not None:
                # The first error is born while its pod is watched: all of it counts.
                if seen_bad is None:
                    self.bad += bad
                else:
                    self.bad += bad - seen_bad if bad >= seen_bad else bad
                seen_bad = bad
                self._sample("500", pod, when, bad)
            self._up(pod, when)

    def _labels(self, pod: str) -> str:
        return f'job="models",instance="{pod}",namespace="shop"'

    def _sample(self, code: str, pod: str, when: int, value: float) -> None:
        series = f'past_requests_total{{{self._labels(pod)},code="{code}"}}'
        self.lines.setdefault("past_requests_total", []).append(f"{series} {value:.0f} {when}")

    def _up(self, pod: str, when: int) -> None:
        self.lines.setdefault("up", []).append(f"up{{{self._labels(pod)}}} 1 {when}")

    def openmetrics(self) -> str:
        text = "# TYPE past_requests counter\n" + "\n".join(self.lines["past_requests_total"])
        return text + "\n# TYPE up gauge\n" + "\n".join(self.lines["up"]) + "\n# EOF\n"


class BackfillTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.past = Past(int(time.time()) - 60)
        self.exporter = Exporter([MODEL], started=time.time()).start()
        self.addCleanup(self.exporter.stop)
        data = self.folder / "peer" / "prometheus"
        data.mkdir(parents=True)
        past = self.folder / "past.txt"
        past.write_text(self.past.openmetrics())
        subprocess.run(
            [harness.PEERS / "prometheus" / "usr" / "bin" / "promtool", "tsdb",
             "create-blocks-from", "openmetrics", past, data],
            check=True, stdout=subprocess.DEVNULL)
        self.prometheus = Prometheus(self.folder / "peer", self.exporter.port)
        self.addCleanup(self.prometheus.process.kill)

    def agent(self, key: str = "prometheus", path: str = "") -> Agent:
        url = f"http://127.0.0.1:{self.prometheus.port}{path}"
        config = f"backfill: {{{key}: '{url}', range: 3d}}\n"
        agent = Agent(self.folder, {"slo.yaml": RULES}, settings=config)
        self.addCleanup(agent.kill)
        return agent

    def progress(self, agent: Agent) -> dict:
        return harness.request(agent.port, "GET", "/api/v1/status/backfill").json()["data"]

    def check(self, agent: Agent) -> None:
        harness.wait_until(
            "the past was read", lambda: self.progress(agent)["phase"] == "done", deadline=60)
        events = agent.events("availability", namespace="shop")
        self.assertEqual(events["bad"], self.past.bad)
        self.assertEqual(events["good"], self.past.good)
        self.assertEqual(events["classes"]["baseline"], self.past.first)
        self.assertGreater(events["classes"]["gap"], 0)
        self.assertGreater(events["classes"]["reset"], 0)

    def test_the_budget_is_right_within_the_first_minute(self):
        agent = self.agent().start()
        begun = time.monotonic()
        self.check(agent)
        self.assertLess(time.monotonic() - begun, 60)

    def test_remote_read_tells_the_same_past(self):
        agent = self.agent("remoteRead", "/api/v1/read").start()
        self.check(agent)

    def test_a_reader_that_was_killed_goes_on(self):
        agent = self.agent().start()
        harness.wait_until(
            "something was read", lambda: self.progress(agent)["samples"] > 1000)
        agent.kill()
        agent.start()
        self.check(agent)
        self.assertGreater(self.progress(agent)["samples"], 20_000)
        agent.kill()
        agent.start()
        self.check(agent)


if __name__ == "__main__":
    unittest.main()
