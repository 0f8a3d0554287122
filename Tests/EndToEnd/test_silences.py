"""Real amtool against the agent, which is killed with SIGKILL in between."""

import json
import pathlib
import re
import subprocess
import tempfile
import unittest

import harness
import peers
from agent import Agent
from sink import Sink
from slofiles import AVAILABILITY

AMTOOL = harness.PEERS / "prometheus-alertmanager" / "usr" / "bin" / "amtool"

SETTINGS = """\
externalLabels: {{cluster: eu1}}
alertmanagers: ["{alertmanager}"]
watchdog: {{receiver: deadman, interval: 1s}}
time_intervals:
  - name: always
    time_intervals: [{{times: [{{start_time: "00:00", end_time: "24:00"}}]}}]
route:
  receiver: all
  group_by: ["..."]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 1h
  routes:
    - matchers: [severity="page"]
      receiver: pager
    - matchers: [team="night"]
      receiver: all
      mute_time_intervals: [always]
inhibit_rules:
  - source_matchers: [alertname="Down"]
    target_matchers: [alertname="Slow"]
    equal: [service]
receivers:
  - {{name: all, webhook_configs: [{{url: "{sink}/all?token=sesame"}}]}}
  - {{name: pager, webhook_configs: [{{url: "{sink}/pager"}}]}}
  - {{name: deadman, webhook_configs: [{{url: "{sink}/deadman"}}]}}
"""

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


class AmtoolTest(unittest.TestCase):
    """One transcript: the agent's state goes through it, kills included."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        self.sink = Sink()
        self.addCleanup(self.sink.stop)
        self.alertmanager = peers.Alertmanager(self.folder / "am", self.sink.url("/am"))
        self.addCleanup(self.alertmanager.process.kill)
        settings = SETTINGS.format(
            alertmanager=self.alertmanager.url, sink=self.sink.url(""))
        self.agent = Agent(self.folder, {"slo.yaml": AVAILABILITY}, settings).start()
        self.addCleanup(self.agent.kill)

    def amtool(self, *words, code=0, stdin=None):
        done = subprocess.run(
            [str(AMTOOL), f"--alertmanager.url=http://127.0.0.1:{self.agent.port}",
             *map(str, words)],
            capture_output=True, text=True, timeout=30, input=stdin, check=False,
            env={"HOME": str(self.folder), "USER": "ann", "TZ": "UTC"})
        self.assertEqual(done.returncode, code, f"amtool {words}\n{done.stdout}\n{done.stderr}")
        return done.stdout if code == 0 else done.stderr

    def restart(self):
        self.agent.kill()
        self.agent.start()

    def silences(self, *words):
        return json.loads(self.amtool("silence", "query", "-o", "json", *words))

    def alerts(self, *words):
        found = json.loads(self.amtool("alert", "query", "-o", "json", *words))
        return {alert["labels"]["alertname"]: alert for alert in found}

    def told(self, path, name):
        return [alert["status"] for alert in self.sink.alerts(path, alertname=name)]

    def test_silences_are_added_changed_ended_and_survive_kills(self):
        added = self.amtool("silence", "add", "alertname=Full", 'disk=~"sd[ab]"',
                            '--comment=new disks', "--author=ann", "--duration=2h").strip()
        self.assertRegex(added, f"^{UUID}$")
        self.restart()
        [silence] = self.silences()
        self.assertEqual(silence["id"], added)
        self.assertEqual(silence["status"], {"state": "active"})
        self.assertEqual((silence["createdBy"], silence["comment"]), ("ann", "new disks"))
        self.assertEqual(silence["matchers"], [
            {"name": "alertname", "value": "Full", "isRegex": False, "isEqual": True},
            {"name": "disk", "value": "sd[ab]", "isRegex": True, "isEqual": True}])
        table = self.amtool("silence", "query").splitlines()
        self.assertEqual(table[0].split(), "ID Matchers Ends At Created By Comment".split())
        self.assertIn('alertname="Full" disk=~"sd[ab]"', table[1])

        # What it matches is kept from its receiver, over a kill; what it does not is told.
        self.amtool("alert", "add", "Full", "disk=sda", "severity=page", "--annotation=summary=x")
        self.amtool("alert", "add", "Full", "disk=nvme0", "severity=page")
        harness.wait_until("the alert that is not silenced is told",
                           lambda: self.sink.alerts("/pager", disk="nvme0"))
        self.assertEqual(list(self.alerts("--silenced")), ["Full"])
        self.restart()
        self.assertEqual(self.alerts("--silenced")["Full"]["status"]["silencedBy"], [added])
        self.assertEqual(self.alerts()["Full"]["labels"]["disk"], "nvme0")
        self.assertEqual(self.sink.alerts("/pager", disk="sda"), [])

        # Prolonged in place, then ended: what still fires is told.
        updated = self.amtool("silence", "update", "--duration=3h", added)
        self.assertIn(added, updated)
        self.amtool("silence", "expire", added)
        harness.wait_until("the alert is told when its silence ends",
                           lambda: self.sink.alerts("/pager", disk="sda"))
        self.restart()
        self.assertEqual(self.silences(), [])
        [expired] = self.silences("--expired")
        self.assertEqual((expired["id"], expired["status"]["state"]), (added, "expired"))
        self.assertIn("already expired", self.amtool("silence", "expire", added, code=1))
        # 404, as from 0.27 on.
        self.amtool("silence", "expire", "00000000-0000-4000-8000-000000000000", code=1)

    def test_silences_are_imported_and_found_by_their_matchers(self):
        self.amtool("silence", "add", "team=a", "--comment=one")
        self.amtool("silence", "add", 'team!~"x.*"', "team!=y", "env=p", "--comment=two")
        exported = self.amtool("silence", "query", "-o", "json")
        for identity in self.amtool("silence", "query", "-q").split():
            self.amtool("silence", "expire", identity)
        file = self.folder / "silences.json"
        file.write_text(exported)
        self.amtool("silence", "import", file)
        self.restart()
        self.assertEqual(sorted(s["comment"] for s in self.silences()), ["one", "two"])
        self.assertEqual([s["comment"] for s in self.silences("team=a")], ["one"])
        self.assertEqual([s["comment"] for s in self.silences("env=p")], ["two"])
        self.assertEqual(len(self.silences("--within=2h")), 2)
        self.assertEqual(self.silences("--created-by=bob"), [])
        # Of what is wrong amtool says what the agent says.
        self.assertIn("empty", self.amtool("silence", "add", "a=~.*", "--comment=c", code=1))
        # Names in UTF-8, which amtool 0.25 has no words for.
        body = json.dumps({
            "matchers": [{"name": "é.x", "value": "ü", "isRegex": False}], "comment": "c",
            "createdBy": "a", "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2099-01-01T00:00:00Z"}).encode()
        answer = self.agent.post(
            "/api/v2/silences", body, {"Content-Type": "application/json"})
        self.assertEqual(answer.status, 200, answer.text)
        self.restart()
        one = self.agent.get("/api/v2/silence/" + answer.json()["silenceID"]).json()
        self.assertEqual(one["matchers"][0]["name"], "é.x")

    def test_alerts_are_added_found_and_end(self):
        self.amtool("alert", "add", "Down", "service=a", "severity=page")
        self.amtool("alert", "add", "Slow", "service=a", "--annotation=summary=slow",
                    "--generator-url=http://g/")
        self.amtool("alert", "add", "Night", "team=night")
        self.restart()
        slow = self.alerts("--inhibited")["Slow"]
        down = self.alerts("Down")["Down"]
        self.assertEqual(slow["status"]["inhibitedBy"], [down["fingerprint"]])
        self.assertEqual(slow["status"]["state"], "suppressed")
        self.assertEqual(slow["generatorURL"], "http://g/")
        self.assertEqual(down["receivers"], [{"name": "pager"}])
        self.assertEqual(down["labels"],
                         {"alertname": "Down", "service": "a", "severity": "page"})
        self.assertEqual(set(self.alerts()), {"Down", "Night", "Watchdog"})
        self.assertIn("Down", self.amtool("alert", "query", "--receiver=pag.*"))
        self.assertNotIn("Night", self.amtool("alert", "query", "--receiver=pag.*"))
        groups = self.agent.get("/api/v2/alerts/groups?receiver=pager").json()
        self.assertEqual([g["receiver"] for g in groups], [{"name": "pager"}])
        # amtool 0.25 does not know mutedBy, which came with 0.28.
        [member] = groups[0]["alerts"]
        self.assertEqual(member["status"].pop("mutedBy"), [])
        self.assertEqual(member, self.alerts()["Down"])
        night = [a for a in self.agent.get("/api/v2/alerts").json()
                 if a["labels"]["alertname"] == "Night"]
        self.assertEqual(night[0]["status"]["mutedBy"], ["always"])
        # An end that its sender says, over a kill: told to who was told that it fires.
        harness.wait_until("it is told", lambda: self.told("/pager", "Down"))
        self.amtool("alert", "add", "Down", "service=a", "severity=page",
                    "--start=2026-01-01T00:00:00Z", "--end=2026-01-01T00:00:01Z")
        self.restart()
        harness.wait_until("its end is told", lambda: "resolved" in self.told("/pager", "Down"))
        harness.wait_until("what it inhibited is told",
                           lambda: self.told("/all?token=sesame", "Slow"))
        self.assertEqual(self.told("/all?token=sesame", "Night"), [])
        self.assertNotIn("Down", self.alerts())

    def test_status_and_configuration_are_shown(self):
        shown = self.amtool("config", "show")
        self.assertIn("receiver: all", shown)
        self.assertNotIn("sesame", shown)
        routes = self.amtool("config", "routes", "show")
        self.assertIn('{severity="page"}', routes)
        for labels in (["severity=page"], ["team=night"], ["a=b"], ["alertname=Watchdog"]):
            ours = subprocess.run(
                [str(harness.PITOT), "route", "test", "--config", str(self.agent.config),
                 *labels], capture_output=True, text=True, check=True).stdout
            self.assertEqual(self.amtool("config", "routes", "test", *labels), ours)
        self.assertIn("disabled", self.amtool("cluster", "show"))
        file = self.folder / "shown.yml"
        file.write_text(shown)
        self.assertIn("SUCCESS", self.amtool("check-config", file))
        self.assertEqual(
            [r["name"] for r in self.agent.get("/api/v2/receivers").json()],
            ["all", "pager", "deadman"])

    def test_the_watchdog_is_told_again_and_again_and_alertmanagers_hear_all(self):
        self.amtool("silence", "add", "alertname=~.+", "--comment=quiet")
        heard = lambda: len(self.told("/deadman", "Watchdog"))
        harness.wait_until("the watchdog is told twice", lambda: heard() > 1)
        before = heard()
        self.restart()
        harness.wait_until("it goes on after a kill", lambda: heard() > before + 1)
        # Routes, silences and the watchdog's receiver are ours: the Alertmanager hears it too.
        harness.wait_until("the Alertmanager was sent the watchdog",
                           lambda: self.sink.alerts("/am", alertname="Watchdog"))
        [alert] = self.sink.alerts("/am", alertname="Watchdog")[:1]
        self.assertEqual(alert["labels"]["cluster"], "eu1")

    def test_pitot_silence_does_what_amtool_does(self):
        def pitot(*words, code=0):
            done = subprocess.run(
                [str(harness.PITOT), "silence", words[0], "--agent",
                 f"http://127.0.0.1:{self.agent.port}", *words[1:]],
                capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, code, done.stderr)
            return done.stdout if code == 0 else done.stderr

        identity = pitot("add", "--comment", "why", "--author", "ann", "Full", "disk!=sda").strip()
        self.assertRegex(identity, re.compile(f"^{UUID}$"))
        [silence] = self.silences()
        self.assertEqual(silence["matchers"][1], {
            "name": "disk", "value": "sda", "isRegex": False, "isEqual": False})
        self.assertIn(identity, pitot("query", "Full"))
        self.assertEqual(json.loads(pitot("query", "-o", "json", "Other")), [])
        pitot("expire", identity)
        self.assertIn(identity, pitot("query", "--expired"))
        self.assertIn("already expired", pitot("expire", identity, code=1))
        self.assertIn("--comment", pitot("add", "Full", code=2))


if __name__ == "__main__":
    unittest.main()
