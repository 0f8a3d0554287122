import Ingest
import Model
import Query
import Text

// What is counted of rules, named as Prometheus names it with `pitot` for `prometheus`.

/// A figure that each group has.
private struct GroupFigure: Sendable {
    var name: String
    var kind = ExpositionWriter.Kind.gauge
    var help: String
    var of: @Sendable (ScheduledGroup) -> Double

    static let all: [GroupFigure] = [
        GroupFigure(name: "rules", help: "Rules of a group.") { Double($0.rules.count) },
        GroupFigure(name: "interval_seconds", help: "Interval of a group.") {
            $0.interval.seconds
        },
        GroupFigure(name: "iterations_total", kind: .counter, help: "Rounds of a group.") {
            Double($0.iterations)
        },
        GroupFigure(
            name: "iterations_missed_total", kind: .counter,
            help: "Rounds left out: the one before took too long, or died with the process."
        ) { Double($0.missed) },
        GroupFigure(
            name: "last_duration_seconds", help: "How long the last round of a group took."
        ) { Double($0.nanoseconds) / 1e9 },
        GroupFigure(
            name: "last_evaluation_timestamp_seconds",
            help: "When the last round of a group began."
        ) { $0.evaluatedAt == .distantPast ? 0 : $0.evaluatedAt.seconds },
        GroupFigure(
            name: "last_evaluation_samples", help: "Samples that the last round of a group made."
        ) { Double($0.samples) },
    ]
}

extension AgentCore {
    func writeRules(into out: inout ExpositionWriter) {
        for figure in GroupFigure.all {
            write(
                "pitot_rule_group_" + figure.name, figure.kind, figure.help, figure.of, into: &out)
        }
        write(
            "pitot_rule_evaluations_total", .counter, "Evaluations of a group's rules.",
            { Double($0.evaluations) }, into: &out)
        write(
            "pitot_rule_evaluation_failures_total", .counter,
            "Evaluations of a group's rules that failed.", { Double($0.failures) }, into: &out)
        let tally = ruleSchedule.tally
        out.single(
            "pitot_rule_samples_stored_total", .counter,
            "Samples that rules made and that were stored.", Double(tally.stored))
        out.single(
            "pitot_rule_samples_duplicate_total", .counter,
            "Samples that rules made and that were there already.", Double(tally.duplicates))
        out.metric(
            "pitot_rule_samples_refused_total", .counter,
            "Samples that rules made and that were not stored, by reason.")
        for refusal in Refusal.all {
            guard let count = tally.refused[refusal.word] else { continue }
            out.sample(
                "pitot_rule_samples_refused_total", [("reason", refusal.word)], Double(count))
        }
    }

    private func write(
        _ name: String, _ kind: ExpositionWriter.Kind, _ help: String,
        _ value: (ScheduledGroup) -> Double, into out: inout ExpositionWriter
    ) {
        guard !ruleSchedule.groups.isEmpty else { return }
        out.metric(name, kind, help)
        for group in ruleSchedule.groups {
            let label = group.group.file + ";" + group.group.name
            out.sample(name, [("rule_group", label)], value(group))
        }
    }
}
