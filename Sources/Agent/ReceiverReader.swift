import Alerting
import Model
import Text

// Alertmanager's `receivers`, as far as this version delivers: webhooks. What is not there yet is
// an error that says so, never a silently missing notification. Routes: `RouteReader`.

/// Reads `receivers`.
struct ReceiverReader {
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var names: Set<String> = []

    private static let laterIntegrations = [
        "slack_configs", "pagerduty_configs", "opsgenie_configs", "email_configs",
        "msteams_configs", "msteamsv2_configs", "victorops_configs", "pushover_configs",
        "telegram_configs", "discord_configs", "sns_configs", "wechat_configs", "webex_configs",
    ]

    mutating func read(_ fields: inout FieldReader) -> [ReceiverSettings] {
        fields.sequence("receivers").compactMap { receiver($0) }
    }

    private mutating func receiver(_ node: YAMLNode) -> ReceiverSettings? {
        var fields = FieldReader(node, of: "receiver")
        let name = fields.string("name")
        let webhooks = fields.sequence("webhook_configs").compactMap { webhook($0) }
        for key in Self.laterIntegrations where fields.optionalNode(key) != nil {
            fields.fail(
                at: fields.position(of: key), "\(key) is not supported by this version",
                expected: "webhook_configs", hint: "or let an Alertmanager deliver it")
        }
        if let name, !names.insert(name).inserted {
            fields.fail(
                at: fields.position(of: "name"), "the receiver \"\(name)\" stands twice",
                expected: "each name once")
        }
        diagnostics += fields.finish()
        return name.map { ReceiverSettings(name: $0, webhooks: webhooks) }
    }

    private mutating func webhook(_ node: YAMLNode) -> WebhookSettings? {
        var fields = FieldReader(node, of: "webhook_config")
        let url = fields.string("url")
        let sendResolved = fields.optionalBool("send_resolved") ?? true
        let maxAlerts = fields.optionalInteger("max_alerts") ?? 0
        if let url, !isHTTP(url) {
            fields.fail(
                at: fields.position(of: "url"), "\"\(url)\" is no address",
                expected: "http:// or https:// and a host")
        }
        if maxAlerts < 0 {
            fields.fail(
                at: fields.position(of: "max_alerts"), "max_alerts is negative",
                expected: "0 for all, or a number of alerts")
        }
        diagnostics += fields.finish()
        return url.map {
            WebhookSettings(url: $0, sendResolved: sendResolved, maxAlerts: maxAlerts)
        }
    }
}
