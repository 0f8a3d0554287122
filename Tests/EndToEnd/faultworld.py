"""One agent, one sink and one alert that can be made to fire: the world of the fault tests."""

import pathlib
import tempfile
import time

import harness
import remotewrite
from agent import Agent
from faultsink import FaultSink, certificate

RULES = """\
groups:
  - name: faults
    interval: 200ms
    rules:
      - {alert: Fault, expr: fault > 0, labels: {severity: page}}
"""
BACKOFF_SECONDS = 4
MARGIN_SECONDS = 5
NO_HOST = "http://no-such-host.invalid/"


def settings(receivers: str, wait: str = "0s", notify: str = "") -> str:
    return f"""\
notify: {{backoffMax: {BACKOFF_SECONDS}s, failingAfter: 1h{notify}}}
route: {{receiver: sink, group_by: [g], group_wait: {wait}, group_interval: 1s}}
receivers:
{receivers}
"""


class World:
    """`fault` is what the sink does from the beginning; see `FaultSink`, and `dns`."""

    def __init__(self, fault: str, wait: str = "0s"):
        self.temporary = tempfile.TemporaryDirectory(prefix="pitot-fault-")
        self.folder = pathlib.Path(self.temporary.name)
        self.fault = fault
        tls = certificate(self.folder) if fault == "tls" else None
        self.sink = FaultSink("ok" if fault == "dns" else fault, tls)
        self.address = self.folder / "address"
        self.address.write_text(NO_HOST if fault == "dns" else self.sink.url() + "\n")
        http = f", http_config: {{tls_config: {{ca_file: {self.folder}/ca.pem}}}}" if tls else ""
        receivers = (
            "  - name: sink\n    webhook_configs:\n"
            f"      - {{url_file: {self.address}, timeout: 2s{http}}}")
        self.agent = Agent(self.folder / "pitot", {"r.yaml": RULES}, settings(receivers, wait))
        self.agent.start()

    def close(self) -> None:
        self.agent.kill()
        self.sink.stop()
        self.temporary.cleanup()

    def write(self, value: float, group: str = "a") -> None:
        labels = {"__name__": "fault", "job": "j", "instance": "i", "g": group}
        series = remotewrite.time_series(labels, [(int(time.time() * 1000), value)])
        body = remotewrite.snappy(remotewrite.write_request(series))
        answer = self.agent.post("/api/v1/write", body, remotewrite.HEADERS)
        assert answer.status in (200, 204), answer.text

    def outbox(self) -> dict:
        """How the sink's destination fares; empty before it was ever told anything."""
        data = self.agent.get("/api/v1/outbox").json()["data"]
        return data["destinations"][0] if data["destinations"] else {}

    def recover(self) -> float:
        """The sink is well from now on; when that was."""
        if self.fault == "dns":
            self.address.write_text(self.sink.url())
        return self.sink.set("ok")

    def kill_and_restart(self) -> float:
        """When it was ready again."""
        self.agent.kill()
        self.agent.start()
        return time.monotonic()

    def statuses(self) -> list[str]:
        """What the sink was told, in order: `firing`, `resolved`."""
        return [each.told()["status"] for each in self.sink.taken()]
