import Alerting
import Model
import Text

// Alertmanager's `receivers`. What is not there is an error that says what to do, never a silently
// missing notification. Routes: `RouteReader`; each kind: `IntegrationReader`.

/// Reads `receivers`.
struct ReceiverReader {
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var names: Set<String> = []
    private let global: GlobalSettings
    private let templates: NotificationTemplates
    /// The most integrations of one receiver.
    static let integrationsMax = 100

    private static let unsupported = [
        "sns_configs", "wechat_configs", "pushover_configs", "telegram_configs",
        "victorops_configs", "discord_configs", "webex_configs", "rocketchat_configs",
        "jira_configs", "mattermost_configs", "incidentio_configs",
    ]

    init(_ global: GlobalSettings, _ templates: NotificationTemplates) {
        self.global = global
        self.templates = templates
    }

    mutating func read(_ fields: inout FieldReader) -> [ReceiverSettings] {
        fields.sequence("receivers").compactMap { receiver($0) }
    }

    private mutating func receiver(_ node: YAMLNode) -> ReceiverSettings? {
        var fields = FieldReader(node, of: "receiver")
        let name = fields.string("name")
        var integrations: [IntegrationSettings] = []
        for (key, kind) in [
            ("webhook_configs", IntegrationKind.webhook), ("slack_configs", .slack),
            ("pagerduty_configs", .pagerduty), ("opsgenie_configs", .opsgenie),
            ("msteamsv2_configs", .msteams), ("msteams_configs", .msteams),
            ("googlechat_configs", .googleChat), ("email_configs", .email),
        ] {
            for element in fields.sequence(key) {
                var reader = IntegrationReader(
                    FieldReader(element, of: String(key.dropLast())), global, templates)
                let index = integrations.count { $0.kind == kind }
                if let read = reader.read(kind, index: index) { integrations.append(read) }
                diagnostics += reader.finish()
            }
        }
        if integrations.count > Self.integrationsMax {
            fields.fail(
                at: node, "more than \(Self.integrationsMax) ways to reach one receiver",
                expected: "fewer")
        }
        refuse(&fields)
        if let name, !names.insert(name).inserted {
            fields.fail(
                at: fields.position(of: "name"), "the receiver \"\(name)\" stands twice",
                expected: "each name once")
        }
        diagnostics += fields.finish()
        return name.map { ReceiverSettings(name: $0, integrations: integrations) }
    }

    private func refuse(_ fields: inout FieldReader) {
        for key in Self.unsupported where fields.optionalNode(key) != nil {
            fields.fail(
                at: fields.position(of: key), "\(key) is not supported",
                expected: "webhook_configs, slack_configs, pagerduty_configs, opsgenie_configs, "
                    + "msteamsv2_configs, googlechat_configs or email_configs",
                hint: "use webhook_configs with a body of your own, or let an Alertmanager "
                    + "deliver it (alertmanagers)")
        }
    }
}
