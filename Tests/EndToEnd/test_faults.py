"""Every fault of a receiver x kill -9 at each step of a notification.

Whatever happens: the alert is told at least once, its end after it, at most five seconds after the
receiver is well (and its Retry-After has passed, and the agent is up), and what is sent again
carries the same key. FAULTS=all runs the whole matrix (`make test-faults`); `make test` a few.
"""

import concurrent.futures
import os
import time
import unittest

import harness
from faultworld import MARGIN_SECONDS, World

FAULTS = [
    "429", "429:2", "429:date:3", "500", "503", "hang", "reset", "slow", "tls", "dns", "closed"]
STEPS = ["none", "decided", "queued", "sending", "answered", "confirmed"]
# One of each, in the time that `make test` has.
SMOKE = [
    ("429:2", "queued"), ("503", "sending"), ("reset", "answered"), ("hang", "decided"),
    ("dns", "none"), ("closed", "confirmed"),
]


def retry_after(fault: str) -> float:
    return float(fault.rpartition(":")[2]) if ":" in fault else 0.0


class Scenario:
    """One cell of the matrix; `problems` says what went wrong."""

    def __init__(self, fault: str, step: str, failures: int = 1):
        self.fault, self.step, self.failures = fault, step, failures
        self.problems: list[str] = []
        self.late = 0.0

    def expect(self, what: str, is_true: bool) -> None:
        if not is_true:
            self.problems.append(what)

    def run(self) -> "Scenario":
        world = World(self.fault, "1s" if self.step == "decided" else "0s")
        try:
            self.tell(world)
        except Exception as error:
            self.problems.append(f"{type(error).__name__}: {error}")
        finally:
            world.close()
        return self

    def tell(self, world: World) -> None:
        world.write(1)
        ready = 0.0
        if self.step == "decided":
            harness.wait_until("the alert fires", lambda: self.is_firing(world))
            world.kill_and_restart()
        harness.wait_until(
            "attempts failed", lambda: world.outbox().get("failures", 0) >= self.failures,
            deadline=40)
        if self.step == "queued":
            world.kill_and_restart()
        if self.step == "sending":
            self.kill_while_sending(world)
        refused = world.sink.requests[-1].at if world.sink.requests else 0.0
        well = max(world.recover(), refused + retry_after(self.fault))
        harness.wait_until(
            "the sink was told", world.sink.taken, deadline=retry_after(self.fault) + 15)
        if self.step == "answered":
            ready = world.kill_and_restart()
        # What was sent before the kill, or at the latest what is sent after it.
        self.late = world.sink.taken()[0].at - well
        self.expect(f"told {self.late:.1f} s after recovery", self.late <= MARGIN_SECONDS)
        harness.wait_until("the agent knows", lambda: world.outbox().get("queued") == 0)
        if self.step == "confirmed":
            before = world.sink.seen()
            world.kill_and_restart()
            time.sleep(1.5)
            self.expect("nothing is sent again", world.sink.seen() == before)
        if ready:
            again = [each for each in world.sink.taken()[1:]]
            self.expect(
                "what was sent again came at once",
                all(each.at - ready <= MARGIN_SECONDS for each in again))
        self.end(world)

    @staticmethod
    def is_firing(world: World) -> bool:
        alerts = world.agent.get("/api/v1/alerts").json()["data"]["alerts"]
        return any(each["state"] == "firing" for each in alerts)

    @staticmethod
    def kill_while_sending(world: World) -> None:
        """The sink has the request and has not answered when the agent dies."""
        before = world.sink.held
        if world.fault == "dns":
            world.address.write_text(world.sink.url())
        world.sink.set("hold")
        harness.wait_until("a request is held", lambda: world.sink.held > before)
        world.agent.kill()
        if world.fault == "dns":
            world.address.write_text("http://no-such-host.invalid/")
        # What was held is not taken: nobody waits for its answer any more.
        world.sink.set("reset" if world.fault == "dns" else world.fault)
        world.agent.start()
        harness.wait_until("it failed again", lambda: world.outbox().get("failures", 0) > 0)

    def end(self, world: World) -> None:
        """The alert ends, and that is told behind it."""
        keys = {each.key for each in world.sink.requests}
        self.expect(f"one key for one notification, not {len(keys)}", len(keys) == 1)
        world.write(0)
        harness.wait_until("the end was told", lambda: "resolved" in world.statuses())
        told = world.statuses()
        first_end = told.index("resolved")
        self.expect(f"the order is kept: {told}", set(told[:first_end]) == {"firing"})
        self.expect(f"nothing behind the end: {told}", set(told[first_end:]) == {"resolved"})
        end_keys = {each.key for each in world.sink.taken()[first_end:]}
        self.expect("the end has a key of its own", not end_keys & keys)


class FaultTest(unittest.TestCase):
    def test_everything_is_told_whatever_fails(self):
        is_whole = os.environ.get("FAULTS") == "all"
        cells = [(f, s) for f in FAULTS for s in STEPS] if is_whole else SMOKE
        with concurrent.futures.ThreadPoolExecutor(max_workers=6) as pool:
            # The third wait is the longest that the setting allows.
            failures = 3 if is_whole else 1
            done = list(pool.map(lambda cell: Scenario(*cell, failures).run(), cells))
        if is_whole:
            print(f"\n{'fault':12}" + "".join(f"{step:>11}" for step in STEPS))
            for fault in FAULTS:
                row = {each.step: each for each in done if each.fault == fault}
                print(f"{fault:12}" + "".join(
                    f"{row[step].late:10.1f}s" for step in STEPS))
        wrong = [
            f"{each.fault} x {each.step}: {problem}"
            for each in done for problem in each.problems]
        self.assertEqual(wrong, [], "\n".join(wrong))
