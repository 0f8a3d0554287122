import Drift
import Text
import Wire

/// The metrics of drift and of inference requests. Listed in docs/metrics.md.
struct DriftMetrics {
    /// Features of a watch whose index is shown.
    static let featuresMax = 100

    let book: DriftBook

    init(_ book: DriftBook) { self.book = book }

    func write(into out: inout ExpositionWriter) {
        out.single(
            "pitot_drift_models", .gauge, "Versions of models under watch.",
            Double(book.watches.count))
        out.metric(
            "pitot_feature_faults_total", .counter,
            "Bodies, events and rows about models that were not taken, by reason.")
        for (fault, count) in zip(PayloadFault.allCases, book.faults) {
            out.sample("pitot_feature_faults_total", [("reason", fault.label)], Double(count))
        }
        out.metric(
            "pitot_feature_events_dropped_total", .counter,
            "Events about models that were left out, by reason.")
        let drops = [
            ("crowded_out", book.crowdedOut), ("shed", book.shed), ("unwatched", book.unwatched),
        ]
        for (reason, count) in drops {
            out.sample("pitot_feature_events_dropped_total", [("reason", reason)], Double(count))
        }
        out.single(
            "pitot_drift_labels_unmatched_total", .counter,
            "Labels of predictions that were never seen, or given up.",
            Double(book.unmatchedLabels))
        out.single(
            "pitot_inference_exchanges_open", .gauge,
            "Requests and responses of which the other half may come.", Double(book.pairs.count))
        guard !book.watches.isEmpty else { return }
        writeRows(into: &out)
        writeWindows(into: &out)
        writeRequests(into: &out)
        writeOutcomes(into: &out)
        writeDetectors(into: &out)
    }

    static func labels(_ watch: DriftWatch) -> [(name: String, value: String)] {
        let labels: [(name: String, value: String)] = [
            ("model", watch.key.model), ("namespace", watch.key.namespace),
            ("endpoint", watch.key.endpoint), ("version", watch.key.version),
        ]
        // Series of inputs keep the labels that they have always had.
        guard watch.key.stream == .outputs else { return labels }
        return labels + [("stream", watch.key.stream.label)]
    }

    private func writeRows(into out: inout ExpositionWriter) {
        out.metric("pitot_drift_rows_total", .counter, "Rows of features, by what became of them.")
        for watch in book.watches {
            let monitor = watch.monitor
            let skips = RowSkip.allCases.map { ($0.label, monitor?.skipped($0) ?? 0) }
            for (state, count) in [("used", monitor?.used ?? 0)] + skips {
                out.sample(
                    "pitot_drift_rows_total", Self.labels(watch) + [("state", state)],
                    Double(count))
            }
        }
        out.metric(
            "pitot_drift_values_refused_total", .counter, "Values of features refused, by reason.")
        for watch in book.watches {
            for refusal in FeatureRefusal.allCases {
                out.sample(
                    "pitot_drift_values_refused_total",
                    Self.labels(watch) + [("reason", refusal.label)],
                    Double(watch.refusals[refusal]))
            }
        }
        out.metric(
            "pitot_drift_evidence_ratio", .gauge,
            "Evidence of drift over its budget; at 1 there is an alarm.")
        for watch in book.watches {
            guard let monitor = watch.monitor else { continue }
            out.sample(
                "pitot_drift_evidence_ratio", Self.labels(watch),
                monitor.evidence / max(1, monitor.limit))
        }
        out.metric("pitot_drift_alarms_total", .counter, "Alarms of the detectors.")
        for watch in book.watches {
            out.sample(
                "pitot_drift_alarms_total", Self.labels(watch), Double(watch.monitor?.alarms ?? 0))
        }
        out.metric("pitot_drift_alarm_latched", .gauge, "Whether an alarm has not been cleared.")
        for watch in book.watches {
            out.sample(
                "pitot_drift_alarm_latched", Self.labels(watch), watch.isLatched ? 1 : 0)
        }
    }

    private func writeWindows(into out: inout ExpositionWriter) {
        out.metric("pitot_drift_windows_total", .counter, "Windows closed, by what they showed.")
        for watch in book.watches {
            for (result, count) in Self.windows(watch) {
                out.sample(
                    "pitot_drift_windows_total", Self.labels(watch) + [("result", result)],
                    Double(count))
            }
        }
        out.metric(
            "pitot_drift_window_p_value", .gauge,
            "Chance of what the last window shows if nothing has moved.")
        for watch in book.watches {
            guard let chance = watch.closedChance else { continue }
            out.sample("pitot_drift_window_p_value", Self.labels(watch), chance)
        }
        out.metric(
            "pitot_drift_psi", .gauge, "Population stability index of the last window, by feature.")
        for watch in book.watches {
            guard let monitor = watch.monitor else { continue }
            for (feature, psi) in zip(monitor.baseline.features, watch.closedPSI)
                .prefix(Self.featuresMax)
            {
                out.sample(
                    "pitot_drift_psi", Self.labels(watch) + [("feature", feature.title)], psi)
            }
        }
    }

    static func windows(_ watch: DriftWatch) -> [(String, UInt64)] {
        [
            ("clean", watch.windows.clean), ("drifted", watch.windows.drifted),
            ("no_data", watch.windows.noData),
        ]
    }

    static func outcomes(_ tally: InferenceTally) -> [(String, UInt64)] {
        [
            ("ok", tally.good), ("failed", tally.failed), ("rejected", tally.rejected),
            ("unknown", tally.unknown),
        ]
    }

    private func writeRequests(into out: inout ExpositionWriter) {
        out.metric(
            "pitot_inference_requests_total", .counter,
            "Requests to models whose outcome is known, by outcome.")
        for watch in book.watches {
            for (outcome, count) in Self.outcomes(watch.tally) {
                out.sample(
                    "pitot_inference_requests_total",
                    Self.labels(watch) + [("outcome", outcome)], Double(count))
            }
        }
        out.metric(
            "pitot_inference_events_left_out_total", .counter,
            "Duplicate events, and responses without a request.")
        for watch in book.watches {
            for (reason, count) in [
                ("duplicate", watch.tally.duplicates), ("unpaired", watch.tally.unpaired),
            ] {
                out.sample(
                    "pitot_inference_events_left_out_total",
                    Self.labels(watch) + [("reason", reason)], Double(count))
            }
        }
    }
}
