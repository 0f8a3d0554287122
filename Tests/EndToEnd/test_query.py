"""The query API answers as the Prometheus that feeds it: the same queries to both.

Times end in .777 and lie seconds back: Debian's 2.42 has windows closed at both ends where ours are
open at the left, which only a sample on an edge would show.
"""

import json
import math
import pathlib
import tempfile
import time
import unittest
import urllib.parse

import harness
from agent import Agent
from exporter import Exporter
from peers import Prometheus
from slofiles import AVAILABILITY

TOLERANCE = 1e-9
QUERIES = [
    "up", "1+1", "time()", "vector(0)/0", "-vector(1)/0", "absent(nothing)",
    "http_requests_total", "{job=\"models\"}",
    "sum by (job) (scrape_samples_scraped)",
    "rate(scrape_samples_scraped[5s])", "deriv(scrape_duration_seconds[5s])",
    "max_over_time(scrape_duration_seconds[4s])",
    "avg_over_time(scrape_duration_seconds[4s:1s])",
    "quantile(0.5, {job=\"models\"})", "topk(2, {job=\"models\"})",
    "count by (__name__) ({job=\"models\"})",
    "scrape_duration_seconds / on (instance) scrape_samples_scraped",
    "label_replace(up, \"host\", \"$1\", \"instance\", \"(.*):.*\")",
    "count_values(\"value\", up)", "vector(1e-9)", "vector(1e22)",
]


def series(data: dict) -> dict[str, list]:
    if data["resultType"] in ("scalar", "string"):
        return {"": [data["result"]]}
    return {
        json.dumps(one["metric"], sort_keys=True): one.get("values") or [one["value"]]
        for one in data["result"]}


def close(left: str, right: str) -> bool:
    one, other = float(left), float(right)
    if one == other or math.isnan(one) and math.isnan(other):
        return True
    return abs(one - other) <= TOLERANCE * max(abs(one), abs(other))


def agree(left: dict, right: dict) -> bool:
    ours, theirs = series(left), series(right)
    return left["resultType"] == right["resultType"] and ours.keys() == theirs.keys() and all(
        len(ours[key]) == len(theirs[key]) and all(
            one[0] == other[0] and close(one[1], other[1])
            for one, other in zip(ours[key], theirs[key]))
        for key in ours)


class QueryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        folder = pathlib.Path(temporary.name)
        cls.agent = Agent(folder, {"slo.yaml": AVAILABILITY}).start()
        cls.addClassCleanup(cls.agent.kill)
        model = ("shop", "recommender")
        cls.exporter = Exporter([model], started=time.time() - 3600).start()
        cls.addClassCleanup(cls.exporter.stop)
        cls.exporter.count(model, "200", 100)
        cls.prometheus = Prometheus(folder, cls.exporter.port, cls.agent.write_url)
        cls.addClassCleanup(cls.prometheus.process.kill)
        cls.time = 0.0
        harness.wait_until("ten scrapes have come", cls.have_ten_scrapes_come)

    @classmethod
    def have_ten_scrapes_come(cls) -> bool:
        found = cls.ask(cls.agent.port, "query", query="count_over_time(up[1m])")["result"]
        cls.time = int(time.time()) - 3 + 0.777
        return bool(found) and float(found[0]["value"][1]) >= 13

    @staticmethod
    def ask(port: int, path: str, **parameters) -> dict:
        answer = harness.request(
            port, "GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        assert answer.status == 200, answer.text
        return answer.json()["data"]

    def compare(self, path: str, query: str, **parameters):
        with self.subTest(path=path, query=query):
            ours = self.ask(self.agent.port, path, query=query, **parameters)
            theirs = self.ask(self.prometheus.port, path, query=query, **parameters)
            self.assertTrue(agree(ours, theirs), f"\n{ours}\n{theirs}")

    def test_instant_queries_agree(self):
        for query in QUERIES:
            self.compare("query", query, time=self.time)

    def test_range_queries_agree(self):
        for query in QUERIES:
            self.compare("query_range", query, start=self.time - 5, end=self.time, step=1)

    def test_lists_agree(self):
        for path in ("labels", "label/job/values", "label/__name__/values"):
            self.assertEqual(
                self.ask(self.agent.port, path), self.ask(self.prometheus.port, path))


if __name__ == "__main__":
    unittest.main()
