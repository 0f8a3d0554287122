"""The requests that Grafana 11, promtool and prometheus-api-client make get Prometheus' answers.

The requests were written down by hand from what these clients send. Both servers are fed the same
samples; bodies are compared member by member and digit by digit, except for the words of errors
about a query's text. PROMETHEUS names another binary than Debian's, and requests that need a newer
one are skipped with an old one.
"""

import gzip
import json
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import time
import unittest
import urllib.parse

import harness
from agent import Agent
from apirequests import Request, clients, get, grafana
from remotewrite import HEADERS, field, snappy, time_series, varint, write_request

PROMETHEUS = pathlib.Path(
    os.environ.get("PROMETHEUS", harness.PEERS / "prometheus" / "usr" / "bin" / "prometheus"))
PROMTOOL = pathlib.Path(
    os.environ.get("PROMTOOL", harness.PEERS / "prometheus" / "usr" / "bin" / "promtool"))
STEP = 15
STEPS = 40
# Off the grid of samples by 7 s: 3.x and 2.x disagree about samples on the edges of windows.
OFF = 7


def exemplar(millis: int, value: float, trace: str) -> bytes:
    label = field(1, field(1, b"trace_id") + field(2, trace.encode()))
    return field(3, label + b"\x11" + struct.pack("<d", value) + b"\x18" + varint(millis))


def body(base: int) -> bytes:
    """Ten minutes of series, in the order of their labels."""
    times = [base + step * STEP * 1000 for step in range(STEPS)]
    series = []

    def add(labels: dict, value, extra: bytes = b""):
        points = [(at, float(value(step))) for step, at in enumerate(times)]
        series.append(time_series(labels, points) + extra)

    for code in ("200", "500"):
        for job, pace in (("api", 3), ("web", 7)):
            add({"__name__": "http_requests_total", "code": code, "instance": "i:1", "job": job},
                lambda step, pace=pace: step * pace)
    for bound, share in (("+Inf", 10), ("0.1", 4), ("1", 9)):
        traces = exemplar(times[-1], 0.05, "abc") if bound == "0.1" else b""
        add({"__name__": "latency_seconds_bucket", "instance": "i:1", "job": "api", "le": bound},
            lambda step, share=share: step * share, traces)
    for room, shift in (("a", -3.5), ("b", 1e-9), ("c", 1e21)):
        add({"__name__": "temperature", "room": room}, lambda step, shift=shift: step * 0.1 + shift)
    add({"__name__": "up", "instance": "i:1", "job": "api"}, lambda step: step % 10 != 0)
    add({"__name__": "up", "instance": "i:1", "job": "web"}, lambda step: 1)
    return snappy(write_request(*series))


def canonical(text: str) -> str:
    """The same document in the same order and the same digits, but escaped in one way: Go writes
    `<` as a code in some texts and not in others, which no reader of JSON sees."""
    return json.dumps(json.loads(
        text, parse_float=lambda digits: f"number {digits}",
        parse_int=lambda digits: f"number {digits}"))


class ApiTest(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        folder = pathlib.Path(temporary.name)
        cls.agent = Agent(folder, {}).start()
        cls.addClassCleanup(cls.agent.kill)
        version = subprocess.run(
            [PROMETHEUS, "--version"], check=True, capture_output=True, text=True)
        found = re.search(r"version (\d+)\.(\d+)", version.stdout + version.stderr)
        cls.version = (int(found[1]), int(found[2]))
        cls.port = harness.free_port()
        (folder / "prometheus.yml").write_text("global: {}\n")
        process = harness.Process(
            "prometheus",
            [PROMETHEUS.resolve(), f"--config.file={folder / 'prometheus.yml'}",
             f"--storage.tsdb.path={folder / 'prometheus'}", "--web.enable-remote-write-receiver",
             "--enable-feature=exemplar-storage", f"--web.listen-address=127.0.0.1:{cls.port}"],
            folder)
        cls.addClassCleanup(process.kill)
        harness.wait_until("Prometheus is ready", lambda: harness.answers(cls.port, "/-/ready"))
        cls.base = (int(time.time()) // STEP - STEPS - 8) * STEP
        for port in (cls.agent.port, cls.port):
            answer = harness.request(
                port, "POST", "/api/v1/write", body(cls.base * 1000), HEADERS)
            assert answer.status in (200, 204), answer.text
        cls.end = cls.base + (STEPS - 1) * STEP + OFF

    def send(self, port: int, request: Request) -> harness.Response:
        form = urllib.parse.urlencode(request.parameters)
        if request.method == "GET":
            return harness.request(port, "GET", f"/api/v1/{request.path}?{form}")
        return harness.request(
            port, "POST", f"/api/v1/{request.path}", form.encode(),
            {"Content-Type": "application/x-www-form-urlencoded"})

    def compare(self, request: Request):
        if self.version < request.since:
            return
        with self.subTest(path=request.path, parameters=request.parameters):
            ours = self.send(self.agent.port, request)
            theirs = self.send(self.port, request)
            self.assertEqual(ours.status, theirs.status, ours.text + theirs.text)
            self.assertEqual(ours.headers["Content-Type"], theirs.headers["Content-Type"])
            left, right = canonical(ours.text), canonical(theirs.text)
            if request.masks_error:
                left, right = (re.sub(r'("error": ").*', r"\1", text) for text in (left, right))
            self.assertEqual(left, right)

    def test_grafana_gets_what_prometheus_answers(self):
        for request in grafana(self.end - 300, self.end):
            self.compare(request)

    def test_other_clients_get_what_prometheus_answers(self):
        for request in clients(self.end - 300, self.end):
            self.compare(request)

    def test_promtool_prints_the_same(self):
        start, end = str(self.end - 300), str(self.end)
        for arguments in (
                ["instant", f"--time={end}", "URL", "http_requests_total"],
                ["instant", f"--time={end}", "-o", "json", "URL", "sum(rate(up[1m]))"],
                ["range", f"--start={start}", f"--end={end}", "--step=1m", "URL", "temperature"],
                ["series", "--match=up", "--match=temperature", f"--start={start}",
                 f"--end={end}", "URL"],
                ["labels", f"--start={start}", f"--end={end}", "URL", "job"]):
            with self.subTest(arguments=arguments):
                outputs = []
                for port in (self.agent.port, self.port):
                    url = f"http://127.0.0.1:{port}"
                    command = [PROMTOOL, "query"] + [
                        url if part == "URL" else part for part in self._flags(arguments)]
                    run = subprocess.run(command, capture_output=True, text=True, timeout=20)
                    self.assertEqual(run.returncode, 0, run.stderr)
                    outputs.append(run.stdout)
                self.assertEqual(outputs[0], outputs[1])
                self.assertTrue(outputs[0].strip())

    @staticmethod
    def _flags(arguments):
        """`-o json` stands before the subcommand."""
        if "-o" not in arguments:
            return arguments
        place = arguments.index("-o")
        return ["-o", arguments[place + 1], *arguments[:place], *arguments[place + 2 :]]

    def test_states_of_the_server_have_the_members_that_clients_read(self):
        for path in ("buildinfo", "runtimeinfo", "flags", "config", "tsdb"):
            with self.subTest(path=path):
                request = get(f"status/{path}")
                ours, theirs = (
                    self.send(port, request).json() for port in (self.agent.port, self.port))
                self.assertEqual(ours["status"], "success")
                needed = {
                    "buildinfo": {"version", "revision", "branch", "buildUser", "buildDate",
                                  "goVersion"},
                    "runtimeinfo": {"startTime", "CWD", "reloadConfigSuccess", "lastConfigTime",
                                    "corruptionCount", "storageRetention"},
                    "flags": {"query.lookback-delta", "query.timeout", "query.max-samples",
                              "query.max-concurrency", "storage.tsdb.retention.time"},
                    "config": {"yaml"},
                    "tsdb": {"headStats", "seriesCountByMetricName", "labelValueCountByLabelName",
                             "memoryInBytesByLabelName", "seriesCountByLabelValuePair"},
                }[path]
                self.assertLessEqual(needed, ours["data"].keys())
                self.assertLessEqual(needed, theirs["data"].keys())
                if path == "tsdb":
                    for key in ("seriesCountByMetricName", "labelValueCountByLabelName",
                                "seriesCountByLabelValuePair"):
                        self.assertEqual(self._counts(ours, key), self._counts(theirs, key))
                    self.assertEqual(
                        ours["data"]["headStats"]["numSeries"],
                        theirs["data"]["headStats"]["numSeries"])

    @staticmethod
    def _counts(answer: dict, key: str) -> list[int]:
        return [one["value"] for one in answer["data"][key]]

    def test_statistics_count_the_same_samples(self):
        request = get("query", ("query", "sum(rate(http_requests_total[1m]))"),
                      ("time", str(self.end)), ("stats", "all"))
        ours, theirs = (self.send(port, request).json()["data"]["stats"]
                        for port in (self.agent.port, self.port))
        self.assertEqual(ours["timings"].keys(), theirs["timings"].keys())
        key = "totalQueryableSamples"
        self.assertEqual(ours["samples"][key], theirs["samples"][key])

    def test_pages_of_other_origins_may_read_as_with_prometheus(self):
        names = ["Vary"] + [f"Access-Control-{name}" for name in (
            "Allow-Origin", "Allow-Methods", "Allow-Headers", "Expose-Headers")]
        for method in ("GET", "OPTIONS"):
            for headers in ({}, {"Origin": "http://grafana.example:3000"}):
                for path in ("query?query=1&time=1", "rules", "label/job/values"):
                    with self.subTest(method=method, headers=headers, path=path):
                        ours, theirs = (
                            harness.request(port, method, f"/api/v1/{path}", None, headers)
                            for port in (self.agent.port, self.port))
                        self.assertEqual(ours.status, theirs.status)
                        left, right = ({name: answer.headers.get(name) for name in names}
                                       for answer in (ours, theirs))
                        if self.version < (3, 0):
                            # 2.42 allows all where 3.x names the one, and says nothing of origins
                            # to who has none.
                            if headers:
                                self.assertEqual(
                                    left["Access-Control-Allow-Origin"], headers["Origin"])
                                left["Access-Control-Allow-Origin"] = "*"
                            else:
                                left.pop("Vary"), right.pop("Vary")
                        self.assertEqual(left, right)

    def test_who_takes_gzip_gets_gzip(self):
        path = "/api/v1/query?query=" + urllib.parse.quote('{__name__=~".+"}') + \
            f"&time={self.end}"
        plain = harness.request(self.agent.port, "GET", path)
        self.assertNotIn("Content-Encoding", plain.headers)
        self.assertGreater(len(plain.body), 1024)
        for accepted, is_packed in (
                ("gzip", True), ("deflate, gzip;q=0.5", True), ("br, *", True), ("GZIP", True),
                ("gzip;q=0", False), ("gzip; q=0.0, *", False), ("identity", False),
                ("deflate", False), ("", False), ("*;q=0", False)):
            with self.subTest(accepted=accepted):
                answer = harness.request(
                    self.agent.port, "GET", path, None, {"Accept-Encoding": accepted})
                self.assertEqual(answer.status, 200)
                packed = answer.headers.get("Content-Encoding") == "gzip"
                self.assertEqual(packed, is_packed)
                body = gzip.decompress(answer.body) if packed else answer.body
                self.assertEqual(body, plain.body)
                self.assertTrue(not packed or len(answer.body) < len(body) / 3)
        # What the owner renders, and what is too small to be worth it.
        metrics = harness.request(
            self.agent.port, "GET", "/metrics", None, {"Accept-Encoding": "gzip"})
        self.assertIn(b"pitot_build_info", gzip.decompress(metrics.body))
        small = harness.request(
            self.agent.port, "GET", "/api/v1/query?query=1", None, {"Accept-Encoding": "gzip"})
        self.assertNotIn("Content-Encoding", small.headers)

    def test_a_head_request_gets_no_body(self):
        answer = harness.request(self.agent.port, "HEAD", "/api/v1/query?query=1")
        self.assertEqual((answer.status, answer.body), (200, b""))
        self.assertEqual(json.loads(self.send(self.agent.port, get(
            "query", ("query", "1"), ("time", "1"))).text)["data"]["result"], [1, "1"])


if __name__ == "__main__":
    unittest.main()
