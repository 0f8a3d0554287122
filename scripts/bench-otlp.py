#!/usr/bin/env python3
"""Spans per CPU-second of the server, over OTLP/HTTP protobuf and OTLP/gRPC: requests of 512 spans
with 10 attributes, ids that never repeat, two SLOs that count them, the log on disk.
usage: bench-otlp.py BINARY [--requests N]"""

import argparse
import http.client
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

import harness  # noqa: E402
from remotewrite import field, varint  # noqa: E402

SPANS = 512
SLOS = """
apiVersion: pitot/v1
kind: SLOs
service: shop
slos:
  - name: availability
    objective: 99.9
    period: 30d
    by: [service_name]
    sli: {spans: {select: '{service_name="checkout"}'}}
  - name: latency
    objective: 95
    period: 30d
    sli: {spans: {select: '{service_name="checkout", http_route="/pay"}', below: 250ms}}
"""


def attribute(key, value):
    inner = varint(3 << 3) + varint(value) if isinstance(value, int) else field(1, value.encode())
    return field(1, key.encode()) + field(2, inner)


MARK = b"\xfe" * 24


def template():
    """A request with room for ids, and where they stand: trace, span, start, end."""
    spans = b""
    for number in range(SPANS):
        attributes = {
            "http.request.method": "GET", "http.route": "/pay" if number % 4 == 0 else "/orders",
            "url.path": f"/api/v1/orders/{number}", "http.response.status_code": 200,
            "server.address": "checkout.shop.svc.cluster.local", "server.port": 8080,
            "user_agent.original": "Mozilla/5.0 (X11; Linux x86_64)",
            "network.protocol.version": "1.1", "client.address": "10.12.1.7", "thread.id": 42}
        span = (
            field(1, MARK[:16]) + field(2, MARK[:8])
            + field(4, b"parentid") + field(5, f"GET /api/v1/orders/{number % 8}".encode())
            + varint(6 << 3) + varint(2 if number % 2 == 0 else 3)
            + varint(7 << 3 | 1) + MARK[:8] + varint(8 << 3 | 1) + MARK[:8]
            + b"".join(field(9, attribute(key, value)) for key, value in attributes.items())
            + b"\x85\x01" + struct.pack("<I", 0x300))
        spans += field(2, span)
    resource = b"".join(field(1, attribute(key, value)) for key, value in (
        ("service.name", "checkout"), ("k8s.namespace.name", "shop"),
        ("k8s.pod.name", "checkout-7f9c")))
    body = field(1, field(1, resource) + field(2, spans))
    places, place = [], body.find(MARK[:16])
    while place >= 0:
        places.append((place, place + 18, body.find(MARK[:8], place + 26)))
        place = body.find(MARK[:16], place + 50)
    assert len(places) == SPANS
    return body, [(trace, span, start, start + 9) for trace, span, start in places]


def bodies(count):
    """Requests that are ready to go."""
    body, places = template()
    made = []
    for _ in range(count):
        new = bytearray(body)
        now = time.time_ns()
        ids = os.urandom(24 * SPANS)
        for number, (trace, span, start, end) in enumerate(places):
            one = ids[24 * number:24 * number + 24]
            new[trace:trace + 16] = one[:16]
            new[span:span + 8] = one[16:]
            new[start:start + 8] = struct.pack("<Q", now - 10**8 - number * 10**6)
            new[end:end + 8] = struct.pack("<Q", now - number * 10**6)
        made.append(bytes(new))
    return made


class HTTP:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def send(self, body):
        self.connection.request("POST", "/v1/traces", body,
                                {"Content-Type": "application/x-protobuf"})
        answer = self.connection.getresponse()
        content = answer.read()
        assert (answer.status, content) == (200, b""), (answer.status, content)


class GRPC:
    """As much of HTTP/2 as one call after the other needs."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb", 1 << 16)
        self.socket.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self.frame(4, 0, 0, b""))
        # The windows that the server tells hold once they are acknowledged.
        head = self.reader.read(9)
        self.reader.read(int.from_bytes(head[:3], "big"))
        self.socket.sendall(self.frame(4, 1, 0, b""))
        self.stream = 1
        path = b"/opentelemetry.proto.collector.trace.v1.TraceService/Export"
        headers = [(b":method", b"POST"), (b":scheme", b"http"), (b":path", path),
                   (b":authority", b"x"), (b"content-type", b"application/grpc"),
                   (b"te", b"trailers")]
        # Literals without indexing, names and values in clear.
        self.headers = b"".join(
            b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value
            for name, value in headers)

    @staticmethod
    def frame(kind, flags, stream, content):
        return struct.pack(">I", len(content))[1:] + bytes([kind, flags]) + struct.pack(
            ">I", stream) + content

    def send(self, body):
        message = b"\x00" + struct.pack(">I", len(body)) + body
        out = [self.frame(1, 4, self.stream, self.headers)]
        for first in range(0, len(message), 16384):
            part = message[first:first + 16384]
            is_last = first + 16384 >= len(message)
            out.append(self.frame(0, 1 if is_last else 0, self.stream, part))
        self.socket.sendall(b"".join(out))
        while True:
            head = self.reader.read(9)
            size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            content = self.reader.read(size)
            assert kind not in (3, 7), content
            if kind == 1 and flags & 1:
                break
        self.stream += 2


def cpu(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(name, make, pid, port, requests):
    chunks = [bodies(requests) for _ in range(2)]
    before, began = cpu(pid), time.time()

    def run(chunk):
        client = make(port)
        for body in chunk:
            client.send(body)

    threads = [threading.Thread(target=run, args=(chunk,)) for chunk in chunks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    used, spans = cpu(pid) - before, 2 * requests * SPANS
    size = len(chunks[0][0]) / SPANS
    print(f"{name}: {spans} spans of {size:.0f} B, {spans / used / 1e6:.2f} M a CPU-second, "
          f"{spans / (time.time() - began) / 1e6:.2f} M a second of wall clock")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--requests", type=int, default=1000)
    known = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ports = [harness.free_port() for _ in range(3)]
        (folder / "slo.yaml").write_text(SLOS)
        (folder / "pitot.yaml").write_text(
            f"listen: 127.0.0.1:{ports[0]}\ndata: {folder}/data\nrules: [{folder}/slo.yaml]\n"
            f'otlp: {{http: "127.0.0.1:{ports[1]}", grpc: "127.0.0.1:{ports[2]}"}}\n'
            "spans: {memory: 1GiB}\n")
        child = subprocess.Popen([known.binary, "serve", "--config", folder / "pitot.yaml"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            harness.wait_until("pitot is ready", lambda: harness.answers(ports[0], "/-/ready"))
            measure("warm-up", HTTP, child.pid, ports[1], 50)
            for _ in range(2):
                measure("OTLP/HTTP", HTTP, child.pid, ports[1], known.requests)
                measure("OTLP/gRPC", GRPC, child.pid, ports[2], known.requests)
            metrics = harness.request(ports[0], "GET", "/metrics").text
            print(*(line for line in metrics.splitlines()
                    if line.startswith(("pitot_spans_total", "process_resident"))), sep="\n")
        finally:
            child.kill()
            child.wait()


if __name__ == "__main__":
    main()
