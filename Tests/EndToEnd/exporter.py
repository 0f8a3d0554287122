"""A model server's metrics: what a Prometheus scrapes, with traffic that the test controls."""

import http.server
import threading

Series = tuple[str, str, str]  # namespace, inference service, response code


class Exporter:
    """Counts requests of models. Traffic passes at each scrape, so every count is known exactly.

    A response code's series appears with its first request, as client libraries have it.
    """

    def __init__(self, models: list[tuple[str, str]], started: float):
        self._lock = threading.Lock()
        self._counts: dict[Series, int] = {}
        self._models = models
        self._started = started
        self._requests_per_scrape = 0
        self._errors_per_scrape: dict[tuple[str, str], int] = {}
        self._scrapes = 0
        self._server: http.server.ThreadingHTTPServer | None = None
        self.port = 0

    def start(self) -> "Exporter":
        exporter = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = exporter._scrape().encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def count(self, model: tuple[str, str], code: str, requests: int) -> None:
        """Requests that happened before or between scrapes."""
        with self._lock:
            self._add(model, code, requests)

    def set_traffic(self, requests_per_scrape: int, errors: dict | None = None) -> None:
        """From the next scrape on: requests of each model, and how many of them fail, by model."""
        with self._lock:
            self._requests_per_scrape = requests_per_scrape
            self._errors_per_scrape = errors or {}

    @property
    def scrapes(self) -> int:
        with self._lock:
            return self._scrapes

    def total(self, model: tuple[str, str], *, bad: bool = False) -> int:
        with self._lock:
            return sum(
                count for (namespace, service, code), count in self._counts.items()
                if (namespace, service) == model and (not bad or code.startswith("5")))

    def _add(self, model: tuple[str, str], code: str, requests: int) -> None:
        if requests > 0:
            series = (*model, code)
            self._counts[series] = self._counts.get(series, 0) + requests

    def _scrape(self) -> str:
        with self._lock:
            self._scrapes += 1
            for model in self._models:
                errors = self._errors_per_scrape.get(model, 0)
                self._add(model, "503", errors)
                self._add(model, "200", self._requests_per_scrape - errors)
            lines = [
                "# TYPE process_start_time_seconds gauge",
                f"process_start_time_seconds {self._started:.3f}",
                "# HELP inference_requests_total Requests answered, by response code.",
                "# TYPE inference_requests_total counter",
            ]
            for (namespace, service, code), count in sorted(self._counts.items()):
                lines.append(
                    f'inference_requests_total{{namespace="{namespace}",'
                    f'inference_service="{service}",response_code="{code}"}} {count}')
            return "\n".join(lines) + "\n"
