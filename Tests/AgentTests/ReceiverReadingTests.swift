import Alerting
import Model
import Storage
import Testing
import Text

@testable import Agent

@Suite struct ReceiverReadingTests {
    private func files(_ config: String, templates: [SourceFile] = []) -> ConfigurationFiles {
        ConfigurationFiles(
            config: SourceFile(path: "pitot.yaml", bytes: Array(config.utf8)), rules: [],
            templates: templates)
    }

    private func messages(_ config: String) -> [String] {
        Configuration.read(files(config)).diagnostics.map(\.description)
    }

    /// What Alertmanager's documentation shows of each kind, as an alertmanager.yml has it.
    private let alertmanager = """
        global:
          resolve_timeout: 5m
          smtp_smarthost: mail.example:587
          smtp_from: alerts@example.org
          smtp_auth_username: alerts
          smtp_auth_password: hunter2
          slack_api_url: https://hooks.slack.com/services/T0/B0/XXXX
          opsgenie_api_key: g3n-key
          http_config: {proxy_url: "http://user:pass@proxy:3128", tls_config: {ca_file: /ca.pem}}
        templates: [/etc/alertmanager/*.tmpl]
        route: {receiver: team, group_by: [alertname]}
        receivers:
          - name: team
            slack_configs:
              - channel: '#alerts'
                send_resolved: true
                title: '{{ template "slack.default.title" . }} {{ .Status | toUpper }}'
                fields: [{title: Severity, value: '{{ .CommonLabels.severity }}', short: true}]
                actions: [{type: button, text: Runbook, url: '{{ .CommonAnnotations.runbook }}'}]
            pagerduty_configs:
              - routing_key_file: /run/secrets/pagerduty
                severity: '{{ if eq .Status "firing" }}critical{{ else }}warning{{ end }}'
                details: {team: '{{ .CommonLabels.team }}'}
                links: [{href: 'https://runbooks', text: Runbook}]
            opsgenie_configs:
              - {responders: [{name: ml, type: team}], priority: P2, tags: 'a, b'}
            msteamsv2_configs: [{webhook_url: 'https://prod.logic.azure.com/x?sig=abc'}]
            email_configs: [{to: 'team@example.org', headers: {subject: 'x'}}]
            webhook_configs:
              - url: https://hook.example/?token=t0k3n
                max_alerts: 10
                http_config: {basic_auth: {username: u, password: p4ss}}
          - name: chat
            googlechat_configs: [{url: 'https://chat.googleapis.com/v1/x?key=k&token=t'}]
        """

    @Test func anAlertmanagersFileIsTaken() {
        let read = Configuration.read(files(alertmanager))
        #expect(read.diagnostics.map(\.description) == [])
        #expect(read.templatePaths == ["/etc/alertmanager/*.tmpl"])
        let team = read.notifier.receivers[0]
        #expect(
            team.integrations.map(\.kind) == [
                .webhook, .slack, .pagerduty, .opsgenie, .msteams, .email,
            ])
        #expect(
            team.integrations.map(\.sendResolved) == [true, true, true, true, true, false])
        guard case .email(let mail) = team.integrations[5].message else {
            Issue.record("no mail")
            return
        }
        #expect(mail.smarthost == "mail.example:587" && mail.requiresTLS)
        #expect(team.integrations[1].http.tls.caFile == "/ca.pem")
    }

    @Test func secretsAreTakenOutBeforeAnythingIsKept() {
        let (safe, secrets) = files(alertmanager).withholdingSecrets()
        let text = String(decoding: safe.config?.bytes ?? [], as: UTF8.self)
        let values = [
            "hunter2", "https://hooks.slack.com/services/T0/B0/XXXX", "g3n-key",
            "http://user:pass@proxy:3128", "https://prod.logic.azure.com/x?sig=abc",
            "https://hook.example/?token=t0k3n", "p4ss",
            "https://chat.googleapis.com/v1/x?key=k&token=t",
        ]
        #expect(secrets.values.sorted() == values.sorted())
        for value in values { #expect(!text.contains(value)) }
        // Everything else stands where it stood.
        #expect(text.split(separator: "\n").count == alertmanager.split(separator: "\n").count)
        let read = Configuration.read(safe)
        #expect(read.diagnostics.map(\.description) == [])
        let hook = read.notifier.receivers[0].integrations[0]
        guard case .webhook(let settings) = hook.message else {
            Issue.record("no webhook")
            return
        }
        let revealed = try? settings.url.revealed { source in
            guard case .named(let name) = source else { return nil }
            return secrets[name]
        }
        #expect(revealed == "https://hook.example/?token=t0k3n")
    }

    @Test func secretsKeepTheirNamesWhenReceiversChangePlaces() {
        func names(_ receivers: [String]) -> Set<String> {
            let list = receivers.map { name in
                "  - {name: \(name), pagerduty_configs: [{routing_key: \(name)-key}]}\n"
            }
            let (_, secrets) = files("receivers:\n" + list.joined()).withholdingSecrets()
            return Set(secrets.map { "\($0.key)=\($0.value)" })
        }
        #expect(names(["a", "b"]) == names(["b", "a"]))
    }

    @Test func noErrorRepeatsASecret() {
        let config = """
            receivers:
              - name: a
                slack_configs: [{api_url: "hunter2", channel: x, update_message: true}]
                webhook_configs: [{url: "hunter2", signing: {scheme: none, secret: hunter2}}]
                pagerduty_configs: [{routing_key: hunter2, routing_key_file: /x}]
            """
        for files in [files(config), files(config).withholdingSecrets().files] {
            let found = Configuration.read(files).diagnostics.map(\.description)
            #expect(found.count == 5)
            #expect(!found.contains { $0.contains("hunter2") })
        }
    }

    @Test func whatIsNotSupportedIsRefusedByName() {
        let found = messages(
            "receivers:\n  - name: a\n    sns_configs: [{}]\n    telegram_configs: [{}]\n")
        #expect(found.count == 2)
        #expect(found[0].hasPrefix("pitot.yaml:3:5: sns_configs is not supported; expected "))
        #expect(found[1].hasPrefix("pitot.yaml:4:5: telegram_configs is not supported; "))
    }

    @Test func unknownKeysAreErrorsWithAPlace() {
        #expect(
            messages("receivers:\n  - name: a\n    webhook_configs: [{url: 'http://x', ur: 1}]\n")
                == [
                    "pitot.yaml:3:41: unknown key \"ur\" in this webhook_config; expected "
                        + "body, content_type, headers, http_config, max_alerts, method, payload, "
                        + "send_resolved, signing, timeout, url, url_file"
                ])
    }

    @Test func aTemplateThatDoesNotParseIsAnErrorWhereItStands() {
        let found = messages(
            "receivers:\n  - name: a\n    slack_configs:\n      - api_url: http://x\n"
                + "        title: '{{ .Status'\n")
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("pitot.yaml:5:17: not a template: "))
    }

    @Test func filesDefineTemplatesOverTheDefaults() {
        let file = SourceFile(
            path: "/t/a.tmpl", bytes: Array("{{ define \"own\" }}{{ .Status }}{{ end }}".utf8))
        let config =
            "templates: [/t/a.tmpl]\nreceivers:\n  - name: a\n    slack_configs:\n"
            + "      - {api_url: 'http://x', title: '{{ template \"own\" . }}'}\n"
        let read = Configuration.read(files(config, templates: [file]))
        #expect(read.diagnostics.isEmpty)
        #expect(read.notifier.templates.map(\.name) == ["/t/a.tmpl"])
        let broken = SourceFile(path: "/t/b.tmpl", bytes: Array("\n{{ define \"x\" }}".utf8))
        let faults = Configuration.read(files(config, templates: [broken])).diagnostics
        #expect(faults.first?.description.hasPrefix("/t/b.tmpl:2:") == true)
    }

    @Test func aPayloadIsATemplateOfJSON() {
        let read = Configuration.read(
            files(
                "receivers:\n  - name: a\n    webhook_configs:\n      - url: http://x\n"
                    + "        payload: {text: 'is {{ .Status }}', n: 3, list: [a, true, null]}\n"))
        #expect(read.diagnostics.isEmpty)
        let found = TestNotification.deliveries(
            for: read.notifier.receivers[0], read.notifier, at: Timestamp(millis: 0))
        #expect(
            found.map { String(decoding: $0.body, as: UTF8.self) } == [
                #"{"text":"is firing","n":3,"list":["a",true,null]}"#
            ])
    }

    @Test func outcomesSurviveTheLog() {
        let outcomes: [Outcome] = [
            .posted(status: 200, reference: "C1 1.5"), .rejected(status: 200, word: "not_authed"),
            .failed(reason: .secretMissing), .failed(reason: .loginDenied),
        ]
        for outcome in outcomes {
            let (kind, payload) = LoggedEvent.delivered(DeliveryID(7), outcome).encode()
            let record = LogRecord(
                kind: kind, position: .start, now: Timestamp(millis: 1), payload: payload)
            guard case .delivered(let id, let read)? = LoggedEvent(record) else {
                Issue.record("\(outcome) is not read")
                continue
            }
            #expect(id == DeliveryID(7) && read == outcome)
        }
    }
}
