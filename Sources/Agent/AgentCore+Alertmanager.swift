public import Alerting
import Model
import SLO

// Silences, alerts of others, the watchdog, and maintenance windows as silences.

/// What became of what somebody asked for through Alertmanager's API.
public struct AlertmanagerReply: Sendable {
    /// Who waits.
    public let id: RequestID
    /// The silence it is about, if any; or why nothing was done.
    public let outcome: Result<String, SilenceFault>
    /// Of what came with it this was refused.
    public let refused: String?
}

extension AgentCore {
    /// Does what was asked for. False when it was refused: then nothing may change, since nothing
    /// is in the log.
    mutating func take(
        _ change: AlertmanagerChange, _ refused: String?, _ request: RequestID,
        into effects: inout [PlannedEffect]
    ) -> Bool {
        let outcome: Result<String, SilenceFault>
        do throws(SilenceFault) {
            outcome = .success(try notifier.apply(change, now: now))
            append(.alertmanager(change))
        } catch { outcome = .failure(error) }
        effects.append(
            plan(
                .alertmanagerDone(
                    AlertmanagerReply(id: request, outcome: outcome, refused: refused))))
        if case .failure = outcome { return false }
        return true
    }

    /// Tells of the alerts that ended by themselves.
    mutating func announceEnded(into effects: inout [PlannedEffect]) {
        for key in notifier.takeEnded() {
            effects.append(
                plan(.announce(AlertNews(labels: key, state: "resolved", summary: ""))))
        }
    }

    /// Makes the watchdog fire, or ends it, as the configuration says.
    mutating func tellWatchdog() {
        if let watchdog = configuration.notifier.watchdog {
            if notifier.book.state(of: watchdog.key).isFiring { return }
            notifier.adopt(
                .firing(since: now, firedAt: now), of: watchdog.key, details: watchdog.details,
                now: now)
            return
        }
        let key = WatchdogSettings(receiver: "", interval: .zero).key
        guard let alert = notifier.book[key], !alert.isPosted else { return }
        notifier.resolve(key, reason: .ruleRemoved, at: now, now: now)
    }

    /// Tells the notifier the silences of maintenance windows of the next day. What they are
    /// depends on the files and the time alone, so a restart works them out again.
    mutating func planMaintenance() {
        guard now >= maintenancePlannedUntil else { return }
        maintenancePlannedUntil = now + MaintenanceSilences.planEvery
        notifier.plan(
            MaintenanceSilences.planned(configuration.corrections.maintenance, at: now))
    }
}
