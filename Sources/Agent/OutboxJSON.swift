import Alerting
public import Model
import Text

// What waits, what died and how each destination fares: `GET /api/v1/outbox` and metrics. Names of
// destinations, never addresses: these may be secrets.

extension AgentCore {
    /// The destinations and the latest dead letters as JSON.
    public func outboxJSON(now: Timestamp) -> [UInt8] {
        let outbox = notifier.outbox
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.member("dryRun", bool: outbox.settings.isDryRun)
                json.key("destinations")
                json.array { json in
                    for status in outbox.statuses { write(status, now, into: &json) }
                }
                json.key("deadLetters")
                json.array { json in
                    for letter in outbox.deadLetters.reversed() { write(letter, into: &json) }
                }
            }
        }
        return json.bytes
    }

    private func write(_ status: OutboxStatus, _ now: Timestamp, into json: inout JSONWriter) {
        func time(_ name: String, _ time: Timestamp?) {
            json.member(name, time?.seconds)
        }
        json.object { json in
            write(status.destination, into: &json)
            json.member("queued", integer: status.queued)
            json.member("inFlight", bool: status.isInFlight)
            json.member("failures", integer: status.failures)
            json.member("failingSince", status.failingSince?.seconds)
            json.member("retryAt", status.retryAt?.seconds)
            json.member("oldestQueuedAt", status.oldestQueuedAt?.seconds)
            json.member("enqueued", integer: Int(clamping: status.counters.enqueued))
            json.member("attempts", integer: Int(clamping: status.counters.attempts))
            json.member("delivered", integer: Int(clamping: status.counters.delivered))
            json.member("resent", integer: Int(clamping: status.counters.resent))
            json.key("dropped")
            json.object { json in
                for reason in DropReason.allCases {
                    json.member(
                        reason.rawValue, integer: Int(clamping: status.counters.dropped(reason)))
                }
            }
            if !status.templateFault.isEmpty {
                json.member("templateFault", status.templateFault)
            }
        }
    }

    private func write(_ letter: DeadLetter, into json: inout JSONWriter) {
        json.object { json in
            write(letter.destination, into: &json)
            json.member("at", letter.at.seconds)
            json.member("subject", letter.subject)
            json.member("reason", letter.reason.rawValue)
            json.key("status")
            letter.status.map { json.integer($0) } ?? json.null()
            if !letter.word.isEmpty { json.member("word", letter.word) }
            json.member("attempts", integer: letter.attempts)
            json.member("key", letter.key)
        }
    }

    private func write(_ destination: Destination, into json: inout JSONWriter) {
        json.member("destination", destination.name)
        json.member("receiver", destination.receiver)
        json.member("integration", destination.integration)
    }

    /// Metrics by destination; there are as many as the configuration names.
    func writeDestinations(into out: inout ExpositionWriter) {
        let statuses = notifier.outbox.statuses
        let figures: [(String, ExpositionWriter.Kind, String, (OutboxStatus) -> Double)] = [
            (
                "pitot_destination_queued", .gauge, "Notifications of a destination that wait.",
                { Double($0.queued) }
            ),
            (
                "pitot_destination_oldest_seconds", .gauge,
                "Age of the oldest notification that waits for a destination.",
                { status in status.oldestQueuedAt.map { max(0, (now - $0).seconds) } ?? 0 }
            ),
            (
                "pitot_destination_failures", .gauge, "Attempts that failed in a row.",
                { Double($0.failures) }
            ),
            (
                "pitot_destination_delivered_total", .counter, "Notifications confirmed.",
                { Double($0.counters.delivered) }
            ),
            (
                "pitot_destination_dead_letters_total", .counter, "Notifications refused for good.",
                { Double($0.counters.dropped(.refused)) }
            ),
        ]
        for (name, kind, help, value) in figures {
            out.metric(name, kind, help)
            for status in statuses {
                out.sample(
                    name,
                    [
                        ("receiver", status.destination.receiver),
                        ("integration", status.destination.integration),
                        ("index", String(status.destination.index)),
                    ], value(status))
            }
        }
        let counters = notifier.outbox.counters
        out.single(
            "pitot_notifications_resent_total", .counter,
            "Requests whose answer was lost at a restart: chat and mail may show them twice.",
            Double(counters.resent))
        out.single(
            "pitot_notification_template_failures_total", .counter,
            "Notifications in plain words, because a template failed.", Double(counters.plain))
    }
}
