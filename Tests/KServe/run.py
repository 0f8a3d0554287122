#!/usr/bin/env python3
"""A real KServe model server, a logger that posts as KServe's agent does, and Pitot as its sink:
inputs shift, and the right feature is paged. usage: run.py VENV [--requests N]."""

import argparse
import http.client
import json
import pathlib
import random
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

import harness  # noqa: E402
from agent import Agent  # noqa: E402
from payload_logger import PayloadLogger  # noqa: E402
from sink import Sink  # noqa: E402

RULES = """
apiVersion: pitot/v1
kind: DriftModels
models:
  - model: credit
    namespace: bank
    version: {from: response}
    features:
      - {name: age, type: numeric, unit: years}
      - {name: income, type: numeric, unit: EUR}
      - {name: city, type: categorical}
    baseline: {firstRows: 400}
    budget: {rows: 100000}
    guards: {thin: 1}
    window: {every: 1h, rows: 400}
    responses: {within: 3s}
    alerts: {labels: {team: risk}}
"""

SLOS = """
apiVersion: pitot/v1
kind: SLOs
service: credit
slos:
  - name: availability
    objective: 99
    sli:
      events:
        bad: pitot_inference_requests_total{model="credit", outcome="failed"}
        total: pitot_inference_requests_total{model="credit", outcome=~"ok|failed"}
"""


def body(random_: random.Random, shift: float, rows: int = 1, bad: bool = False) -> bytes:
    ages = [40 + 10 * random_.gauss(0, 1) for _ in range(rows)]
    incomes = [-1.0 if bad else 3000 + 800 * (random_.gauss(0, 1) + shift) for _ in range(rows)]
    cities = [random_.choice(["Bonn", "Ulm", "Jena"]) for _ in range(rows)]
    return json.dumps({"inputs": [
        {"name": "age", "shape": [rows], "datatype": "FP64", "data": ages},
        {"name": "income", "shape": [rows], "datatype": "FP64", "data": incomes},
        {"name": "city", "shape": [rows], "datatype": "BYTES", "data": cities}]}).encode()


class Caller:
    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def infer(self, payload: bytes) -> int:
        self.connection.request(
            "POST", "/v2/models/credit/infer", payload, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        answer.read()
        return answer.status


def run(venv: pathlib.Path, before: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        sink = Sink()
        agent = Agent(
            folder / "pitot", {"drift.yaml": RULES, "slo.yaml": SLOS},
            "route: {receiver: hook, group_wait: 100ms, group_interval: 1s}\n"
            f'receivers: [{{name: hook, webhook_configs: [{{url: "{sink.url("/hook")}"}}]}}]\n'
        ).start()
        port = harness.free_port()
        server = harness.Process(
            "kserve", [venv / "bin" / "python", pathlib.Path(__file__).parent / "model_server.py",
                       str(port)], folder)
        try:
            harness.wait_until(
                "the model is ready", lambda: harness.answers(port, "/v2/models/credit/ready"),
                60)
            logger = PayloadLogger(
                port, f"http://127.0.0.1:{agent.port}/api/v1/events", "credit", "bank")
            scenario(agent, sink, logger, before)
            assert not logger.errors, logger.errors[:3]
            slowest = sorted(logger.ack_seconds)
            print(f"{len(slowest)} events acknowledged, p99 "
                  f"{slowest[len(slowest) * 99 // 100] * 1000:.2f} ms")
        finally:
            server.kill()
            agent.kill()
            sink.stop()


def watch(agent: Agent) -> dict:
    models = agent.get("/api/v1/drift?model=credit&version=2024-11").json()["data"]["models"]
    return models[0] if models else {}


def scenario(agent: Agent, sink: Sink, logger: PayloadLogger, before: int) -> None:
    random_ = random.Random(5)
    caller = Caller(logger.port)

    def alerts() -> list[dict]:
        return sink.alerts("/hook", alertname="ModelDrift")

    for _ in range(before):
        assert caller.infer(body(random_, 0)) == 200
    logger.drain()
    harness.wait_until(
        "all is counted", lambda: watch(agent).get("requests", {}).get("ok") == before)
    assert watch(agent)["state"] == "watching", watch(agent)
    assert not alerts(), alerts()

    # What the server refuses is an exchange without an answer: its logger posts none.
    for _ in range(3):
        assert caller.infer(body(random_, 0, bad=True)) >= 400
    sent = 0
    while not alerts():
        assert sent < 200, "no page after 200 rows of a shift by 1.5 sigma"
        assert caller.infer(body(random_, 1.5, rows=4)) == 200
        sent += 1
        if sent % 10 == 0:
            logger.drain()
            time.sleep(0.3)
    alert = alerts()[-1]
    print(alert["annotations"]["summary"])
    print(alert["annotations"]["description"])
    assert alert["annotations"]["features"].split(", ")[0] == "income", alert
    assert "age" not in alert["annotations"]["features"], alert
    assert alert["labels"]["version"] == "2024-11" and alert["labels"]["team"] == "risk", alert

    # The three that failed are given up after 3 s, and the SLO counts them.
    def failed() -> float:
        events = agent.events("availability")
        return events["bad"] if events and events["bad"] else 0

    harness.wait_until("the failures are counted", lambda: failed() == 3, 60)
    total = agent.events("availability")["total"]
    harness.wait_until(
        "every request is counted",
        lambda: agent.events("availability")["total"] == before + sent + 3, 60)
    print(f"{before + sent} requests answered, 3 failed: counted exactly ({total:.0f} at first)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("venv", type=pathlib.Path)
    parser.add_argument("--requests", type=int, default=1200)
    arguments = parser.parse_args()
    run(arguments.venv, arguments.requests)
    print("1 passed, 0 failed")
