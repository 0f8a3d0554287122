"""Bad input, signals and broken files: a status, one line that says why, nothing else changes."""

import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import harness
import remotewrite
from agent import Agent
from slofiles import BROKEN, BROKEN_COLUMN, BROKEN_LINE, UNGROUPED

LIMIT = 1024 * 1024


def good_request(value: float = 1.0) -> bytes:
    series = remotewrite.time_series(
        {"__name__": "inference_requests_total", "job": "models", "response_code": "200"},
        [(int(time.time() * 1000), value)])
    return remotewrite.snappy(remotewrite.write_request(series))


class InputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        cls.agent = Agent(
            pathlib.Path(temporary.name), {"slo.yaml": UNGROUPED},
            "limits: {bodyBytes: 1MiB}\n").start()
        cls.addClassCleanup(cls.agent.kill)

    def check_refused(self, status: int, body: bytes, **headers: str) -> None:
        """Refused with one line, counted under a reason, and no event the more."""
        counted = sum(self.agent.refusals().values())
        events = self.agent.slos()[0]["events"]
        sent = {**remotewrite.HEADERS, **{k.replace("_", "-"): v for k, v in headers.items()}}
        answer = self.agent.post("/api/v1/write", body, sent)
        self.check_reason(answer, status)
        self.assertEqual(sum(self.agent.refusals().values()), counted + 1)
        self.assertEqual(self.agent.slos()[0]["events"], events)

    def check_reason(self, answer, status: int) -> None:
        self.assertEqual(answer.status, status, answer.text)
        self.assertTrue(answer.text.strip())
        self.assertEqual(len(answer.text.strip().splitlines()), 1, answer.text)

    def test_corrupt_snappy_is_400(self):
        self.check_refused(400, b"\x10\xff\xff\xff\xff")

    def test_truncated_snappy_is_400(self):
        self.check_refused(400, good_request()[:-5])

    def test_corrupt_protobuf_is_400(self):
        self.check_refused(400, remotewrite.snappy(b"\x0a\xff\xff\xff\xff\xff"))

    def test_an_empty_body_is_400(self):
        self.check_refused(400, b"")

    def test_another_content_type_is_415(self):
        self.check_refused(415, good_request(), Content_Type="text/plain")

    def test_another_encoding_is_415(self):
        self.check_refused(415, good_request(), Content_Encoding="gzip")

    def test_a_snappy_header_that_claims_too_much_is_400(self):
        self.check_refused(400, remotewrite.varint(2**31) + b"\x00" * 64)

    def test_a_body_over_the_limit_is_413(self):
        self.check_refused(413, remotewrite.snappy(b"\x00" * (LIMIT + 1024)))

    def test_a_declared_length_over_the_limit_is_413_at_once(self):
        with socket.create_connection(("127.0.0.1", self.agent.port), timeout=5) as raw:
            raw.sendall(
                b"POST /api/v1/write HTTP/1.1\r\nHost: pitot\r\nContent-Encoding: snappy\r\n"
                b"Content-Type: application/x-protobuf\r\nExpect: 100-continue\r\n"
                b"Content-Length: 67108864\r\n\r\n")
            status_line = raw.recv(4096).split(b"\r\n")[0]
        self.assertIn(b" 413 ", status_line)

    def test_get_of_the_write_path_is_405(self):
        self.check_reason(self.agent.get("/api/v1/write"), 405)

    def test_an_unknown_path_is_404(self):
        self.check_reason(self.agent.get("/api/v1/nothing"), 404)

    def test_health_readiness_and_metrics_answer(self):
        for path in ("/-/healthy", "/-/ready", "/metrics"):
            self.assertEqual(self.agent.get(path).status, 200)

    def test_a_good_request_is_taken(self):
        answer = self.agent.post("/api/v1/write", good_request(), remotewrite.HEADERS)
        self.assertIn(answer.status, (200, 204), answer.text)

    def test_the_process_outlives_all_of_it(self):
        self.assertTrue(self.agent.process.is_running)


class LifeTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def agent(self, slo: str) -> Agent:
        agent = Agent(self.folder, {"slo.yaml": slo})
        self.addCleanup(agent.kill)
        return agent

    def where(self) -> str:
        return f"slo.yaml:{BROKEN_LINE}:{BROKEN_COLUMN}: "

    def test_sigterm_ends_it_with_0(self):
        agent = self.agent(UNGROUPED).start()
        agent.process.signal(signal.SIGTERM)
        self.assertEqual(agent.process.wait(), 0)

    def test_a_broken_file_at_the_start_ends_it_with_1_and_the_place(self):
        agent = self.agent(BROKEN).launch()
        self.assertEqual(agent.process.wait(), 1)
        self.assertIn(self.where(), agent.process.log())

    def test_a_broken_file_at_reload_keeps_the_old_rules(self):
        agent = self.agent(UNGROUPED).start()
        self.assertEqual([slo["name"] for slo in agent.slos()], ["availability"])
        (agent.rules / "slo.yaml").write_text(BROKEN)
        answer = agent.post("/-/reload")
        self.assertEqual(answer.status, 500)
        self.assertIn(self.where(), answer.text)
        self.assertIn(self.where(), agent.process.log())
        self.assertEqual(agent.metrics()["pitot_config_last_reload_successful"], 0)
        self.assertEqual([slo["name"] for slo in agent.slos()], ["availability"])

        (agent.rules / "slo.yaml").write_text(UNGROUPED.replace("availability", "success"))
        self.assertEqual(agent.post("/-/reload").status, 200)
        self.assertEqual(agent.metrics()["pitot_config_last_reload_successful"], 1)
        self.assertIn("success", [slo["name"] for slo in agent.slos()])

    def test_sighup_reads_the_files_again(self):
        agent = self.agent(UNGROUPED).start()
        (agent.rules / "slo.yaml").write_text(BROKEN)
        agent.process.signal(signal.SIGHUP)
        harness.wait_until("it is refused", lambda: self.where() in agent.process.log())
        told = agent.process.log().count(self.where())
        # The agent looks at its files by itself, and tells of a change once.
        for more in range(1, 4):
            agent.process.signal(signal.SIGHUP)
            harness.wait_until(
                "it is refused again",
                lambda more=more: agent.process.log().count(self.where()) >= told + more)
        self.assertEqual([slo["name"] for slo in agent.slos()], ["availability"])
        (agent.rules / "slo.yaml").write_text(UNGROUPED.replace("availability", "success"))
        agent.process.signal(signal.SIGHUP)
        harness.wait_until(
            "it is taken", lambda: "success" in [slo["name"] for slo in agent.slos()])

    def test_reload_needs_post(self):
        agent = self.agent(UNGROUPED).start()
        self.assertEqual(agent.get("/-/reload").status, 405)


class CheckTest(unittest.TestCase):
    def check(self, *paths) -> subprocess.CompletedProcess:
        return subprocess.run(
            [harness.PITOT, "check", *map(str, paths)],
            capture_output=True, text=True, timeout=20, cwd=harness.ROOT, check=False)

    def test_the_examples_are_clean(self):
        for name in ("recommender.yaml", "fraud-detector.yaml"):
            result = self.check(f"rules/{name}")
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_a_broken_file_is_1_with_its_place(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "slo.yaml"
            path.write_text(BROKEN)
            result = self.check(path)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{path}:{BROKEN_LINE}:{BROKEN_COLUMN}: ", result.stdout + result.stderr)

    def test_no_arguments_is_a_usage_error(self):
        self.assertEqual(self.check().returncode, 2)
