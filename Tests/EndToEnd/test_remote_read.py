"""A Prometheus that reads Pitot by remote read answers as one that has the samples itself.

PROMETHEUS names another binary than Debian's; from 3.0 on, native histograms are compared as well.
"""

import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest

import harness
from agent import Agent
from remotewrite import HEADERS, field, snappy, varint

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Differential"))

from differ import Differ, base_time  # noqa: E402
from samples import SPAN_MILLIS, World  # noqa: E402

PROMETHEUS = pathlib.Path(
    os.environ.get("PROMETHEUS", harness.PEERS / "prometheus" / "usr" / "bin" / "prometheus"))
SEED = 7
QUERIES = int(os.environ.get("READ_QUERIES", "60"))


def unsnappy(data: bytes) -> bytes:
    """A snappy block, decoded."""
    place, shift, length = 0, 0, 0
    while True:
        byte = data[place]
        place += 1
        length |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            break
    out = bytearray()
    while place < len(data):
        tag = data[place]
        place += 1
        kind, size = tag & 3, tag >> 2
        if kind == 0:
            if size >= 60:
                width = size - 59
                size = int.from_bytes(data[place:place + width], "little")
                place += width
            out += data[place:place + size + 1]
            place += size + 1
            continue
        if kind == 1:
            size, back = (size & 7) + 4, (tag >> 5) << 8 | data[place]
            place += 1
        else:
            width = 2 if kind == 2 else 4
            size, back = size + 1, int.from_bytes(data[place:place + width], "little")
            place += width
        for _ in range(size):
            out.append(out[-back])
    assert len(out) == length
    return bytes(out)


def fields(data: bytes):
    """The fields of a protobuf message: number and value."""
    place = 0

    def number() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(data):
        tag = number()
        if tag & 7 == 0:
            yield tag >> 3, number()
        elif tag & 7 == 1:
            yield tag >> 3, struct.unpack_from("<d", data, place)[0]
            place += 8
        else:
            size = number()
            yield tag >> 3, data[place:place + size]
            place += size


def prometheus(folder: pathlib.Path, port: int, extra: str, modern: bool) -> harness.Process:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "prometheus.yml").write_text("global: {evaluation_interval: 1m}\n" + extra)
    features = "promql-at-modifier"
    if modern:
        features = "native-histograms,promql-experimental-functions,promql-duration-expr"
    process = harness.Process(
        "prometheus",
        [PROMETHEUS.resolve(), f"--config.file={folder / 'prometheus.yml'}",
         f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
         "--web.enable-remote-write-receiver", f"--enable-feature={features}"], folder)
    harness.wait_until("Prometheus is ready", lambda: harness.answers(port, "/-/ready"))
    return process


class RemoteReadTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        folder = pathlib.Path(temporary.name)
        version = subprocess.run([PROMETHEUS, "--version"], capture_output=True, text=True)
        cls.modern = int(re.search(r"version (\d+)", version.stdout + version.stderr)[1]) >= 3
        cls.agent = Agent(folder / "pitot", {}, "retention: {time: 48h}\n").start()
        cls.addClassCleanup(cls.agent.kill)
        cls.reader, cls.direct = harness.free_port(), harness.free_port()
        url = f"http://127.0.0.1:{cls.agent.port}/api/v1/read"
        extra = f"remote_read: [{{url: \"{url}\", read_recent: true}}]\n"
        for name, port, more in (("reader", cls.reader, extra), ("direct", cls.direct, "")):
            process = prometheus(folder / name, port, more, cls.modern)
            cls.addClassCleanup(process.kill)
        cls.base = base_time()
        for body in World(SEED, native=cls.modern, grain=100).bodies(cls.base):
            for port in (cls.agent.port, cls.direct):
                answer = harness.request(port, "POST", "/api/v1/write", body, HEADERS)
                assert answer.status in (200, 204), answer.text

    def test_chunks_are_read_as_they_were_written(self):
        differ = Differ(self.reader, self.direct, self.base, self.modern)
        failures = list(differ.run(SEED, QUERIES))
        self.assertEqual([], [str(failure) for failure in failures])
        self.assertLess(differ.refused + differ.empty, differ.chosen * 0.6)

    def test_samples_are_those_that_were_written(self):
        start, end = self.base, self.base + SPAN_MILLIS
        for name, matchers, query in (
                ("one job", [(0, "__name__", "requests_total"), (0, "job", "api")],
                 'requests_total{job="api"}'),
                ("not one", [(0, "__name__", "queue"), (1, "job", "api")], 'queue{job!="api"}'),
                ("some", [(2, "__name__", "errors_.*"), (3, "job", "a.*|web")],
                 '{__name__=~"errors_.*",job!~"a.*|web"}')):
            with self.subTest(name):
                found = self._samples(start, end, matchers)
                answer = self.agent.post(
                    "/api/v1/query", f"query={query}[1h]&time={end / 1000}".replace(
                        "+", "%2B").encode(),
                    {"Content-Type": "application/x-www-form-urlencoded"}).json()
                expected = {
                    tuple(sorted(one["metric"].items())):
                        [(round(at * 1000), float(value)) for at, value in one["values"]]
                    for one in answer["data"]["result"]}
                # A range is open at its left, a read is not; queries take stale markers out.
                found = {
                    labels: [point for point in points if point[0] > start and point[1] == point[1]]
                    for labels, points in found.items()}
                self.assertEqual({key: value for key, value in found.items() if value}, expected)
                self.assertTrue(expected)

    def _samples(self, start: int, end: int, matchers) -> dict:
        query = b"\x08" + varint(start) + b"\x10" + varint(end)
        for kind, name, value in matchers:
            query += field(3, b"\x08" + varint(kind) + field(2, name.encode())
                           + field(3, value.encode()))
        answer = self.agent.post("/api/v1/read", snappy(field(1, query)), HEADERS)
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(answer.headers["Content-Type"], "application/x-protobuf")
        self.assertEqual(answer.headers["Content-Encoding"], "snappy")
        found = {}
        for _, result in fields(unsnappy(answer.body)):
            for _, series in fields(result):
                labels, points = [], []
                for number, content in fields(series):
                    if number == 1:
                        pair = dict(fields(content))
                        labels.append((pair[1].decode(), pair[2].decode()))
                    elif number == 2:
                        pair = dict(fields(content))
                        points.append((pair[2], pair[1]))
                self.assertEqual(labels, sorted(labels))
                found[tuple(labels)] = points
        return found

    def test_bad_requests_are_refused(self):
        for body in (b"", b"\xff\xff", snappy(b"\x0a\xff"), snappy(field(1, field(3, field(
                2, b"a") + b"\x08\x02" + field(3, b"("))))):
            answer = self.agent.post("/api/v1/read", body, HEADERS)
            self.assertEqual(answer.status, 400, answer.text)
        self.assertEqual(self.agent.get("/api/v1/read").status, 405)


if __name__ == "__main__":
    unittest.main()
