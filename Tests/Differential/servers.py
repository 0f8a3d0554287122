"""Pitot and a Prometheus that nobody scrapes for: both live on what is written to them."""

import pathlib

import harness
from agent import Agent

SETTINGS = "retention: {time: 48h}\n"
FLAGS = ["promql-experimental-functions", "promql-duration-expr"]


class Pair:
    """Started on entry, killed on leaving."""

    def __init__(self, folder: pathlib.Path, prometheus: pathlib.Path, modern: bool):
        self.folder = folder
        self.prometheus = prometheus.resolve()
        self.modern = modern

    def __enter__(self) -> "Pair":
        features = f"queries: {{features: [{', '.join(FLAGS)}]}}\n" if self.modern else ""
        self.pitot = Agent(self.folder, {}, SETTINGS + features).start()
        self.port = harness.free_port()
        config = self.folder / "prometheus.yml"
        config.write_text("global: {evaluation_interval: 1m}\n")
        flags = ",".join(["native-histograms", *FLAGS]) if self.modern \
            else "promql-at-modifier"
        self.process = harness.Process(
            "prometheus",
            [
                self.prometheus, f"--config.file={config}",
                f"--storage.tsdb.path={self.folder / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--web.enable-remote-write-receiver", f"--enable-feature={flags}",
            ],
            self.folder)
        harness.wait_until("Prometheus is ready", lambda: harness.answers(self.port, "/-/ready"))
        return self

    def __exit__(self, *reason):
        self.pitot.kill()
        self.process.kill()
