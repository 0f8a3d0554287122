"""Pitot under test: its files, its process and what it says of itself."""

import pathlib
import re

import harness


class Agent:
    """A `pitot serve` with a folder of its own. The port stays the same over restarts."""

    def __init__(self, folder: pathlib.Path, rules: dict[str, str], settings: str = ""):
        self.folder = folder
        self.rules = folder / "rules"
        self.rules.mkdir(parents=True, exist_ok=True)
        for name, text in rules.items():
            (self.rules / name).write_text(text)
        self.port = harness.free_port()
        self.config = folder / "pitot.yaml"
        self.config.write_text(
            f"listen: 127.0.0.1:{self.port}\n"
            f"data: {folder / 'data'}\n"
            f"rules: [{self.rules}]\n"
            f"{settings}")
        self.flags: list = []
        self.process: harness.Process | None = None

    @property
    def write_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1/write"

    def launch(self) -> "Agent":
        """Starts it and returns at once."""
        self.process = harness.Process(
            "pitot", [harness.PITOT, "serve", "--config", self.config, *self.flags],
            self.folder)
        return self

    def start(self) -> "Agent":
        """Starts it and waits until it has replayed its log."""
        self.launch()
        harness.wait_until("pitot is ready", self._is_ready)
        return self

    def _is_ready(self) -> bool:
        if not self.process.is_running:
            raise AssertionError(f"pitot ended\n{self.process.log_end()}")
        return harness.answers(self.port, "/-/ready")

    def kill(self) -> None:
        if self.process and self.process.is_running:
            self.process.kill()

    def get(self, path: str) -> harness.Response:
        return harness.request(self.port, "GET", path)

    def post(self, path: str, body: bytes = b"", headers=None) -> harness.Response:
        return harness.request(self.port, "POST", path, body, headers)

    def slos(self, service: str | None = None) -> list[dict]:
        answer = self.get("/api/v1/slos" + (f"?service={service}" if service else ""))
        assert answer.status == 200, answer.text
        body = answer.json()
        assert body["status"] == "success", body
        return body["data"]["slos"]

    def slo(self, name: str, **labels: str) -> dict | None:
        """The element of one SLO and group, or None while there is none."""
        for element in self.slos():
            if element["name"] == name and element["labels"] == labels:
                return element
        return None

    def events(self, name: str, **labels: str) -> dict | None:
        element = self.slo(name, **labels)
        return element["events"] if element else None

    def total(self, name: str, **labels: str) -> float:
        events = self.events(name, **labels)
        return (events["total"] or 0.0) if events else 0.0

    def metrics(self) -> dict[str, float]:
        """Its own metrics: `name{labels}` to value."""
        found = {}
        for line in self.get("/metrics").text.splitlines():
            match = re.fullmatch(r"([a-zA-Z_:][^\s{]*(?:\{.*\})?) (\S+)(?: \d+)?", line)
            if match:
                found[match[1]] = float(match[2])
        return found

    def refusals(self) -> dict[str, float]:
        """Everything it counts by reason."""
        return {name: value for name, value in self.metrics().items() if "reason=" in name}
