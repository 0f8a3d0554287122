"""Alertmanager 0.25 in the path, and beside Pitot when a receiver answers 429."""

import pathlib
import tempfile
import time
import unittest

import harness
from agent import Agent
from faultsink import FaultSink
from faultworld import RULES, World
from peers import Alertmanager

REFUSALS = 2
RETRY_AFTER_SECONDS = 1
GROUP_INTERVAL_SECONDS = 3


class AlertmanagerFaultTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pitot-am-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.sink = FaultSink()
        self.addCleanup(self.sink.stop)

    def agent(self, settings: str) -> Agent:
        agent = Agent(self.folder / "pitot", {"r.yaml": RULES}, settings).start()
        self.addCleanup(agent.kill)
        return agent

    @staticmethod
    def fire(agent: Agent, value: float = 1) -> float:
        World.write(Holder(agent), value)
        return time.monotonic()

    def test_what_an_alertmanager_missed_it_is_told(self):
        peer = Alertmanager(self.folder / "am", self.sink.url())
        peer.process.kill()
        agent = self.agent(f"alertmanagers: [{peer.url}]\nnotify: {{backoffMax: 4s}}\n")
        self.fire(agent)
        harness.wait_until(
            "attempts failed", lambda: agent.metrics()[
                'pitot_notification_failures_total{reason="unreachable"}'] >= 2)
        agent.kill()
        agent.start()
        peer.process = harness.Process(
            "alertmanager", peer.process.child.args, self.folder / "am")
        self.addCleanup(peer.process.kill)
        harness.wait_until("Alertmanager is back", lambda: harness.answers(peer.port, "/-/ready"))
        well = time.monotonic()
        harness.wait_until("its receiver was told", self.sink.taken)
        late = self.sink.taken()[0].at - well
        self.assertLessEqual(late, 6, "five seconds, and what Alertmanager takes")
        self.fire(agent, 0)
        harness.wait_until(
            "the end was told",
            lambda: self.sink.taken()[-1].told()["status"] == "resolved")

    def test_a_429_beside_alertmanager(self):
        """Both are refused twice with `Retry-After: 1`; who tells when?"""
        other = FaultSink(f"429:{RETRY_AFTER_SECONDS}")
        self.addCleanup(other.stop)
        self.sink.set(f"429:{RETRY_AFTER_SECONDS}")
        peer = self.peer(other)
        agent = self.agent(f"""\
alertmanagers: [{peer.url}]
route: {{receiver: sink, group_wait: 0s, group_interval: {GROUP_INTERVAL_SECONDS}s}}
receivers: [{{name: sink, webhook_configs: [{{url: "{self.sink.url()}"}}]}}]
""")
        sinks = {"pitot": self.sink, "alertmanager": other}
        fired = self.fire(agent)
        deadline = time.monotonic() + GROUP_INTERVAL_SECONDS * (REFUSALS + 2)
        while time.monotonic() < deadline and not all(s.taken() for s in sinks.values()):
            for sink in sinks.values():
                if sink.seen() >= REFUSALS and sink.mode != "ok":
                    sink.set("ok")
            time.sleep(0.01)
        times = {
            name: [round(each.at - fired, 1) for each in sink.requests]
            for name, sink in sinks.items()}
        print(f"\nattempts, seconds after the sample; group_interval {GROUP_INTERVAL_SECONDS} s, "
              f"the last was taken: {times}")
        self.assertLessEqual(
            times["pitot"][REFUSALS], REFUSALS * (RETRY_AFTER_SECONDS + 1) + 1)
        self.assertGreater(times["alertmanager"][1], GROUP_INTERVAL_SECONDS - 1)

    def peer(self, sink: FaultSink) -> Alertmanager:
        peer = Alertmanager(self.folder / "am", sink.url())
        peer.process.kill()
        config = self.folder / "am" / "alertmanager.yml"
        config.write_text(config.read_text().replace(
            "group_interval: 1s", f"group_interval: {GROUP_INTERVAL_SECONDS}s"))
        peer.process = harness.Process(
            "alertmanager", peer.process.child.args, self.folder / "am")
        self.addCleanup(peer.process.kill)
        harness.wait_until(
            "Alertmanager is ready", lambda: harness.answers(peer.port, "/-/ready"))
        return peer


class Holder:
    """What `World.write` needs of a world."""

    def __init__(self, agent: Agent):
        self.agent = agent
