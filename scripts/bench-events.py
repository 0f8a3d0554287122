#!/usr/bin/env python3
"""KServe events at a steady rate, while rows of another model keep the reader busy: how long until
each is acknowledged. usage: bench-events.py PITOT [--rate N] [--seconds S] [--bound-ms MS]

Workers keep one connection each and send on a schedule; an event's time runs from when it was due,
so a sender that falls behind does not hide a slow answer. Fails over the bound."""

import argparse
import json
import multiprocessing
import os
import pathlib
import random
import socket
import subprocess
import tempfile
import time
import urllib.request

RULES = """
apiVersion: pitot/v1
kind: DriftModels
models:
  - model: iris
    features: [{name: a}, {name: b}, {name: c}, {name: d}]
    baseline: {firstRows: 2000}
    guards: {thin: 1}
  - model: busy
    features: [{name: f0}]
    baseline: {firstRows: 1000}
    guards: {thin: 1}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def event(number: int, kind: str, body: bytes) -> bytes:
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e9):09d}Z"
    head = (
        "POST /api/v1/events HTTP/1.1\r\nHost: pitot\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nCe-Specversion: 1.0\r\nCe-Id: {number:x}\r\n"
        f"Ce-Type: org.kubeflow.serving.inference.{kind}\r\nCe-Source: http://localhost:9081/\r\n"
        f"Ce-Time: {stamp}\r\nCe-Inferenceservicename: iris\r\nCe-Namespace: default\r\n"
        "Ce-Component: predictor\r\nCe-Endpoint: \r\nCe-Metadata: {}\r\n\r\n")
    return head.encode() + body


def sender(port: int, first: int, count: int, interval: float, start: float, out) -> None:
    link = socket.create_connection(("127.0.0.1", port))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    body = b'{"instances":[[6.8,2.8,4.8,1.4]]}'
    answer = b'{"predictions":[1]}'
    late, own = [], []
    for index in range(count):
        due = start + index * interval
        wait = due - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        number, is_response = first + index // 2, index % 2 == 1
        sent = time.perf_counter()
        link.sendall(event(
            number, "response" if is_response else "request", answer if is_response else body))
        got = link.recv(4096)
        done = time.perf_counter()
        assert got.startswith(b"HTTP/1.1 200"), got[:100]
        late.append(done - due)
        own.append(done - sent)
    out.put((late, own))


def busy(port: int, until: float) -> None:
    """Rows of another model, a few megabytes at a time, so that reading lags behind."""
    lines = "".join(
        json.dumps({f"f{i}": random.gauss(0, 1) for i in range(100)}) + "\n" for _ in range(1500))
    while time.perf_counter() < until:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/features/busy", lines.encode())
        try:
            urllib.request.urlopen(request, timeout=30).read()
        except OSError:
            time.sleep(0.05)


def percentile(values: list, share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("pitot")
    parser.add_argument("--rate", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--bound-ms", type=float, default=2.0)
    parser.add_argument("--idle", action="store_true", help="without the other model's rows")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        (folder / "drift.yaml").write_text(RULES)
        port = free_port()
        agent = subprocess.Popen(
            [arguments.pitot, "serve", "--listen", f"127.0.0.1:{port}", "--data",
             str(folder / "data"), "--rules", str(folder / "drift.yaml")],
            stderr=open(folder / "log", "w", encoding="utf-8"))
        try:
            for _ in range(200):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1)
                    break
                except OSError:
                    time.sleep(0.05)
            measure(port, arguments)
            for line in urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode(
            ).splitlines():
                if line.startswith(("pitot_feature_bodies_total", "pitot_feature_events_dropped",
                                    "pitot_inference_requests_total{")):
                    print(line)
        finally:
            agent.terminate()
            agent.wait()


def measure(port: int, arguments) -> None:
    out = multiprocessing.Queue()
    each = arguments.rate // arguments.connections
    count = each * arguments.seconds
    start = time.perf_counter() + 0.5
    senders = [
        multiprocessing.Process(
            target=sender, args=(port, number * count, count, 1 / each,
                                 start + number / arguments.rate, out))
        for number in range(arguments.connections)]
    load = multiprocessing.Process(target=busy, args=(port, start + arguments.seconds))
    if not arguments.idle:
        load.start()
    for process in senders:
        process.start()
    late, own = [], []
    for _ in senders:
        one, other = out.get()
        late += one
        own += other
    if not arguments.idle:
        load.terminate()
    rate = len(own) / arguments.seconds
    print(f"{len(own)} events, {rate:.0f} a second, {os.cpu_count()} cores shared with the senders")
    print(f"from sending: p50 {percentile(own, .5):.3f} ms, p99 {percentile(own, .99):.3f} ms, "
          f"p99.9 {percentile(own, .999):.3f} ms")
    print(f"from when due: p50 {percentile(late, .5):.3f} ms, p99 {percentile(late, .99):.3f} ms")
    if percentile(own, .99) > arguments.bound_ms:
        print(f"over the bound of {arguments.bound_ms} ms")
        raise SystemExit(1)


if __name__ == "__main__":
    main()
