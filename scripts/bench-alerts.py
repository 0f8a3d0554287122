#!/usr/bin/env python3
"""How long an alert takes: bench-alerts.py PITOT.

1. From the POST of the sample that breaks an SLO to the first byte of the notification at a
   receiver on loopback, with group_wait 0: one new group of an SLO a trial.
2. From the POST of 10,000 series that make 10,000 alerts of one rule fire, in 100 groups, to the
   last byte of the last notification; and the memory that it takes.
"""

import datetime
import os
import pathlib
import re
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))
os.environ["PITOT"] = sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "build" / "pitot")

import harness  # noqa: E402
import remotewrite  # noqa: E402
from agent import Agent  # noqa: E402
from faultsink import FaultSink  # noqa: E402

TRIALS = int(os.environ.get("TRIALS", "200"))
ALERTS, GROUPS = 10_000, 100

SLO = """\
apiVersion: pitot/v1
kind: SLOs
service: s
slos:
  - name: availability
    objective: 99.9
    period: 30d
    by: [g]
    sli:
      events:
        bad: requests_total{code="500"}
        total: requests_total
    alerts: {page: {}}
"""
RULES = """\
groups:
  - name: many
    interval: 1s
    rules: [{alert: Many, expr: many > 0}]
"""


def settings(sink: FaultSink, group_by: str) -> str:
    return f"""\
route: {{receiver: sink, group_by: [{group_by}], group_wait: 0s, group_interval: 1m}}
receivers: [{{name: sink, webhook_configs: [{{url: "{sink.url()}"}}]}}]
"""


def write(agent: Agent, series: list[bytes]) -> None:
    body = remotewrite.snappy(remotewrite.write_request(*series))
    answer = agent.post("/api/v1/write", body, remotewrite.HEADERS)
    assert answer.status in (200, 204), answer.text


def scrape(group: int, at: float, good: float, bad: float) -> list[bytes]:
    target = {"job": "j", "instance": f"i{group}", "g": f"g{group}"}
    values = [
        ({"__name__": "requests_total", "code": "200"}, good),
        ({"__name__": "requests_total", "code": "500"}, bad),
        ({"__name__": "up"}, 1.0)]
    return [
        remotewrite.time_series({**names, **target}, [(int(at * 1000), value)])
        for names, value in values]


def latency(folder: pathlib.Path) -> None:
    sink = FaultSink()
    agent = Agent(folder / "slo", {"slo.yaml": SLO}, settings(sink, "g")).start()
    delays = []
    try:
        # Targets that are known, scraped each minute: a new one is waited for until it settles.
        now = time.time()
        for step in (3, 2, 1):
            for trial in range(TRIALS):
                write(agent, scrape(trial, now - 60 * step, 100.0 * (4 - step), 0))
        time.sleep(3)
        for trial in range(TRIALS):
            seen = sink.seen()
            began = time.monotonic()
            write(agent, scrape(trial, time.time(), 400, 200))
            with sink.lock:
                if not sink.lock.wait_for(lambda: len(sink.requests) > seen, timeout=10):
                    raise SystemExit(f"trial {trial}: nothing came")
                delays.append(sink.requests[seen].at - began)
            harness.wait_until(
                "nothing waits",
                lambda: agent.metrics()["pitot_notifications_queued"] == 0)
    finally:
        agent.kill()
        sink.stop()
    delays.sort()
    print(f"sample to receiver, {TRIALS} alerts of an SLO, one at a time: "
          f"p50 {delays[TRIALS // 2] * 1000:.0f} ms, p99 "
          f"{delays[int(TRIALS * 0.99) - 1] * 1000:.0f} ms, max {delays[-1] * 1000:.0f} ms")


def memory(agent: Agent, field: str) -> int:
    """In MiB."""
    text = pathlib.Path(f"/proc/{agent.process.child.pid}/status").read_text()
    return int(text.split(f"{field}:")[1].split()[0]) // 1024


def processor_seconds(agent: Agent) -> float:
    """User and system time of the process so far."""
    fields = pathlib.Path(f"/proc/{agent.process.child.pid}/stat").read_text().split(")")[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def decided(agent: Agent) -> float:
    """When the first alert fired, by the agent's clock and log."""
    stamp = re.search(r"time=(\S+) .*alert firing", agent.process.log())[1]
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def storm(folder: pathlib.Path) -> None:
    sink = FaultSink()
    agent = Agent(folder / "storm", {"r.yaml": RULES}, settings(sink, "g")).start()
    told: set[str] = set()

    def series(value: float) -> list[bytes]:
        at = int(time.time() * 1000)
        return [
            remotewrite.time_series(
                {"__name__": "many", "job": "j", "instance": "i", "n": str(each),
                 "g": str(each % GROUPS)}, [(at, value)])
            for each in range(ALERTS)]

    try:
        write(agent, series(0))
        time.sleep(2)
        before = memory(agent, "VmRSS")
        processor = processor_seconds(agent)
        began = time.monotonic()
        write(agent, series(1))
        taken = time.monotonic() - began

        def total() -> int:
            return sum(each.body.count(b'"status":"firing","labels"') for each in sink.taken())

        harness.wait_until("every group was told", lambda: total() >= ALERTS, deadline=60)
        last = sink.taken()[-1].at - began
        processor = processor_seconds(agent) - processor
        for each in sink.taken():
            told.update(alert["labels"]["n"] for alert in each.told()["alerts"])
        assert len(told) == ALERTS, len(told)
        first = sink.taken()[0].at - began
        fired = decided(agent) - time.time() + time.monotonic()
        print(f"{ALERTS} alerts in {GROUPS} groups: written {taken:.2f} s, first notification "
              f"{first:.2f} s, last {last:.2f} s after the POST began, "
              f"{sink.taken()[-1].at - fired:.2f} s after the alerts fired ({len(sink.taken())} "
              f"requests, {processor:.2f} s of "
              f"processor time); memory {before} MiB before, {memory(agent, 'VmHWM')} MiB at most")
    finally:
        agent.kill()
        sink.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="pitot-bench-") as name:
        latency(pathlib.Path(name))
        storm(pathlib.Path(name))
