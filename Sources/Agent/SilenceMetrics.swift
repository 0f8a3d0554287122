import Alerting
import Model
import Text

// What keeps alerts from their receivers, in figures.

extension AgentCore {
    func writeSilences(into out: inout ExpositionWriter) {
        var counts: [Silence.State: Int] = [:]
        for silence in notifier.silences.all(at: now) {
            counts[silence.state(at: now), default: 0] += 1
        }
        out.metric(
            "pitot_silences", .gauge, "Silences by state, those of maintenance windows included.")
        for state in [Silence.State.active, .expired, .pending] {
            out.sample(
                "pitot_silences", [("state", state.rawValue)], Double(counts[state] ?? 0))
        }
        out.single(
            "pitot_silences_evicted_total", .counter,
            "Expired silences that made room for new ones before their five days had passed.",
            Double(notifier.silences.evicted))
        let suppressed = notifier.standings(at: now)
        out.metric(
            "pitot_alerts_suppressed", .gauge,
            "Firing alerts that are not told, by what keeps them.")
        for (reason, count) in [
            ("inhibition", suppressed.count { !$0.inhibitedBy.isEmpty }),
            ("silence", suppressed.count { !$0.silencedBy.isEmpty }),
            ("time_interval", suppressed.count { !$0.mutedBy.isEmpty }),
        ] {
            out.sample("pitot_alerts_suppressed", [("reason", reason)], Double(count))
        }
        let flaps = notifier.flapFigures
        out.single("pitot_alerts_flapping", .gauge, "Alerts that flap.", Double(flaps.now))
        out.single(
            "pitot_alerts_flapped_total", .counter, "Times an alert began to flap.",
            Double(flaps.began))
        out.single(
            "pitot_alert_changes_held_total", .counter,
            "Times a flapping alert fired or ended and nobody was told.", Double(flaps.held))
    }
}
