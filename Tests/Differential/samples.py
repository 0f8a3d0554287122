"""Seeded random series that a monitoring system could have seen, and worse, as remote write.

Counters with resets, gauges with every odd value, classic and native histograms, custom buckets,
series that begin late, pause, end with a stale marker or change their kind.
"""

import dataclasses
import pathlib
import random
import struct
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))

from remotewrite import field, snappy, varint, write_request  # noqa: E402

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
STALE_BITS = 0x7FF0000000000002
SPAN_MILLIS = 60 * 60 * 1000
BIRTH_MILLIS = 45 * 60 * 1000
SLICE_MILLIS = 5 * 60 * 1000
BOUNDS = ["0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"]
JOBS = ["api", "batch", "web"]
INSTANCES = ["a:80", "b:80", "c:80"]
COUNTER, GAUGE = 0, 3  # reset hints: unknown, gauge


@dataclasses.dataclass
class Histogram:
    """Native: absolute counts of the buckets from `first` on."""

    schema: int
    first: int
    counts: list
    zero: float
    total: float
    hint: int = COUNTER
    bounds: tuple = ()
    is_float: bool = False
    negative_first: int = 0
    negative: tuple = ()

    @property
    def count(self):
        return sum(self.counts) + sum(self.negative) + self.zero

    def encode(self, millis: int) -> bytes:
        body = b""
        if self.is_float:
            body += b"\x11" + struct.pack("<d", self.count)
        else:
            body += b"\x08" + varint(int(self.count))
        body += b"\x19" + double(self.total) + b"\x20" + zigzag(self.schema)
        if self.schema != -53:
            body += b"\x29" + double(1e-6)
            body += b"\x39" + double(self.zero) if self.is_float \
                else b"\x30" + varint(int(self.zero))
        for counts, first, spans, deltas, floats in (
                (self.negative, self.negative_first, 8, 9, 10),
                (self.counts, self.first, 11, 12, 13)):
            if not counts:
                continue
            body += field(spans, b"\x08" + zigzag(first) + b"\x10" + varint(len(counts)))
            if self.is_float:
                body += field(floats, b"".join(double(count) for count in counts))
            else:
                body += field(deltas, b"".join(
                    zigzag(int(after - before))
                    for before, after in zip([0, *counts], counts)))
        body += b"\x70" + varint(self.hint) + b"\x78" + varint(millis)
        if self.bounds:
            body += field(16, b"".join(double(bound) for bound in self.bounds))
        return body


def stale_after(value):
    """What says that a series ended, of the kind that it had: Prometheus loses samples else."""
    if not isinstance(value, Histogram):
        return STALE
    return Histogram(0, 0, [], 0, STALE, is_float=value.is_float)


def double(value: float) -> bytes:
    # A float may not survive the way through Python's arithmetic; the marker's bits must.
    if value != value and struct.pack("<d", value) == struct.pack("<d", STALE):
        return struct.pack("<Q", STALE_BITS)
    return struct.pack("<d", value)


def zigzag(value: int) -> bytes:
    return varint((value << 1) ^ (value >> 63) if value >= 0 else ((-value) << 1) - 1)


@dataclasses.dataclass
class Series:
    labels: dict
    points: list  # of (milliseconds from the start, float or Histogram)

    def encode(self, base: int, start: int, end: int) -> bytes | None:
        chosen = [point for point in self.points if start <= point[0] < end]
        if not chosen:
            return None
        body = b"".join(
            field(1, field(1, name.encode()) + field(2, value.encode()))
            for name, value in sorted(self.labels.items()))
        for at, value in chosen:
            if isinstance(value, Histogram):
                body += field(4, value.encode(base + at))
            else:
                body += field(2, b"\x09" + double(value) + b"\x10" + varint(base + at))
        return body


class World:
    """All series of one seed."""

    def __init__(self, seed: int, native: bool, grain: int = 1):
        """`native`: with native histograms, and counters that begin or are reset near zero, which
        2.x extrapolates otherwise. `grain`: jitter of times in ms is a multiple of it."""
        self.random = random.Random(seed)
        self.grain = grain
        self.floor = 0.0 if native else 1e6  # of counters
        self.series: list[Series] = []
        for job in JOBS:
            for instance in INSTANCES:
                self._target(job, instance, native)
        self.series.sort(key=lambda one: sorted(one.labels.items()))

    def bodies(self, base: int):
        """Remote-write bodies, each of one slice of time, in order.

        The first has one early sample of every series in the order of labels, so that Prometheus
        numbers them in that order, which decides ties in topk and limitk.
        """
        births = [Series(one.labels, [(-BIRTH_MILLIS, one.points[0][1])]) for one in self.series]
        yield snappy(write_request(*[
            one.encode(base, -BIRTH_MILLIS, 1 - BIRTH_MILLIS) for one in births]))
        for start in range(0, SPAN_MILLIS, SLICE_MILLIS):
            encoded = [one.encode(base, start, start + SLICE_MILLIS) for one in self.series]
            yield snappy(write_request(*[body for body in encoded if body]))

    # What a target has

    def _target(self, job: str, instance: str, native: bool):
        labels = {"job": job, "instance": instance}
        times = self._times()

        def add(name, values, **more):
            self._add({"__name__": name, **labels, **more}, times, values)

        for code in ("200", "404", "500"):
            if self.random.random() < 0.85:
                add("requests_total", self._counter(times, 40), code=code,
                    method=self.random.choice(["get", "put"]))
        add("errors_total", self._counter(times, 2))
        add("temperature", self._walk(times), room=self.random.choice(["x", "y", "z"]))
        add("queue", [float(self.random.randint(0, 5)) for _ in times])
        add("odd", self._odd(times))
        add("start_time_seconds", self._starts(times))
        add("build_info", [1.0 for _ in times], version=self.random.choice(["1.0", "1.1", "2.0"]))
        add("target_info", [1.0 for _ in times], zone=self.random.choice(["east", "west"]))
        self._classic(labels, times)
        if not native:
            return
        add("size_bytes", self._native(times, signed=False))
        add("delay", self._native(times, signed=True, is_float=self.random.random() < 0.4))
        add("level", self._gauge_histogram(times))
        add("custom", self._custom(times))
        add("mixed", self._mixed(times))

    def _add(self, labels, times, values):
        """With pauses, late beginnings and ends."""
        points = list(zip(times, values))
        chance = self.random.random()
        if chance < 0.15:
            points = points[self.random.randrange(len(points)):]
        elif chance < 0.3:
            points = points[: self.random.randrange(2, len(points))]
            if self.random.random() < 0.7:
                at, last = points[-1]
                points.append((at + 1000 * self.random.randint(1, 15), stale_after(last)))
        elif chance < 0.5:
            start = self.random.randrange(len(points))
            cut = points[start : start + self.random.randrange(2, 60)]
            left = [point for point in points if point not in cut]
            if cut and self.random.random() < 0.5:
                left.append((cut[0][0], stale_after(cut[0][1])))
                left.sort(key=lambda point: point[0])
            points = left
        if points:
            self.series.append(Series(labels, points))

    def _times(self) -> list[int]:
        interval = self.random.choice([5000, 10000, 15000, 15000, 30000])
        shift = self.grain * self.random.randrange(interval // self.grain)
        is_exact = self.random.random() < 0.5
        shift = 0 if is_exact else shift
        wobble = 0 if is_exact else 400 // self.grain
        return [
            at + shift + self.grain * self.random.randint(0, wobble)
            for at in range(0, SPAN_MILLIS - interval - 1000, interval)]

    # Values

    def _counter(self, times, pace) -> list[float]:
        value = self.floor + self.random.choice([0, 0, 17, 1e6])
        values = []
        for _ in times:
            chance = self.random.random()
            if chance < 0.01 and not self.floor:
                value = float(self.random.randint(0, 5))
            elif chance < 0.8:
                value += self.random.randint(0, pace)
            values.append(value)
        return values

    def _walk(self, times) -> list[float]:
        value = self.random.uniform(-20, 60)
        values = []
        for _ in times:
            value += self.random.gauss(0, 1)
            values.append(round(value, self.random.choice([0, 1, 3])) if value > 0 else value)
        return values

    def _odd(self, times) -> list[float]:
        odd = [float("nan"), float("inf"), float("-inf"), 0.0, -0.0, 1e-9, 1e12, -3.25, 7.0]
        return [
            self.random.choice(odd) if self.random.random() < 0.1
            else self.random.choice([-2.5, 1.0, 3.5]) for _ in times]

    def _starts(self, times) -> list[float]:
        start = self.random.uniform(1.5e9, 1.8e9)
        return [start + (1e6 if at > SPAN_MILLIS // 2 else 0) for at in times]

    def _classic(self, labels, times):
        def begin(floor):
            return [floor * (place + 1) for place in range(len(BOUNDS))], floor

        counts, total = begin(self.floor)
        columns = [[] for _ in range(len(BOUNDS) + 1)]
        for _ in times:
            if self.random.random() < 0.01 and not self.floor:
                counts, total = begin(0.0)
            for _ in range(self.random.randint(0, 6)):
                place = self.random.randrange(len(BOUNDS))
                total += round(self.random.uniform(0, 3), 2)
                for above in range(place, len(BOUNDS)):
                    counts[above] += 1
            for place, count in enumerate(counts):
                columns[place].append(count)
            columns[-1].append(total)
        for bound, column in zip(BOUNDS, columns):
            self.series.append(Series(
                {"__name__": "latency_seconds_bucket", **labels, "le": bound},
                list(zip(times, column))))
        for name, column in (("count", columns[len(BOUNDS) - 1]), ("sum", columns[-1])):
            self.series.append(Series(
                {"__name__": f"latency_seconds_{name}", **labels}, list(zip(times, column))))

    def _native(self, times, signed, is_float=False) -> list[Histogram]:
        schema = self.random.randint(0, 3)
        first = self.random.randint(-2, 3)
        width = self.random.randint(2, 9)
        counts, zero, total = [0.0] * width, 0.0, 0.0
        negative = [0.0] * 3 if signed else []
        values = []
        for _ in times:
            chance = self.random.random()
            if chance < 0.01:
                counts, zero, total = [0.0] * width, 0.0, 0.0
                negative = [0.0] * len(negative)
            elif chance < 0.015:
                schema = self.random.randint(0, 3)
            grown = 0.5 if is_float else 1.0
            for _ in range(self.random.randint(0, 5)):
                counts[self.random.randrange(width)] += grown
                total += self.random.uniform(0, 8)
            if self.random.random() < 0.2:
                zero += grown
            if negative and self.random.random() < 0.3:
                negative[self.random.randrange(3)] += grown
                total -= 1.5
            values.append(Histogram(
                schema, first, list(counts), zero, total, is_float=is_float,
                negative=tuple(negative)))
        return values

    def _gauge_histogram(self, times) -> list[Histogram]:
        values = []
        for _ in times:
            counts = [float(self.random.randint(0, 4)) for _ in range(4)]
            values.append(Histogram(
                1, 0, counts, float(self.random.randint(0, 2)), sum(counts) * 1.5, hint=GAUGE))
        return values

    def _custom(self, times) -> list[Histogram]:
        bounds = self.random.choice([(0.1, 0.5, 1.0), (0.1, 0.5, 1.0), (0.1, 1.0, 5.0)])
        counts, total = [0.0] * (len(bounds) + 1), 0.0
        values = []
        for _ in times:
            if self.random.random() < 0.01:
                counts, total = [0.0] * len(counts), 0.0
            counts[self.random.randrange(len(counts))] += self.random.randint(0, 3)
            total += self.random.uniform(0, 3)
            values.append(Histogram(-53, 0, list(counts), 0.0, total, bounds=bounds))
        return values

    def _mixed(self, times) -> list:
        floats, histograms = self._counter(times, 5), self._native(times, signed=False)
        turn = self.random.randrange(len(times))
        return floats[:turn] + histograms[turn:]
