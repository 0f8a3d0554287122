"""`pitot query` and `pitot check --agent` ask a running agent."""

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

RULES = """groups:
  - name: g
    rules:
      - {record: a, expr: 'rate(requests_total[5m])'}
      - {record: b, expr: 'rate(request_total[5m])'}
      - {record: c, expr: 'latency_bucket{le="0.3"}'}
      - {record: d, expr: 'latency_bucket{le="0.5"}'}
"""


def pitot(*arguments):
    done = subprocess.run([str(harness.PITOT), *map(str, arguments)], capture_output=True,
                          text=True, timeout=30, check=False)
    return done.returncode, done.stdout, done.stderr


class AgentCommandTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.folder = pathlib.Path(temporary.name)
        cls.agent = Agent(cls.folder, {"slo.yaml": AVAILABILITY}).start()
        cls.addClassCleanup(cls.agent.kill)
        cls.url = f"http://127.0.0.1:{cls.agent.port}"
        cls.at = int(time.time())
        series = [
            ({"__name__": "requests_total", "job": "a", "instance": "i"}, 7.0),
            ({"__name__": "latency_bucket", "job": "a", "instance": "i", "le": "0.1"}, 1.0),
            ({"__name__": "latency_bucket", "job": "a", "instance": "i", "le": "0.5"}, 2.0),
            ({"__name__": "latency_bucket", "job": "a", "instance": "i", "le": "+Inf"}, 3.0),
        ]
        body = remotewrite.snappy(remotewrite.write_request(*[
            remotewrite.time_series(labels, [(cls.at * 1000, value)]) for labels, value in series]))
        answer = cls.agent.post("/api/v1/write", body, remotewrite.HEADERS)
        assert answer.status == 204, answer.text

    def test_a_query_is_a_table_json_or_yaml(self):
        asked = ["query", "--agent", self.url, "--time", self.at]
        code, out, err = pitot(*asked, "requests_total")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.split("\n")[0].split(), ["METRIC", "VALUE"])
        self.assertEqual(out.split("\n")[1].split()[-1], "7")
        code, out, _ = pitot(*asked, "-o", "json", "requests_total")
        self.assertEqual(json.loads(out)["result"][0]["value"][1], "7")
        code, out, _ = pitot(*asked, "-o", "yaml", "1 + 1")
        self.assertEqual(out, f'resultType: "scalar"\nresult: [{self.at}.0,"2"]\n')

    def test_a_range_has_a_line_for_each_step(self):
        code, out, _ = pitot("query", "--agent", self.url, "--start", self.at, "--end",
                             self.at + 60, "--step", "30s", "requests_total + 1")
        self.assertEqual(code, 0, out)
        self.assertEqual([line.split()[-1] for line in out.splitlines()[1:]], ["8", "8", "8"])

    def test_a_wrong_query_says_what_is_wrong(self):
        code, out, err = pitot("query", "--agent", self.url, "sum(")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("bad_data: ", err)
        self.assertIn("1:5: parse error", err)
        code, _, err = pitot("query", "--agent", "http://127.0.0.1:1", "up")
        self.assertEqual(code, 1)
        self.assertIn("no answer", err)

    def test_check_knows_the_agents_metrics_and_bounds(self):
        path = self.folder / "rules.yml"
        path.write_text(RULES)
        code, out, err = pitot("check", "--agent", self.url, "--lint-fatal", path)
        self.assertEqual((code, err), (3, ""))
        self.assertIn(":5:33: warning: the agent has no metric request_total [unknown-metric] "
                      "(did you mean requests_total?)", out)
        self.assertIn(":6:28: warning: latency_bucket has no bucket le=\"0.3\" [unknown-bound] "
                      "(its neighbours are 0.1 and 0.5)", out)
        self.assertIn("0 errors, 2 warnings", out)


if __name__ == "__main__":
    unittest.main()
