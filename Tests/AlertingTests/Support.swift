import Alerting
import Model
import Text

/// 2026-11-23T16:15:25Z plus seconds: the capture's time.
func at(_ seconds: Int64) -> Timestamp { Timestamp(millis: 1_795_450_525_000 + seconds * 1000) }

func key(_ name: String, _ others: (String, String)...) -> Labels {
    Labels([("alertname", name)] + others)
}

let webhookURL = "http://hook/"

/// Settings with one webhook and no Alertmanager.
func routed(
    groupBy: [String] = [], wait: TimeSpan = .seconds(30), interval: TimeSpan = .minutes(5),
    repeating: TimeSpan = .hours(4), sendResolved: Bool = true, maxAlerts: Int = 0
) -> NotifierSettings {
    var settings = NotifierSettings()
    settings.route = RouteSettings(
        receiver: "all", groupBy: groupBy, groupWait: wait, groupInterval: interval,
        repeatInterval: repeating)
    settings.receivers = [
        ReceiverSettings(
            name: "all",
            webhooks: [
                WebhookSettings(url: webhookURL, sendResolved: sendResolved, maxAlerts: maxAlerts)
            ])
    ]
    settings.externalURL = "http://vm:19093"
    return settings
}

/// Settings with Alertmanagers and no route.
func feeding(_ urls: String...) -> NotifierSettings {
    var settings = NotifierSettings()
    settings.alertmanagers = urls
    return settings
}

extension Notifier {
    @discardableResult
    mutating func breach(
        _ key: Labels, _ seconds: Int64, hold: TimeSpan = .zero,
        details: AlertDetails = AlertDetails()
    ) -> AlertChange? {
        observe(
            .breaching, of: key, details: details, hold: hold, at: at(seconds), now: at(seconds))
    }

    @discardableResult
    mutating func clear(_ key: Labels, _ seconds: Int64) -> AlertChange? {
        observe(
            .clear, of: key, details: AlertDetails(), hold: .zero, at: at(seconds),
            now: at(seconds))
    }

    /// Advances and answers all that is sent with 200. Returns the bodies in order.
    mutating func tick(_ seconds: Int64) -> [String] {
        advance(to: at(seconds))
        return drain(seconds)
    }

    /// Answers all that is sent with 200. Returns the bodies in order.
    mutating func drain(_ seconds: Int64) -> [String] {
        var bodies: [String] = []
        while true {
            let deliveries = takeDeliveries()
            if deliveries.isEmpty { return bodies }
            for delivery in deliveries {
                bodies.append(String(decoding: delivery.body, as: UTF8.self))
                delivered(delivery.id, .delivered(status: 200), now: at(seconds))
            }
        }
    }

    /// What the webhooks are told: "firing a b" or "resolved a", alert names in the body's order.
    mutating func told(_ seconds: Int64) -> [String] { tick(seconds).map(summary) }
}

/// "a:firing b:resolved" of a webhook body.
func summary(_ body: String) -> String {
    notices(body).map { "\($0.name):\($0.status)" }.joined(separator: " ")
}

/// The alerts of a webhook body, in its order.
func notices(_ body: String) -> [(name: String, status: String)] {
    pieces(body, separatedBy: "{\"status\":\"").dropFirst().map { piece in
        (between(piece, "\"alertname\":\"", "\"") ?? "?", String(piece.prefix { $0 != "\"" }))
    }
}

/// The alerts of a body for Alertmanager, in its order.
func posted(_ body: String) -> [(name: String, startsAt: String, endsAt: String)] {
    pieces(body, separatedBy: "{\"labels\":").dropFirst().map { piece in
        (
            between(piece, "\"alertname\":\"", "\"") ?? "?",
            between(piece, "\"startsAt\":\"", "\"") ?? "?",
            between(piece, "\"endsAt\":\"", "\"") ?? "?"
        )
    }
}

func pieces(_ text: String, separatedBy mark: String) -> [String] {
    let bytes = Array(text.utf8)
    let mark = Array(mark.utf8)
    var found: [String] = []
    var start = 0
    var index = 0
    while index + mark.count <= bytes.count {
        if bytes[index] == mark[0], bytes[index..<(index + mark.count)].elementsEqual(mark) {
            found.append(String(decoding: bytes[start..<index], as: UTF8.self))
            index += mark.count
            start = index
        } else {
            index += 1
        }
    }
    return found + [String(decoding: bytes[start...], as: UTF8.self)]
}

func between(_ text: String, _ open: String, _ close: String) -> String? {
    let parts = pieces(text, separatedBy: open)
    return parts.count < 2 ? nil : pieces(parts[1], separatedBy: close)[0]
}

/// SplitMix64: seeded, so that a failing walk can be walked again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
