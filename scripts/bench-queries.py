#!/usr/bin/env python3
"""Asks a running server queries and prints the CPU time of its process for each, as JSON lines.

usage: bench-queries.py ask NAME PORT PID END      asks; one line for each query into stdout
       bench-queries.py latency NAME PORT SERIES   p99 of small writes, alone and beside a query
       bench-queries.py table FILE                 medians and ratios of two servers

The series are those of the load generator: pods of predictors with 40 series each. CPU time is user
and system time of all threads of the process, read before and after as many of each query as take
a few tenths of a second.
"""

import http.client
import json
import pathlib
import statistics
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Tests" / "EndToEnd"))

from remotewrite import HEADERS, snappy, time_series, write_request  # noqa: E402

STEPS = 1000
# Of each query: so much CPU time or so many times, but at least three times an instant query.
CPU_SECONDS = 0.3
REPEATS_MAX = 300

REQUESTS = "istio_requests_total"
BUCKETS = "istio_request_duration_milliseconds_bucket"
COUNT = "istio_request_duration_milliseconds_count"
PREDICT = "request_predict_seconds"
NS = '{namespace="team-1"}'
# (query, also as a range)
QUERIES = [
    # Rates.
    (f"sum(rate({REQUESTS}[5m]))", True),
    (f"sum by (namespace) (rate({REQUESTS}[5m]))", True),
    (f"sum by (destination_service_name, response_code) (rate({REQUESTS}[1m]))", True),
    (f"rate({REQUESTS}{NS}[2m])", True),
    (f"sum by (namespace) (increase({COUNT}[10m]))", True),
    (f"sum(irate({REQUESTS}[1m])) by (response_code)", True),
    (f'sum(rate({REQUESTS}{{response_code=~"5.."}}[5m])) / sum(rate({REQUESTS}[5m]))', True),
    # Quantiles.
    (f"histogram_quantile(0.99, sum by (le) (rate({BUCKETS}[5m])))", True),
    (f"histogram_quantile(0.9, sum by (le, namespace) (rate({BUCKETS}[5m])))", True),
    (f"histogram_quantile(0.5, rate({BUCKETS}{NS}[5m]))", True),
    (f"histogram_quantile(0.95, sum by (le, model_name) (rate({PREDICT}_bucket[2m])))", True),
    ("quantile(0.9, container_memory_working_set_bytes)", True),
    ("quantile by (namespace) (0.5, revision_queue_depth)", True),
    (f"quantile_over_time(0.9, revision_queue_depth{NS}[5m])", True),
    # Joins.
    (f"sum by (pod) (rate({PREDICT}_sum[5m])) / sum by (pod) (rate({PREDICT}_count[5m]))", True),
    (f"{PREDICT}_sum / {PREDICT}_count", True),
    ("sum by (namespace) (DCGM_FI_DEV_GPU_UTIL * on (pod) group_left () revision_queue_depth)",
     True),
    ("container_memory_working_set_bytes > on (pod) process_resident_memory_bytes", True),
    ("DCGM_FI_DEV_GPU_UTIL and on (pod) (revision_queue_depth > 2)", True),
    (f"{COUNT}{NS} unless on (pod) DCGM_FI_DEV_GPU_UTIL", True),
    ("count by (node) (DCGM_FI_DEV_FB_USED) or vector(0)", True),
    # Subqueries.
    (f"max_over_time(sum(rate({REQUESTS}[1m]))[5m:15s])", True),
    ("avg_over_time(sum by (namespace) (revision_queue_depth)[5m:30s])", True),
    (f"sum(max_over_time(rate({REQUESTS}{NS}[1m])[5m:1m]))", True),
    (f"quantile_over_time(0.5, avg(DCGM_FI_DEV_GPU_UTIL)[10m:15s])", True),
    # The largest.
    (f"topk(5, sum by (pod) (rate({REQUESTS}[5m])))", True),
    ("topk(10, container_memory_working_set_bytes)", True),
    ("bottomk by (namespace) (2, revision_queue_depth)", True),
    # Over time, and plain.
    ("avg by (namespace) (avg_over_time(DCGM_FI_DEV_GPU_UTIL[5m]))", True),
    (f"max_over_time(revision_queue_depth{NS}[10m])", True),
    ("stddev_over_time(triton_inflight_batch_size[5m]) > 100", True),
    ("count({job=\"kserve-predictor\"})", False),
    ("count by (__name__) ({__name__=~\".+\"})", False),
    ("container_memory_working_set_bytes", False),
    (f"sum(rate({REQUESTS}[5m] offset 5m)) - sum(rate({REQUESTS}[5m]))", True),
    (f"absent({REQUESTS}{{namespace=\"none\"}})", True),
    ("label_replace(sum by (pod) (revision_queue_depth), \"isvc\", \"$1\", \"pod\", "
     "\"(isvc-[0-9]+)-.*\")", True),
    (f"changes(revision_queue_depth{NS}[10m]) + resets({COUNT}{NS}[10m])", True),
]


def cpu_seconds(pid: int) -> float:
    """On-CPU time of all threads in nanoseconds' grain; ticks of 10 ms would hide a query of 1 ms.
    Threads that have ended are not in it: neither server ends threads while it answers."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


class Client:
    def __init__(self, port: int):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def ask(self, path: str, parameters: dict) -> tuple[int, int]:
        """Status and bytes of the answer."""
        self.connection.request(
            "POST", f"/api/v1/{path}", urllib.parse.urlencode(parameters),
            {"Content-Type": "application/x-www-form-urlencoded"})
        answer = self.connection.getresponse()
        return answer.status, len(answer.read())


def ask(name: str, port: int, pid: int, end: float):
    client = Client(port)
    for query, is_range in QUERIES:
        kinds = [("instant", "query", {"time": end})]
        if is_range:
            span = {"start": end - STEPS + 1, "end": end, "step": 1}
            kinds.append(("range", "query_range", span))
        for kind, path, times in kinds:
            parameters = {"query": query, **times, "timeout": "10m"}
            client.ask("query", {"query": "1"})
            before, began, repeats = cpu_seconds(pid), time.monotonic(), 0
            while True:
                status, size = client.ask(path, parameters)
                repeats += 1
                used = cpu_seconds(pid) - before
                least = 3 if kind == "instant" else 1
                if repeats >= REPEATS_MAX or repeats >= least and used >= CPU_SECONDS:
                    break
            wall = time.monotonic() - began
            print(json.dumps({
                "peer": name, "kind": kind, "query": query, "status": status, "bytes": size,
                "cpu": used / repeats, "repeats": repeats, "wall": wall / repeats}), flush=True)


def latency(name: str, port: int, series: int):
    """Writes of 200 samples, 20 a second, for ten seconds alone and ten beside heavy queries."""
    headers = {**HEADERS}
    stop = threading.Event()

    def write(seconds: float, tag: str) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        taken = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            now = int(time.time() * 1000)
            body = snappy(write_request(*[
                time_series({"__name__": "probe", "i": str(place)}, [(now, float(place))])
                for place in range(200)]))
            began = time.monotonic()
            connection.request("POST", "/api/v1/write", body, headers)
            answer = connection.getresponse()
            answer.read()
            taken.append(time.monotonic() - began)
            assert answer.status in (200, 204), (tag, answer.status)
            time.sleep(0.05)
        return taken

    def query():
        client = Client(port)
        while not stop.is_set():
            end = time.time()
            client.ask("query_range", {
                "query": f"sum by (pod) (rate({REQUESTS}[5m]))", "start": end - STEPS, "end": end,
                "step": 1, "timeout": "60s"})

    write(1, "warm")
    alone = write(10, "alone")
    thread = threading.Thread(target=query)
    thread.start()
    time.sleep(0.5)
    beside = write(10, "beside")
    stop.set()
    thread.join()

    def p99(list):
        return 1000 * statistics.quantiles(list, n=100)[98]

    print(json.dumps({
        "peer": name, "kind": "latency", "series": series, "alone_p50": 1000 * statistics.median(
            alone), "alone_p99": p99(alone), "beside_p50": 1000 * statistics.median(beside),
        "beside_p99": p99(beside)}), flush=True)


def table(path: str):
    rows = [json.loads(line) for line in pathlib.Path(path).read_text().splitlines()]
    found = {(row["peer"], row["kind"], row.get("query")): row for row in rows}
    ratios = {"instant": [], "range": []}
    print("| query | kind | Pitot CPU ms | Prometheus CPU ms | ratio |\n|---|---|---|---|---|")
    for query, _ in QUERIES:
        for kind in ratios:
            ours, theirs = found.get(("pitot", kind, query)), found.get(("prometheus", kind, query))
            if not ours or not theirs:
                continue
            ratio = ours["cpu"] / theirs["cpu"]
            ratios[kind].append(ratio)
            note = "" if ours["status"] == theirs["status"] == 200 else \
                f" (status {ours['status']}, {theirs['status']})"
            print(f"| `{query.replace('|', chr(92) + '|')}` | {kind}{note} | "
                  f"{1000 * ours['cpu']:.2f} | {1000 * theirs['cpu']:.2f} | {ratio:.2f} |")
    for kind, list in ratios.items():
        if list:
            print(f"{kind}: {len(list)} queries, median ratio {statistics.median(list):.2f}, "
                  f"at most {max(list):.2f}")
    both = ratios["instant"] + ratios["range"]
    if both:
        print(f"all: {len(both)} queries, median ratio {statistics.median(both):.2f}")
    for row in rows:
        if row["kind"] == "latency":
            print(f"{row['peer']}: a write beside a heavy query: p50 {row['alone_p50']:.1f} -> "
                  f"{row['beside_p50']:.1f} ms, p99 {row['alone_p99']:.1f} -> "
                  f"{row['beside_p99']:.1f} ms")


def main():
    command, *rest = sys.argv[1:]
    if command == "ask":
        ask(rest[0], int(rest[1]), int(rest[2]), float(rest[3]))
    elif command == "latency":
        latency(rest[0], int(rest[1]), int(rest[2]))
    elif command == "table":
        table(rest[0])
    else:
        sys.exit(f"no command '{command}'; expected ask, latency or table")


if __name__ == "__main__":
    main()
