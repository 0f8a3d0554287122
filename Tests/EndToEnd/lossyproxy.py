"""A proxy that duplicates, delays, reorders and drops acknowledgements; it loses no request."""

import http.client
import http.server
import random
import threading
import time

import harness


class LossyProxy:
    """Stands before a port. What it does to a request is drawn from a seeded generator."""

    def __init__(self, target: int, seed: int = 1, duplicates=0.2, drops=0.2, delay=0.03):
        self.target = target
        self.port = harness.free_port()
        self.counts = {"requests": 0, "duplicated": 0, "dropped": 0, "delayed": 0}
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._chances = (duplicates, drops, delay)
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                proxy._forward(self)

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _draw(self) -> tuple[bool, bool, float]:
        duplicates, drops, delay = self._chances
        with self._lock:
            doubled = self._random.random() < duplicates
            dropped = self._random.random() < drops
            wait = self._random.random() * delay if self._random.random() < 0.5 else 0.0
            self.counts["requests"] += 1
            self.counts["duplicated"] += doubled
            self.counts["dropped"] += dropped
            self.counts["delayed"] += wait > 0
        return doubled, dropped, wait

    def _send(self, handler, body: bytes) -> tuple[int, list, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=10)
        try:
            headers = {
                name: value for name, value in handler.headers.items()
                if name.lower() not in ("host", "connection", "content-length")}
            connection.request("POST", handler.path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _forward(self, handler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        doubled, dropped, wait = self._draw()
        if wait:
            time.sleep(wait)
        try:
            status, headers, text = self._send(handler, body)
            if doubled:
                status, headers, text = self._send(handler, body)
        except OSError:
            # The agent is away: the sender tries again.
            status, headers, text = 503, [], b""
        if dropped:
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send_response(status)
        for name, value in headers:
            if name.lower() == "content-type":
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)
