"""What KServe's agent does between the caller and the model server (pkg/logger of kserve): proxies
a request, and posts it and, if it was answered with 200, its answer as binary-mode CloudEvents of
one id, from five workers behind a queue of a hundred that blocks when it is full. What the sink
answers other than 200 is an error that is only logged."""

import http.client
import http.server
import json
import queue
import socketserver
import threading
import time
import urllib.parse
import uuid

WORKERS, QUEUED = 5, 100


def timestamp(at: float) -> str:
    """RFC 3339 with nanoseconds, as Go prints it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1e9):09d}Z"


class PayloadLogger:
    def __init__(self, model_port: int, sink_url: str, service: str, namespace: str):
        self.model_port = model_port
        self.sink = urllib.parse.urlparse(sink_url)
        self.service, self.namespace = service, namespace
        self.errors: list[str] = []
        self.ack_seconds: list[float] = []
        self._queue: queue.Queue = queue.Queue(QUEUED)
        for _ in range(WORKERS):
            threading.Thread(target=self._work, daemon=True).start()
        outer = self

        class Proxy(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = -1

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                kind = self.headers.get("Content-Type", "application/json")
                event_id = self.headers.get("Ce-Id") or str(uuid.uuid4())
                outer._log("request", event_id, kind, body)
                status, answer = outer._forward(self.path, kind, body)
                # The answer's event carries the request's content type, as the agent's does.
                if status == 200:
                    outer._log("response", event_id, kind, answer)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Proxy)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _forward(self, path: str, kind: str, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.model_port, timeout=30)
        try:
            connection.request("POST", path, body, {"Content-Type": kind})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _log(self, kind: str, event_id: str, content_type: str, body: bytes) -> None:
        now = time.time()
        headers = {
            "Ce-Specversion": "1.0", "Ce-Id": event_id,
            "Ce-Type": f"org.kubeflow.serving.inference.{kind}",
            "Ce-Source": "http://localhost:9081/", "Ce-Time": timestamp(now),
            "Ce-Recordedtime": timestamp(time.time()),
            "Ce-Inferenceservicename": self.service, "Ce-Namespace": self.namespace,
            "Ce-Component": "predictor", "Ce-Endpoint": "", "Ce-Metadata": json.dumps({}),
            "Content-Type": content_type}
        self._queue.put((headers, body))

    def _work(self) -> None:
        while True:
            headers, body = self._queue.get()
            began = time.monotonic()
            connection = http.client.HTTPConnection(self.sink.hostname, self.sink.port, timeout=30)
            try:
                connection.request("POST", self.sink.path, body, headers)
                status = connection.getresponse().status
                if status != 200:
                    self.errors.append(f"status {status}")
            except OSError as error:
                self.errors.append(str(error))
            finally:
                connection.close()
                self.ack_seconds.append(time.monotonic() - began)
                self._queue.task_done()

    def drain(self) -> None:
        self._queue.join()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
