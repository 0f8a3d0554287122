internal import Model
internal import Text

/// A group's state as one integration is to be told it.
struct Notification {
    let receiver: String
    let group: GroupID
    let externalURL: String
    /// In Alertmanager's order; never empty.
    let alerts: [OutwardAlert]
    let now: Timestamp
    /// The same for each attempt, another for each notification: (group, generation, status).
    let key: String
    /// The messages of a group that belong together, from its first alert to its end.
    let thread: String

    var isFiring: Bool { alerts.contains { $0.alert.isFiring } }
    var status: String { isFiring ? "firing" : "resolved" }

    /// Names the incident at services that keep them: Alertmanager's `sha256(group key)`.
    var dedupKey: String { SHA256.hexadecimal(Array(group.text.utf8)) }

    /// The same with the first alerts only.
    func keeping(first count: Int) -> Notification {
        Notification(
            receiver: receiver, group: group, externalURL: externalURL,
            alerts: Array(alerts.prefix(count)), now: now, key: key, thread: thread)
    }

    /// What templates work on: Alertmanager's `Data`.
    var data: TemplateValue {
        func texts(_ pairs: [(name: String, value: String)]) -> TemplateValue {
            .texts(Dictionary(pairs.map { ($0.name, $0.value) }) { $1 })
        }
        return .record(
            type: "template.Data",
            fields: [
                "Receiver": .string(receiver),
                "Status": .string(status),
                "Alerts": .list(alerts.map(Self.value)),
                "GroupLabels": texts(group.labels.pairs),
                "CommonLabels": texts(commonPairs(alerts.map(\.labels.pairs))),
                "CommonAnnotations": texts(
                    commonPairs(alerts.map(\.alert.details.annotationPairs))),
                "ExternalURL": .string(externalURL),
                "GroupKey": .string(group.text),
            ])
    }

    private static func value(of outward: OutwardAlert) -> TemplateValue {
        let alert = outward.alert
        func texts(_ pairs: [(name: String, value: String)]) -> TemplateValue {
            .texts(Dictionary(pairs.map { ($0.name, $0.value) }) { $1 })
        }
        // Go's zero time while it has not ended.
        let zero = -62_135_596_800.0
        return .record(
            type: "template.Alert",
            fields: [
                "Status": .string(alert.state.name),
                "Labels": texts(outward.labels.pairs),
                "Annotations": texts(alert.details.annotationPairs),
                "StartsAt": .time(alert.startsAt?.seconds ?? zero),
                "EndsAt": .time(alert.endsAt?.seconds ?? zero),
                "GeneratorURL": .string(alert.details.generatorURL),
                "Fingerprint": .string(hexadecimal(outward.labels.fingerprint)),
            ])
    }
}

/// The pairs that every list has, in the first one's order. O(sum of the lists).
func commonPairs(
    _ lists: [[(name: String, value: String)]]
) -> [(name: String, value: String)] {
    guard var shared = lists.first else { return [] }
    for list in lists.dropFirst() {
        var byName: [String: String] = [:]
        for pair in list { byName[pair.name] = pair.value }
        shared = shared.filter { byName[$0.name] == $0.value }
        if shared.isEmpty { break }
    }
    return shared
}
