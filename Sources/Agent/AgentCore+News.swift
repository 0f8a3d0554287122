import Alerting
import Ingest
import Model
import Runs
import SLO

// What is told of an alert beside its state.

extension AgentCore {
    mutating func note(_ change: AlertChange?, of key: Labels, _ summary: String) {
        switch change {
        case nil, .pendingBegan, .cleared: break
        case .fired:
            timeline.fired(key, summary, at: now)
            news.append(AlertNews(labels: key, state: "firing", summary: summary))
        case .resolved:
            timeline.resolved(key, at: now)
            news.append(AlertNews(labels: key, state: "resolved", summary: ""))
        }
    }

    func context(of verdict: Verdict) -> AlertContext {
        var context = AlertContext()
        context.externalURL = configuration.externalURL
        context.silenceURL = configuration.notifier.alertmanagers.first ?? configuration.externalURL
        for target in (verdict.totalLoss?.targets ?? []) + (verdict.partialLoss?.targets ?? []) {
            context.targetNames[target] = intake.targets[Int(target)].identity.description
        }
        return context
    }
}
