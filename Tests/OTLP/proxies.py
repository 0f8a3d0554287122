"""Proxies that lose answers, send twice, hold back and let pass out of order."""

import concurrent.futures
import http.client
import http.server
import random
import threading
import time

import grpc


class Mischief:
    """What happens to a request; the same in every run."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.counts = {"passed": 0, "twice": 0, "lost": 0, "late": 0, "dropped": 0}

    def next(self) -> str:
        with self.lock:
            what = self.random.choices(
                ["passed", "twice", "lost", "late", "dropped"], [40, 20, 20, 10, 10])[0]
            self.counts[what] += 1
            return what


class HTTPProxy:
    """In front of OTLP over HTTP. A lost answer is a 503, which the SDK sends again after."""

    def __init__(self, port: int, mischief: Mischief):
        outer = self
        self.port_behind = port
        self.mischief = mischief

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name: value for name, value in self.headers.items()
                           if name.lower() in ("content-type", "content-encoding")}
                status, answer = outer.play(self.path, body, headers)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def forward(self, path, body, headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port_behind, timeout=20)
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def play(self, path, body, headers):
        what = self.mischief.next()
        if what == "dropped":
            return 503, b""
        if what == "late":
            time.sleep(0.3)
        if what == "twice":
            self.forward(path, body, headers)
        answer = self.forward(path, body, headers)
        return (503, b"") if what == "lost" else answer

    def stop(self):
        self.server.shutdown()


class GRPCProxy:
    """In front of OTLP over gRPC, by its bytes. A lost answer is UNAVAILABLE."""

    def __init__(self, port: int, mischief: Mischief):
        self.mischief = mischief
        self.channel = grpc.insecure_channel(f"127.0.0.1:{port}")
        outer = self

        class Every(grpc.GenericRpcHandler):
            def service(self, call):
                return grpc.unary_unary_rpc_method_handler(
                    lambda body, context: outer.play(call.method, body, context))

        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
        self.server.add_generic_rpc_handlers((Every(),))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def play(self, method, body, context):
        send = self.channel.unary_unary(method)
        what = self.mischief.next()
        if what == "dropped":
            context.abort(grpc.StatusCode.UNAVAILABLE, "dropped")
        if what == "late":
            time.sleep(0.3)
        if what == "twice":
            send(body, timeout=20)
        answer = send(body, timeout=20)
        if what == "lost":
            context.abort(grpc.StatusCode.UNAVAILABLE, "lost")
        return answer

    def stop(self):
        self.server.stop(None)
        self.channel.close()
