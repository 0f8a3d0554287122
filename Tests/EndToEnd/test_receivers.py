"""Receivers end to end: secrets stay secret, a failing one is told elsewhere, mail arrives."""

import json
import pathlib
import re
import subprocess
import tempfile
import time
import unittest

import harness
import remotewrite
from agent import Agent
from faultsink import FaultSink
from faultworld import RULES
from mailsink import MailSink

SECRET = "s3cr3t-7e1f"


class ReceiverTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="pitot-receivers-")
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def sink(self, mode: str = "ok") -> FaultSink:
        sink = FaultSink(mode)
        self.addCleanup(sink.stop)
        return sink

    def start(self, settings: str) -> Agent:
        agent = Agent(self.folder / "pitot", {"r.yaml": RULES}, settings).start()
        self.addCleanup(agent.kill)
        return agent

    @staticmethod
    def fire(agent: Agent, value: float = 1, group: str = "a") -> None:
        labels = {"__name__": "fault", "job": "j", "instance": "i", "g": group}
        series = remotewrite.time_series(labels, [(int(time.time() * 1000), value)])
        body = remotewrite.snappy(remotewrite.write_request(series))
        assert agent.post("/api/v1/write", body, remotewrite.HEADERS).status in (200, 204)

    def test_secrets_are_written_nowhere(self):
        sink = self.sink()
        agent = self.start(f"""\
log: {{checkpoint: 64KiB}}
route: {{receiver: all, group_wait: 0s, group_by: [g]}}
receivers:
  - name: all
    webhook_configs:
      - url: {sink.url(f"/hook?token={SECRET}-a")}
        http_config: {{authorization: {{credentials: {SECRET}-b}}}}
        signing: {{scheme: github, secret: {SECRET}-c}}
    pagerduty_configs: [{{routing_key: {SECRET}-d, url: {sink.url("/pd/v2/enqueue")}}}]
    opsgenie_configs: [{{api_key: {SECRET}-e, api_url: {sink.url("/og/")}}}]
    slack_configs: [{{api_url: "{sink.url(f"/slack/{SECRET}-f")}", channel: "#x"}}]
""")
        self.fire(agent)
        harness.wait_until("all were told", lambda: len(sink.taken()) >= 4)
        bodies = [each.body.decode() for each in sink.taken()]
        headers = json.dumps([each.headers for each in sink.taken()])
        self.assertTrue(any(f'"routing_key":"{SECRET}-d"' in body for body in bodies), bodies)
        self.assertIn(f"Bearer {SECRET}-b", headers)
        self.assertIn(f"GenieKey {SECRET}-e", headers)
        self.assertIn("sha256=", headers)
        # A reload that is refused, a failure, a checkpoint: all that could repeat a secret.
        sink.set("500")
        self.fire(agent, group="b")
        harness.wait_until(
            "a failure", lambda: agent.metrics().get("pitot_notifications_queued", 0) > 0)
        config = agent.config.read_text()
        agent.config.write_text(config + "nonsense: 1\n")
        self.assertEqual(agent.post("/-/reload").status, 500)
        agent.config.write_text(config)
        self.assertEqual(agent.post("/-/reload").status, 200)
        said = "".join(
            agent.get(path).text for path in
            ["/api/v1/outbox", "/metrics", "/api/v1/alerts", "/api/v1/status/config"])
        agent.kill()
        for path in (self.folder / "pitot" / "data").rglob("*"):
            if path.is_file():
                self.assertNotIn(SECRET.encode(), path.read_bytes(), str(path))
        self.assertNotIn(SECRET, agent.process.log())
        self.assertNotIn(SECRET, said)
        # And after the restart, with the log replayed, they are known again.
        sink.set("ok")
        before = len(sink.taken())
        agent.start()
        harness.wait_until("the rest was told", lambda: len(sink.taken()) >= before + 4)

    def test_a_failing_receiver_is_told_to_another(self):
        pager, chat = self.sink("403"), self.sink()
        agent = self.start(f"""\
route: {{receiver: pager, group_wait: 0s, group_interval: 1s, group_by: [g]}}
receivers:
  - {{name: pager, webhook_configs: [{{url: "{pager.url()}"}}]}}
  - {{name: chat, webhook_configs: [{{url: "{chat.url()}"}}]}}
""")
        self.fire(agent)
        harness.wait_until("the other was told", chat.taken)
        told = chat.taken()[0].told()
        self.assertEqual(told["commonLabels"]["alertname"], "NotificationsFailing")
        self.assertEqual(told["commonLabels"]["receiver"], "pager")
        self.assertFalse(any(
            each.told()["commonLabels"]["alertname"] == "NotificationsFailing"
            for each in pager.requests))
        letters = agent.get("/api/v1/outbox").json()["data"]["deadLetters"]
        self.assertEqual((letters[0]["reason"], letters[0]["status"]), ("refused", 403))
        said = subprocess.run(
            [harness.PITOT, "notify", "dead", "--agent", f"http://127.0.0.1:{agent.port}"],
            capture_output=True, text=True)
        self.assertIn("pager/webhook  refused status 403", said.stdout)

    def test_a_receiver_that_hangs_delays_nobody(self):
        stuck, well = self.sink("hang"), self.sink()
        agent = self.start(f"""\
route: {{receiver: all, group_wait: 0s, group_by: [g]}}
receivers:
  - name: all
    webhook_configs: [{{url: "{stuck.url()}"}}, {{url: "{well.url()}"}}]
""")
        for group in "abc":
            began = time.monotonic()
            self.fire(agent, group=group)
            self.assertLess(time.monotonic() - began, 1)
        harness.wait_until("the other was told all", lambda: len(well.taken()) == 3, deadline=5)
        self.assertEqual(stuck.taken(), [])

    def test_a_broken_template_says_so_in_plain_words(self):
        sink = self.sink()
        agent = self.start(f"""\
route: {{receiver: all, group_wait: 0s}}
receivers:
  - name: all
    slack_configs:
      - {{api_url: "{sink.url()}", channel: "#x", title: "{{{{ .Nonsense }}}}"}}
""")
        self.fire(agent)
        harness.wait_until("it was told", sink.taken)
        attachment = sink.taken()[0].told()["attachments"][0]
        self.assertEqual(attachment["title"], "[FIRING:1] all")
        self.assertIn("plain because its template failed", attachment["text"])
        self.assertIn("alertname=Fault", attachment["text"])
        self.assertEqual(agent.metrics()["pitot_notification_template_failures_total"], 1)

    def test_dry_run_decides_and_does_not_send(self):
        sink = self.sink()
        agent = self.start(f"""\
notify: {{dryRun: true}}
route: {{receiver: all, group_wait: 0s}}
receivers: [{{name: all, webhook_configs: [{{url: "{sink.url()}"}}]}}]
""")
        self.fire(agent)
        letter = harness.wait_until(
            "it was decided", lambda: agent.get("/api/v1/outbox").json()["data"]["deadLetters"])[0]
        self.assertEqual((letter["reason"], letter["destination"]), ("dry_run", "all/webhook"))
        self.assertEqual(sink.seen(), 0)

    def test_mail_arrives_whole(self):
        mail = MailSink(user="pitot", password=SECRET)
        self.addCleanup(mail.stop)
        (self.folder / "password").write_text(SECRET + "\n")
        agent = self.start(f"""\
global:
  smtp_smarthost: 127.0.0.1:{mail.port}
  smtp_from: Pitot <pitot@example.org>
  smtp_require_tls: false
  smtp_auth_username: pitot
  smtp_auth_password_file: {self.folder / "password"}
route: {{receiver: mail, group_wait: 0s}}
receivers:
  - name: mail
    email_configs:
      - to: a@example.org, Bé <b@example.org>
        headers: {{Subject: "Alarm für {{{{ .CommonLabels.alertname }}}}"}}
""")
        self.fire(agent)
        letter = harness.wait_until("mail came", lambda: mail.mails)[0]
        self.assertEqual(letter.sender, "pitot@example.org")
        self.assertEqual(letter.recipients, ["a@example.org", "b@example.org"])
        self.assertEqual(letter.message["Subject"], "Alarm für Fault")
        html = letter.message.get_content()
        self.assertIn("alertname = Fault", html)
        self.assertTrue(letter.message["Message-ID"].endswith("@example.org>"))
        self.assertTrue(re.search(r"^<[0-9a-f]{32}@", letter.message["Message-ID"]))

    def test_slack_changes_one_message(self):
        sink = self.sink()
        sink.answer = lambda path, body: json.dumps(
            {"ok": True, "channel": "C1", "ts": f"{len(sink.requests)}.5"})
        agent = self.start(f"""\
route: {{receiver: chat, group_wait: 0s, group_interval: 1s}}
receivers:
  - name: chat
    slack_configs:
      - {{app_token: {SECRET}, app_url: "{sink.url("/api/chat.postMessage")}",
         channel: "#ops", update_message: true, send_resolved: true}}
""")
        self.fire(agent)
        harness.wait_until("it was told", sink.taken)
        harness.wait_until(
            "the agent knows", lambda: agent.metrics()["pitot_notifications_queued"] == 0)
        agent.kill()
        agent.start()
        self.fire(agent, 0)
        harness.wait_until("the end was told", lambda: len(sink.taken()) == 2)
        first, second = sink.taken()
        self.assertEqual(first.path, "/api/chat.postMessage")
        self.assertEqual(first.headers["authorization"], f"Bearer {SECRET}")
        self.assertEqual(first.told()["channel"], "#ops")
        self.assertEqual(second.path, "/api/chat.update")
        self.assertEqual((second.told()["channel"], second.told()["ts"]), ("C1", "1.5"))

    def test_notify_test_says_what_was_answered(self):
        sink = self.sink()
        config = self.folder / "am.yml"
        config.write_text(f"""\
route: {{receiver: hook}}
receivers: [{{name: hook, webhook_configs: [{{url: "{sink.url('/' + SECRET)}"}}]}}]
""")

        def run(*arguments: str):
            return subprocess.run(
                [harness.PITOT, "notify", "test", "--config", config, *arguments],
                capture_output=True, text=True)

        good = run("hook")
        self.assertEqual(
            (good.returncode, good.stdout), (0, "hook/webhook: delivered, status 200\n"))
        self.assertEqual(sink.taken()[0].told()["commonLabels"]["alertname"], "PitotTest")
        sink.set("403")
        bad = run("hook")
        self.assertEqual((bad.returncode, bad.stderr), (1, "hook/webhook: refused, status 403\n"))
        self.assertEqual(run("nobody").returncode, 2)
        dry = run("hook", "--dry-run")
        self.assertIn("POST <secret>", dry.stdout)
        self.assertNotIn(SECRET, dry.stdout + bad.stderr + good.stdout)
