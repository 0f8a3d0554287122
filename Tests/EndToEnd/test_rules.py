"""The same rule file in Pitot and in the Prometheus that feeds it: same values, same alerts.

Both evaluate each second, not at the same moment: alerts are compared by their transitions. What
Pitot records, with an offset that lets all samples arrive, must be what Prometheus gives for the
expression at the time of the record, for each record.
"""

import json
import pathlib
import tempfile
import time
import unittest
import urllib.parse

import harness
from agent import Agent
from exporter import Exporter
from peers import Prometheus

RULES = """
groups:
  - name: recorded
    interval: 1s
    rules:
      - {record: "models:up:sum", expr: sum by (job) (up), labels: {kind: made}}
      - {record: "models:up:twice", expr: "models:up:sum * 2"}
  - name: alerts
    interval: 1s
    rules:
      - alert: Held
        expr: models:up:twice > 1
        for: 3s
        labels: {severity: page}
        annotations: {summary: "{{ $labels.job }} has {{ $value | humanize }}"}
      - alert: Down
        expr: up == 0
        keep_firing_for: 3s
      - {alert: Never, expr: up > 7}
"""

# Recorded by Pitot alone, and what each is in one expression. Debian's 2.42 has no query_offset,
# and extrapolates a rate differently where a counter begins.
MOVING = {
    "models:requests:sum": ("sum by (namespace) (inference_requests_total)",) * 2,
    "models:requests:mean": ("avg_over_time(inference_requests_total[7s])",) * 2,
    "models:requests:share": (
        "models:requests:mean / on (namespace) group_left models:requests:sum",
        "avg_over_time(inference_requests_total[7s]) / on (namespace) group_left "
        "sum by (namespace) (inference_requests_total)"),
}
MOVING_RULES = """
groups:
  - name: moving
    interval: 1s
    query_offset: 5s
    rules:
""" + "".join(
    f"      - {{record: '{name}', expr: '{expression}'}}\n"
    for name, (expression, _) in MOVING.items())
TOLERANCE = 1e-9


class RulesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="pitot-rules-")
        root = pathlib.Path(cls.folder.name)
        rules = root / "peer-rules.yaml"
        rules.write_text(RULES)
        cls.exporter = Exporter([("shop", "recommender")], started=time.time() - 3600).start()
        cls.exporter.set_traffic(37, {("shop", "recommender"): 3})
        cls.agent = Agent(
            root / "pitot", {"rules.yaml": RULES, "moving.yaml": MOVING_RULES}).start()
        cls.prometheus = Prometheus(
            root / "prometheus", cls.exporter.port, cls.agent.write_url, rules=rules)
        cls.addClassCleanup(cls.folder.cleanup)
        cls.addClassCleanup(cls.agent.kill)
        cls.addClassCleanup(cls.exporter.stop)
        cls.addClassCleanup(cls.prometheus.process.kill)

    def ask(self, port: int, path: str, **parameters):
        encoded = urllib.parse.urlencode(parameters)
        answer = harness.request(port, "GET", f"/api/v1/{path}?{encoded}")
        self.assertEqual(answer.status, 200, answer.text)
        return answer.json()["data"]

    def states(self, port: int) -> dict[str, str]:
        return {
            rule["name"]: rule["state"]
            for group in self.ask(port, "rules", type="alert")["groups"] for rule in group["rules"]}

    def both(self, what: str, name: str, state: str):
        for port in (self.agent.port, self.prometheus.port):
            harness.wait_until(
                f"{name} is {state} at {port}: {what}",
                lambda port=port: self.states(port)[name] == state)

    def test_1_rules_are_described_alike(self):
        self.both("after its hold", "Held", "firing")

        def described(port: int):
            told = []
            for group in self.ask(port, "rules")["groups"]:
                for rule in group["rules"]:
                    for key in ("evaluationTime", "lastEvaluation"):
                        del rule[key]
                    for alert in rule.get("alerts", []):
                        del alert["activeAt"]
                if group["name"] != "moving":
                    told.append(
                        (group["name"], group["interval"], group["limit"], group["rules"]))
            return told

        self.assertEqual(described(self.agent.port), described(self.prometheus.port))

    def test_2_recorded_values_are_those_of_their_expression(self):
        def points(name: str) -> dict[float, dict[str, float]]:
            """The records by their times, and by their labels without the name."""
            found: dict[float, dict[str, float]] = {}
            for one in self.ask(self.agent.port, "query", query=f"{name}[1m]")["result"]:
                del one["metric"]["__name__"]
                for at, value in one["values"]:
                    found.setdefault(at, {})[json.dumps(one["metric"])] = float(value)
            return found

        for name, (_, expression) in MOVING.items():
            harness.wait_until(f"five records of {name}", lambda name=name: len(points(name)) > 4)
            for at, ours in points(name).items():
                theirs = {}
                for one in self.ask(
                    self.prometheus.port, "query", query=expression, time=at)["result"]:
                    one["metric"].pop("__name__", None)
                    theirs[json.dumps(one["metric"])] = float(one["value"][1])
                self.assertEqual(ours.keys(), theirs.keys(), (name, at))
                for labels, value in ours.items():
                    self.assertAlmostEqual(
                        value, theirs[labels], delta=TOLERANCE * abs(theirs[labels]))

    def test_3_alerts_have_the_same_transitions(self):
        self.exporter.stop()
        for name, state in (("Held", "inactive"), ("Down", "firing")):
            self.both("the exporter is gone", name, state)
        self.exporter.start()
        self.both("the exporter is back, and its hold has passed", "Held", "firing")
        self.both("it was kept for a while", "Down", "inactive")
        end = int(time.time()) + 1

        def runs(port: int, alert: str) -> list[str]:
            """The states of an alert one after the other, each once."""
            found: list[tuple[float, str]] = []
            data = self.ask(
                port, "query_range", query=f'ALERTS{{alertname="{alert}"}}', start=end - 60,
                end=end, step=1)
            for one in data["result"]:
                found += [(at, one["metric"]["alertstate"]) for at, _ in one["values"]]
            states = [state for _, state in sorted(found)]
            return [
                state for place, state in enumerate(states)
                if place == 0 or states[place - 1] != state]

        for alert in ("Held", "Down", "Never"):
            self.assertEqual(
                runs(self.agent.port, alert), runs(self.prometheus.port, alert), alert)
        self.assertEqual(runs(self.agent.port, "Held"), ["pending", "firing", "pending", "firing"])
        # What an alert is for, Prometheus writes too.
        for port in (self.agent.port, self.prometheus.port):
            found = self.ask(port, "query", query="ALERTS_FOR_STATE")["result"]
            self.assertEqual([one["metric"]["alertname"] for one in found], ["Held"])

    def test_4_rules_survive_a_kill_and_change_by_themselves(self):
        before = self.ask(self.agent.port, "alerts")["alerts"]
        self.assertEqual([alert["state"] for alert in before], ["firing"])
        self.agent.kill()
        self.agent.start()
        after = self.ask(self.agent.port, "alerts")["alerts"]
        self.assertEqual(
            [alert["activeAt"] for alert in after], [alert["activeAt"] for alert in before])
        path = self.agent.rules / "rules.yaml"
        changed = path.with_suffix(".new")
        changed.write_text(RULES.replace("up > 7", "up > 0"))
        changed.rename(path)
        harness.wait_until(
            "the changed rule fires", lambda: self.states(self.agent.port)["Never"] == "firing")
        path.write_text("groups: [{name: broken, rule: []}]")
        harness.wait_until(
            "the broken file is refused",
            lambda: self.agent.metrics()["pitot_config_last_reload_successful"] == 0)
        self.assertEqual(self.states(self.agent.port)["Never"], "firing")


if __name__ == "__main__":
    unittest.main()
