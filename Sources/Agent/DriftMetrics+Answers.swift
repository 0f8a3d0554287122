import Drift
import Text

extension DriftMetrics {
    private typealias Figure = (
        name: String, help: String, value: @Sendable (OutcomeTracker) -> Double?
    )

    private static let figures: [Figure] = [
        (
            "pitot_drift_label_coverage_ratio", "Predictions whose label came, of all.",
            { $0.coverage }
        ),
        (
            "pitot_drift_error_ratio", "Labels that the prediction missed, of those that came.",
            { $0.errorRatio }
        ),
        (
            "pitot_drift_window_error_ratio", "The same in the last window.",
            { $0.windowErrorRatio }
        ),
        (
            "pitot_drift_expected_error_ratio",
            "What it is likely to be over all predictions, by their confidence.",
            { $0.expectedErrorRatio }
        ),
        (
            "pitot_drift_prediction_label_psi",
            "How far the predictions' classes are from the labels', of pairs that met.",
            { $0.divergence?.psi }
        ),
        (
            "pitot_drift_mean_absolute_error", "Of predictions that are numbers.",
            { $0.meanAbsoluteError }
        ),
    ]

    func writeOutcomes(into out: inout ExpositionWriter) {
        out.metric(
            "pitot_drift_rows_represented_total", .counter,
            "Rows that those seen stand for, when their sender passes on only some.")
        for watch in book.watches {
            out.sample(
                "pitot_drift_rows_represented_total", Self.labels(watch),
                Double(watch.represented))
        }
        let watches = book.watches.filter { $0.outcomes != nil }
        guard !watches.isEmpty else { return }
        out.metric(
            "pitot_drift_predictions_total", .counter, "Predictions, by what became of them.")
        for watch in watches {
            guard let outcomes = watch.outcomes else { continue }
            let states: [(String, UInt64)] = [
                ("right", outcomes.labels - outcomes.wrong), ("wrong", outcomes.wrong),
                ("given_up", outcomes.givenUp), ("duplicate", outcomes.duplicates),
                ("refused", outcomes.refused),
            ]
            for (state, count) in states {
                out.sample(
                    "pitot_drift_predictions_total", Self.labels(watch) + [("state", state)],
                    Double(count))
            }
        }
        out.metric(
            "pitot_drift_predictions_waiting", .gauge, "Predictions whose label may come.")
        for watch in watches {
            out.sample(
                "pitot_drift_predictions_waiting", Self.labels(watch),
                Double(watch.outcomes?.pending ?? 0))
        }
        for figure in Self.figures {
            let known = watches.compactMap { watch in
                watch.outcomes.flatMap(figure.value).map { (watch, $0) }
            }
            if known.isEmpty { continue }
            out.metric(figure.name, .gauge, figure.help)
            for (watch, value) in known { out.sample(figure.name, Self.labels(watch), value) }
        }
    }

    func writeDetectors(into out: inout ExpositionWriter) {
        let watches = book.watches.filter { !$0.detectors.isEmpty }
        guard !watches.isEmpty else { return }
        out.metric(
            "pitot_drift_detector_alarms_total", .counter,
            "Alarms of published detectors, which promise nothing about false ones.")
        for watch in watches {
            for entry in watch.detectors.entries {
                let own: [(name: String, value: String)] = [
                    ("detector", entry.choice.settings.kind.rawValue),
                    ("of", entry.choice.of ?? "error"),
                ]
                out.sample(
                    "pitot_drift_detector_alarms_total", Self.labels(watch) + own,
                    Double(entry.detector.alarms))
            }
        }
    }
}
