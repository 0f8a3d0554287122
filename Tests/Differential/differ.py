"""Feeds a World to both servers, asks both random queries, makes failures small."""

import dataclasses
import random
import time

from comparison import Server, difference
from expressions import Generator
from remotewrite import HEADERS
from samples import SPAN_MILLIS, World
from tree import Node, smaller

import harness

SHRINKS_MAX = 400
TIES = ("topk", "bottomk", "limitk")
TIES_TRIES = 12
ORDERING = ("sort(", "sort_desc(", "sort_by_label(", "sort_by_label_desc(")


@dataclasses.dataclass
class Question:
    """A query with its times; those of a range or of an instant."""

    tree: Node
    path: str
    times: dict

    def parameters(self) -> dict:
        return {"query": self.tree.text(), **self.times}


@dataclasses.dataclass
class Failure:
    seed: int
    question: Question
    what: str

    def __str__(self) -> str:
        times = " ".join(f"{key}={value}" for key, value in self.question.times.items())
        return f"seed {self.seed}: {self.question.path} {times}\n    " \
            f"{self.question.tree.text()}\n    {self.what}"


class Differ:
    """`modern`: against 3.5, with everything; else against 2.42, off the edges of windows."""

    def __init__(self, ours: int, theirs: int, base: int, modern: bool):
        self.ours, self.theirs = Server("pitot", ours), Server("prometheus", theirs)
        self.base = base
        self.modern = modern
        self.chosen = 0  # questions of the seed
        self.asked = 0  # those and the ones tried to make failures small
        self.refused = 0
        self.empty = 0
        self.undecided = 0

    def feed(self, world: World):
        # No sample at a full second, where steps of subqueries lie.
        for body in world.bodies(self.base if self.modern else self.base + 50):
            for server in (self.ours, self.theirs):
                answer = harness.request(
                    server.port, "POST", "/api/v1/write", body, HEADERS)
                assert answer.status in (200, 204), f"{server.name}: {answer.text[:500]}"

    def wait(self):
        """Until the last sample can be read from both."""
        at = self.base + SPAN_MILLIS
        for server in (self.ours, self.theirs):
            harness.wait_until(
                f"{server.name} has it all",
                lambda server=server: self._counts(server, at))

    @staticmethod
    def _counts(server: Server, at: int) -> list:
        query = {"query": "count({job!=\"\"})", "time": at / 1000}
        return server.ask("query", query)[1]["data"]["result"]

    # Questions

    def _seconds(self, millis: int) -> str:
        if not self.modern:
            millis = millis // 1000 * 1000 + 777
        return f"{(self.base + millis) / 1000:.3f}"

    def questions(self, seed: int, count: int):
        chance = random.Random(seed)
        times = [self._seconds(chance.randrange(0, SPAN_MILLIS, 1000)) for _ in range(4)]
        generator = Generator(seed, self.modern, times)
        for _ in range(count):
            tree = generator.query()
            grain = chance.choice([1, 1000, 15000])
            at = chance.randrange(-60_000, SPAN_MILLIS + 420_000, grain)
            yield Question(tree, "query", {"time": self._seconds(at)})
            if "info(" in tree.text():
                # Prometheus 3.5 takes info series for each other at the steps of a range where
                # one of them has no sample.
                continue
            step = chance.choice([1, 5, 15, 30, 60, 61, 240])
            steps = chance.randint(1, 60)
            yield Question(tree, "query_range", {
                "start": self._seconds(at - 1000 * step * steps), "end": self._seconds(at),
                "step": str(step)})

    def check(self, question: Question) -> str | None:
        parameters = question.parameters()
        answers = [server.ask(question.path, parameters) for server in (self.ours, self.theirs)]
        self.asked += 1
        if answers[1][1]["status"] != "success":
            self.refused += 1
        elif not answers[1][1]["data"]["result"]:
            self.empty += 1
        is_ordered = parameters["query"].startswith(ORDERING)
        what = difference(*answers, is_ordered, self.modern)
        if what and any(name in parameters["query"] for name in TIES):
            # Over a range Prometheus decides ties by chance: one of its answers must be ours.
            for _ in range(TIES_TRIES):
                theirs = self.theirs.ask(question.path, parameters)
                if not difference(answers[0], theirs, is_ordered, self.modern):
                    return None
                if difference(answers[1], theirs, is_ordered, self.modern):
                    self.undecided += 1
                    return None
        return what

    def run(self, seed: int, count: int):
        """Yields what differs, made small; the same small query once."""
        seen = set()
        for question in self.questions(seed, count):
            self.chosen += 1
            what = self.check(question)
            if not what:
                continue
            failure = self.shrunk(Failure(seed, question, what))
            if failure.question.tree.text() not in seen:
                seen.add(failure.question.tree.text())
                yield failure

    # Shrinking

    def shrunk(self, failure: Failure) -> Failure:
        tries = 0
        while tries < SHRINKS_MAX:
            for question in self._simpler(failure.question):
                tries += 1
                what = self.check(question)
                if what:
                    failure = Failure(failure.seed, question, what)
                    break
                if tries >= SHRINKS_MAX:
                    return failure
            else:
                return failure
        return failure

    def _simpler(self, question: Question):
        if question.path == "query_range":
            for edge in ("end", "start"):
                yield Question(question.tree, "query", {"time": question.times[edge]})
            start, end = float(question.times["start"]), float(question.times["end"])
            step = int(question.times["step"])
            steps = round((end - start) / step)
            for kept in sorted({steps // 2, steps - 1}):
                if 0 <= kept < steps:
                    middle = {"start": f"{end - kept * step:.3f}"}
                    yield Question(question.tree, question.path, {**question.times, **middle})
                    middle = {"end": f"{start + kept * step:.3f}"}
                    yield Question(question.tree, question.path, {**question.times, **middle})
        for tree in smaller(question.tree):
            yield Question(tree, question.path, question.times)


def base_time() -> int:
    """Milliseconds: an hour that ended a while ago, at a full hour."""
    hour = 3600 * 1000
    return (int(time.time() * 1000) // hour - 2) * hour
