import Runs
import Text
import Wire

// The metrics of runs, datasets, the timeline and recoveries. Listed in docs/metrics.md.

extension AgentCore {
    func writeRunMetrics(into out: inout ExpositionWriter) {
        let tally = runs.tally
        out.metric("pitot_run_reports_total", .counter, "Reports of runs taken, by what they say.")
        for (step, word) in Self.steps {
            out.sample(
                "pitot_run_reports_total", [("step", word)],
                Double(tally.reports[Int(step.rawValue)]))
        }
        out.metric("pitot_runs_ended_total", .counter, "Runs that ended, by their first outcome.")
        for (step, word) in Self.steps where step.isEnd {
            out.sample(
                "pitot_runs_ended_total", [("outcome", word)],
                Double(tally.ended[Int(step.rawValue)]))
        }
        out.metric(
            "pitot_pipeline_events_refused_total", .counter,
            "Events about runs, changes and alerts that were not taken, by reason.")
        for fault in PipelineFault.allCases {
            out.sample(
                "pitot_pipeline_events_refused_total", [("reason", fault.label)],
                Double(tally.faults[Int(fault.rawValue)]))
        }
        out.single("pitot_runs_known", .gauge, "Runs that are known.", Double(runs.count))
        out.single("pitot_runs_live", .gauge, "Runs that have not ended.", Double(runs.liveCount))
        for (name, help, count) in [
            ("pitot_runs_begun_total", "Runs told of for the first time.", tally.begun),
            ("pitot_runs_forgotten_total", "Ended runs that are known no more.", tally.forgotten),
            ("pitot_runs_expired_total", "Runs given up that never ended.", tally.expired),
            ("pitot_runs_hung_total", "Deadlines of SLOs that runs have passed.", tally.hung),
            (
                "pitot_run_corrections_total",
                "Counts of SLOs that were taken back because more was told.", tally.corrected
            ),
        ] {
            out.single(name, .counter, help, Double(count))
        }
        out.single(
            "pitot_datasets_known", .gauge, "Datasets that are known.",
            Double(runs.datasets.datasets.count))
        out.single(
            "pitot_datasets_refused_total", .counter,
            "Times that a dataset was told of for which there was no room.",
            Double(runs.datasets.refused))
        writeTimelineMetrics(into: &out)
    }

    private static let steps: [(RunStep, String)] = [
        (.queued, "queued"), (.started, "started"), (.running, "running"), (.other, "other"),
        (.completed, "succeeded"), (.failed, "failed"), (.aborted, "aborted"),
    ]

    private func writeTimelineMetrics(into out: inout ExpositionWriter) {
        out.metric(
            "pitot_timeline_entries_total", .counter,
            "Things that came to the timeline, by sort.")
        for figure in timeline.figures {
            out.sample(
                "pitot_timeline_entries_total", [("sort", figure.sort)], Double(figure.taken))
        }
        out.metric(
            "pitot_timeline_entries_dropped_total", .counter,
            "The oldest things that made room for new ones, by sort.")
        for figure in timeline.figures {
            out.sample(
                "pitot_timeline_entries_dropped_total", [("sort", figure.sort)],
                Double(figure.dropped))
        }
        guard !timeline.recoveries.rows.isEmpty else { return }
        let name = "pitot_alert_recovery_seconds"
        out.metric(
            name, .histogram, "How long alerts fired, ours and those told by an Alertmanager.")
        for row in timeline.recoveries.rows {
            let labels: [(name: String, value: String)] = [
                ("source", row.source.isEmpty ? "pitot" : row.source), ("severity", row.severity),
            ]
            let bounds = Recoveries.bounds.map { String(Int($0)) } + ["+Inf"]
            for (bound, count) in zip(bounds, row.buckets + [row.count]) {
                out.sample(name + "_bucket", labels + [("le", bound)], Double(count))
            }
            out.sample(name + "_sum", labels, row.seconds)
            out.sample(name + "_count", labels, Double(row.count))
        }
    }
}
