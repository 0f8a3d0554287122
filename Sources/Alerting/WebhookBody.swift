internal import Model
internal import Text

/// Alertmanager's webhook message, version 4, with the members that 0.25 to 0.33 all send.
struct WebhookBody {
    let receiver: String
    let group: GroupID
    let externalURL: String
    /// In Alertmanager's order; never empty.
    let alerts: [OutwardAlert]
    let truncatedAlerts: Int

    /// `maxAlerts` 0 is all. The common labels and the status are those of the alerts sent.
    init(
        receiver: String, group: GroupID, externalURL: String, alerts: [OutwardAlert],
        maxAlerts: Int
    ) {
        self.receiver = receiver
        self.group = group
        self.externalURL = externalURL
        let sent = maxAlerts > 0 ? min(maxAlerts, alerts.count) : alerts.count
        self.alerts = Array(alerts.prefix(sent))
        truncatedAlerts = alerts.count - sent
    }

    /// The message as JSON, members in Alertmanager's order.
    var bytes: [UInt8] {
        var json = JSONWriter()
        json.object { message in
            message.member("receiver", receiver)
            message.member("status", alerts.contains { $0.alert.isFiring } ? "firing" : "resolved")
            message.key("alerts")
            message.array { list in
                for alert in alerts { Self.write(alert, into: &list) }
            }
            message.member("groupLabels", pairs: group.labels.pairs)
            message.member("commonLabels", pairs: commonPairs(alerts.map(\.labels.pairs)))
            message.member(
                "commonAnnotations", pairs: commonPairs(alerts.map(\.alert.details.annotationPairs))
            )
            message.member("externalURL", externalURL)
            message.member("version", "4")
            message.member("groupKey", group.text)
            message.member("truncatedAlerts", integer: truncatedAlerts)
        }
        return json.bytes
    }

    private static func write(_ outward: OutwardAlert, into json: inout JSONWriter) {
        let alert = outward.alert
        json.object { member in
            member.member("status", alert.state.name)
            member.member("labels", pairs: outward.labels.pairs)
            member.member("annotations", pairs: alert.details.annotationPairs)
            member.member("startsAt", alert.startsAt.map(goText) ?? goZeroTime)
            member.member("endsAt", alert.endsAt.map(goText) ?? goZeroTime)
            member.member("generatorURL", alert.details.generatorURL)
            member.member("fingerprint", hexadecimal(outward.labels.fingerprint))
        }
    }
}
