import Alerting
import Ingest
import Model
import Runs
import SLO
import Storage

// An agent from a checkpoint: first the configuration, as the log would give it, then each part's
// sections, then what is worked out from them.

extension AgentCore {
    var head: AgentHead {
        var head = AgentHead()
        head.position = position
        head.now = now
        head.files = files
        head.evaluations = evaluations
        head.isLastReloadGood = isLastReloadGood
        head.lastEvaluation = lastEvaluation
        head.lastTroubleCheck = lastTroubleCheck
        head.sloExport = sloExport
        head.asks = asks
        head.backfill = backfill
        return head
    }

    mutating func begin(restoring head: AgentHead) {
        position = head.position
        now = head.now
        files = head.files
        evaluations = head.evaluations
        isLastReloadGood = head.isLastReloadGood
        lastEvaluation = head.lastEvaluation
        lastTroubleCheck = head.lastTroubleCheck
        sloExport = head.sloExport
        backfill = head.backfill
        hasConfiguration = true
        configuration = Configuration.read(files)
        intake.settings = configuration.intake
        notifier.configure(configuration.notifier)
        configureRules()
        ledger.configure(configuration.definitions, configuration.corrections, now: now)
        _ = drift.configure(configuration.driftModels, at: now)
        asks = head.asks
        configureAsks()
        configureSpans()
    }

    mutating func restoreIntake(_ section: [UInt8]) -> Bool { intake.restore(section) }
    mutating func restoreLedger(_ section: [UInt8]) -> Bool { ledger.restore(section) }
    mutating func restoreNotifier(_ section: [UInt8]) -> Bool { notifier.restore(section) }

    mutating func restoreAlerts(_ section: [UInt8]) -> Bool {
        var part = AlertKeys()
        var archive = Archive(reading: section)
        part.archive(&archive)
        alertKeys.groups += part.groups
        return archive.isComplete
    }

    mutating func finishRestore() -> Bool {
        guard intake.finishRestore(), runs.finishRestore(at: now) else { return false }
        configureRuns()
        ruleSchedule.recount()
        var conditions: [(target: UInt32, condition: TargetCondition)] = []
        for index in intake.targets.indices where !intake.targets.isReleased(index) {
            let condition = intake.targets[index].condition
            if condition != .up { conditions.append((UInt32(index), condition)) }
        }
        let count = intake.targets.count
        return ledger.finishRestore(conditions: conditions) { Int($0) < count }
            && notifier.finishRestore()
    }
}
