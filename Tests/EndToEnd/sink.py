"""A webhook receiver that remembers what it was sent."""

import http.server
import json
import threading


class Sink:
    """Records each POSTed JSON body under its path. The path tells who sent it."""

    def __init__(self):
        self._lock = threading.Lock()
        self._bodies: list[tuple[str, dict]] = []
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with sink._lock:
                    sink._bodies.append((self.path, json.loads(raw)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def bodies(self, path: str) -> list[dict]:
        with self._lock:
            return [body for at, body in self._bodies if at == path]

    def alerts(self, path: str, **labels: str) -> list[dict]:
        """Every alert that arrived at a path with these labels."""
        return [
            alert for body in self.bodies(path) for alert in body["alerts"]
            if all(alert["labels"].get(name) == value for name, value in labels.items())]
