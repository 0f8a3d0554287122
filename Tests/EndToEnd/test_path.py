"""The whole path with the real things: exporter -> Prometheus -> Pitot -> Alertmanager -> webhook.

The scenario runs once; each test looks at one claim about what came of it.
"""

import pathlib
import tempfile
import time
import unittest

import harness
from agent import Agent
from exporter import Exporter
from peers import Alertmanager, Prometheus
from sink import Sink
from slofiles import AVAILABILITY

FAILING = ("shop", "recommender")
HEALTHY = ("bank", "fraud-detector")
MODELS = [FAILING, HEALTHY]
HISTORY = 17  # requests before Pitot ever saw the series: a baseline, never counted
PER_SCRAPE = 100


def group(model: tuple[str, str]) -> dict[str, str]:
    return {"namespace": model[0], "inference_service": model[1]}


class PathTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        folder = pathlib.Path(temporary.name)
        cls.sink = Sink()
        cls.addClassCleanup(cls.sink.stop)
        cls.alertmanager = Alertmanager(folder, cls.sink.url("/alertmanager"))
        cls.addClassCleanup(cls.alertmanager.process.kill)
        cls.agent = Agent(
            folder, {"slo.yaml": AVAILABILITY},
            f"alertmanagers: [{cls.alertmanager.url}]\n"
            "route: {receiver: direct, group_wait: 0s}\n"
            "receivers:\n"
            "  - {name: direct, webhook_configs: [{url: "
            f"\"{cls.sink.url('/direct')}\"}}]}}\n").start()
        cls.addClassCleanup(cls.agent.kill)
        # Started long before Pitot: what the first scrape brings is history.
        cls.exporter = Exporter(MODELS, started=time.time() - 3600).start()
        cls.addClassCleanup(cls.exporter.stop)
        for model in MODELS:
            cls.exporter.count(model, "200", HISTORY)
        cls.prometheus = Prometheus(folder, cls.exporter.port, cls.agent.write_url)
        cls.addClassCleanup(cls.prometheus.process.kill)
        cls.run_scenario()

    @classmethod
    def run_scenario(cls):
        wait = harness.wait_until
        wait("the history was seen", lambda: all(
            cls.agent.events("availability", **group(model)) for model in MODELS))
        cls.exporter.set_traffic(PER_SCRAPE)
        wait("healthy traffic was counted", lambda: all(
            cls.agent.total("availability", **group(model)) >= 3 * PER_SCRAPE
            for model in MODELS))
        cls.alerts_while_healthy = cls.sink.bodies("/direct") + cls.sink.bodies("/alertmanager")

        cls.exporter.set_traffic(PER_SCRAPE, {FAILING: 40})
        for path in ("/direct", "/alertmanager"):
            wait(f"a page at {path}", lambda path=path: cls.sink.alerts(
                path, alertname="SLOBurn", severity="page", window="1h"))
        cls.alerts_api = cls.agent.get("/api/v1/alerts").json()

        cls.exporter.set_traffic(0)
        wait("every event was counted", lambda: all(
            cls.agent.total("availability", **group(model)) == cls.expected_total(model)
            for model in MODELS))
        # Two scrapes on, the counts must be the same still.
        scrapes = cls.exporter.scrapes
        wait("two more scrapes", lambda: cls.exporter.scrapes >= scrapes + 2)
        cls.slos = {model: cls.agent.slo("availability", **group(model)) for model in MODELS}

    @classmethod
    def expected_total(cls, model) -> int:
        return cls.exporter.total(model) - HISTORY

    def test_the_totals_are_the_exporters_own(self):
        for model in MODELS:
            events = self.slos[model]["events"]
            bad = self.exporter.total(model, bad=True)
            self.assertEqual(events["total"], self.expected_total(model))
            self.assertEqual(events["bad"], bad)
            self.assertEqual(events["good"], self.expected_total(model) - bad)

    def test_history_is_a_baseline_and_errors_are_births(self):
        classes = self.slos[FAILING]["events"]["classes"]
        self.assertEqual(classes["baseline"], HISTORY)
        # The 503 series came into being at 40, which Prometheus' increase() would not count.
        self.assertEqual(classes["birth"], 40)
        self.assertEqual(classes["reset"], 0)
        self.assertEqual(
            classes["normal"] + classes["gap"] + classes["birth"], self.expected_total(FAILING))
        self.assertEqual(self.slos[HEALTHY]["events"]["classes"]["birth"], 0)

    def test_the_page_reaches_the_webhook_through_alertmanager(self):
        alert = self.sink.alerts(
            "/alertmanager", alertname="SLOBurn", severity="page", window="1h")[0]
        self.check_labels(alert)
        self.assertEqual(alert["status"], "firing")

    def test_the_page_reaches_the_webhook_directly(self):
        bodies = [
            body for body in self.sink.bodies("/direct")
            if any(alert["labels"].get("severity") == "page" for alert in body["alerts"])]
        body = bodies[0]
        self.assertEqual(body["version"], "4")
        self.assertEqual(body["receiver"], "direct")
        self.assertEqual(body["status"], "firing")
        self.assertEqual(body["truncatedAlerts"], 0)
        for key in ("groupKey", "groupLabels", "commonLabels", "commonAnnotations", "externalURL"):
            self.assertIn(key, body)
        pages = [alert for alert in body["alerts"] if alert["labels"].get("window") == "1h"]
        self.check_labels(pages[0])
        self.assertRegex(pages[0]["fingerprint"], "^[0-9a-f]{16}$")
        self.assertRegex(pages[0]["startsAt"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")

    def check_labels(self, alert: dict) -> None:
        expected = {
            "alertname": "SLOBurn", "service": "inference", "slo": "availability",
            "severity": "page", "window": "1h", "team": "ml", **group(FAILING)}
        found = alert["labels"]
        self.assertEqual({name: found.get(name) for name in expected}, expected)

    def test_healthy_traffic_alerts_nobody(self):
        self.assertEqual(self.alerts_while_healthy, [])

    def test_the_healthy_model_stays_quiet(self):
        for path in ("/direct", "/alertmanager"):
            self.assertEqual(self.sink.alerts(path, **group(HEALTHY)), [])
        states = {alert["state"] for alert in self.slos[HEALTHY]["alerts"]}
        self.assertEqual(states, {"inactive"})

    def test_the_alerts_api_lists_the_page(self):
        firing = [
            alert for alert in self.alerts_api["data"]["alerts"]
            if alert["labels"].get("alertname") == "SLOBurn"
            and alert["labels"].get("severity") == "page" and alert["state"] == "firing"]
        self.assertTrue(firing)

    def test_the_burn_is_judged_on_the_counts(self):
        slo = self.slos[FAILING]
        windows = {window["window"]: window for window in slo["windows"]}
        hour = windows["1h"]
        self.assertEqual(hour["bad"], self.exporter.total(FAILING, bad=True))
        self.assertEqual(hour["total"], self.expected_total(FAILING))
        self.assertAlmostEqual(
            hour["burnRate"], hour["bad"] / hour["total"] / (1 - 0.999), places=6)
        # The ledger is seconds old: it says so.
        self.assertEqual(hour["evidence"], "partial")
        self.assertLess(slo["budget"]["remaining"], 0)
        self.assertEqual(slo["budget"]["exhaustedIn"], 0)
