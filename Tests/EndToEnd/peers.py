"""Debian's Prometheus and Alertmanager, as scripts/fetch-peers.sh unpacked them."""

import pathlib

import harness


class Prometheus:
    """Scrapes the exporter every second; remote-writes within half a second, if told where to."""

    def __init__(
        self, folder: pathlib.Path, exporter_port: int, write_url: str | None = None,
        replica: str | None = None, rules: pathlib.Path | None = None,
    ):
        folder.mkdir(parents=True, exist_ok=True)
        self.port = harness.free_port()
        config = folder / "prometheus.yml"
        config.write_text(self._config(exporter_port, write_url, replica, rules))
        self.process = harness.Process(
            "prometheus",
            [
                harness.PEERS / "prometheus" / "usr" / "bin" / "prometheus",
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'prometheus'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--scrape.discovery-reload-interval=100ms",
            ],
            folder)
        harness.wait_until(
            "Prometheus is ready", lambda: harness.answers(self.port, "/-/ready"))

    @staticmethod
    def _config(
        exporter_port: int, write_url: str | None, replica: str | None,
        rules: pathlib.Path | None,
    ) -> str:
        external = f", external_labels: {{__replica__: {replica}}}" if replica else ""
        text = f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s{external}}}
scrape_configs:
  - job_name: models
    static_configs: [{{targets: ["127.0.0.1:{exporter_port}"]}}]
"""
        if rules:
            text += f"rule_files: [{rules}]\n"
        if write_url:
            # What its rules make it keeps to itself.
            # One shard keeps the order; the short back-off resends soon after a restart.
            text += f"""
remote_write:
  - url: {write_url}
    metadata_config: {{send_interval: 1s}}
    write_relabel_configs:
      - {{source_labels: [__name__], regex: 'models:.*|ALERTS.*', action: drop}}
    queue_config:
      batch_send_deadline: 500ms
      min_shards: 1
      max_shards: 1
      min_backoff: 30ms
      max_backoff: 200ms
"""
        return text

    def query(self, expression: str) -> list[dict]:
        body = f"query={expression}".encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = harness.request(self.port, "POST", "/api/v1/query", body, headers)
        return answer.json()["data"]["result"]


class Alertmanager:
    """Sends each alert to a webhook of its own, at once."""

    def __init__(self, folder: pathlib.Path, webhook_url: str):
        folder.mkdir(parents=True, exist_ok=True)
        self.port = harness.free_port()
        config = folder / "alertmanager.yml"
        config.write_text(f"""
route: {{receiver: sink, group_by: ["..."], group_wait: 0s, group_interval: 1s}}
receivers:
  - name: sink
    webhook_configs: [{{url: "{webhook_url}", send_resolved: true}}]
""")
        unpacked = harness.PEERS / "prometheus-alertmanager" / "usr"
        self.process = harness.Process(
            "alertmanager",
            [
                harness.ROOT / "scripts" / "with-share.sh", unpacked / "share",
                unpacked / "bin" / "prometheus-alertmanager",
                f"--config.file={config}",
                f"--storage.path={folder / 'alertmanager'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--cluster.listen-address=",
            ],
            folder)
        harness.wait_until(
            "Alertmanager is ready", lambda: harness.answers(self.port, "/-/ready"))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"
