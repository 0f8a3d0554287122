import Alerting
import Drift
import Model
import Text

// What people are told of an alarm: which features, which cells and how their share moved, the row
// and the seed with which the evidence can be computed again, and what is promised.

/// Words a watch's alert.
struct DriftWording {
    let watch: DriftWatch
    let externalURL: String

    /// The alert's identity; Pitot's own labels win over the definition's.
    static func key(_ watch: DriftWatch) -> Labels {
        let key = watch.key
        let own = [
            ("alertname", "ModelDrift"), ("model", key.model), ("namespace", key.namespace),
            ("endpoint", key.endpoint), ("version", key.version),
            ("severity", watch.definition.severity),
            ("stream", key.stream == .outputs ? key.stream.label : ""),
        ]
        return watch.definition.labels.merging(Labels(own.filter { !$0.1.isEmpty }))
    }

    /// The identity of the alert of a published detector.
    static func key(_ watch: DriftWatch, detector place: Int) -> Labels {
        let choice = watch.detectors.entries[place].choice
        let own = Labels([
            ("alertname", "ModelChange"), ("detector", choice.settings.kind.rawValue),
            ("of", choice.of ?? "error"),
        ])
        return key(watch).merging(own)
    }

    /// What the alert of a published detector says.
    func details(detector place: Int) -> AlertDetails {
        let entry = watch.detectors.entries[place]
        let own = watch.definition.annotations.sorted { $0.key < $1.key }
        let standard = [
            ("summary", "\(name): \(entry.choice.name) says that it has changed"),
            (
                "description",
                "Sample \(entry.detector.lastAlarm) of \(entry.detector.samples); "
                    + "\(entry.detector.alarms) alarms so far. "
                    + "This detector makes \(StreamDetectorKind.promise)."
            ),
            ("guarantee", "Not guaranteed: " + StreamDetectorKind.promise),
        ]
        return AlertDetails(
            annotations: standard + own.map { ($0.key, $0.value) },
            generatorURL: externalURL + "/api/v1/drift?model=\(watch.key.model)",
            value: Double(entry.detector.alarms))
    }

    /// What the alert says besides its labels.
    func details(_ alarm: DriftAlarm) -> AlertDetails {
        let own = watch.definition.annotations.sorted { $0.key < $1.key }
        let standard = [
            ("summary", summary(alarm)), ("description", description(alarm)),
            ("features", features(alarm).map(\.name).joined(separator: ", ")),
            ("guarantee", guarantee(alarm)), ("seed", String(alarm.seed)),
            ("row", String(alarm.row)), ("baseline", alarm.baselineID),
        ]
        return AlertDetails(
            annotations: standard + own.map { ($0.key, $0.value) },
            generatorURL: externalURL + "/api/v1/drift?model=\(watch.key.model)",
            value: alarm.evidence / max(1, alarm.limit))
    }

    private var name: String {
        let key = watch.key
        var text = key.model
        if !key.version.isEmpty { text += " version \(key.version)" }
        if key.stream == .outputs { text += " outputs" }
        if !key.endpoint.isEmpty { text += " (\(key.endpoint))" }
        return text
    }

    /// Features with their share of all evidence, the most first.
    private func features(_ alarm: DriftAlarm) -> [(name: String, share: Double)] {
        var shares: [(name: String, share: Double)] = []
        for stream in alarm.streams {
            if let place = shares.firstIndex(where: { $0.name == stream.feature }) {
                shares[place].share += stream.share
            } else {
                shares.append((stream.feature, stream.share))
            }
        }
        return shares.filter { $0.share >= 0.05 }
            .sorted { ($1.share, $0.name) < ($0.share, $1.name) }
    }

    private func summary(_ alarm: DriftAlarm) -> String {
        let named = features(alarm).prefix(3).map { "\($0.name) (\(percent($0.share)))" }
        return "\(name) has drifted: " + named.joined(separator: ", ")
    }

    private func description(_ alarm: DriftAlarm) -> String {
        var text = "Evidence \(decimal(alarm.evidence, 0)) of \(decimal(alarm.limit, 0)) "
        text += "at row \(alarm.row) that was used. "
        let named = Set(features(alarm).map(\.name))
        for move in watch.moved where !move.cells.isEmpty && named.contains(move.title) {
            let cells = move.cells.map {
                "\(Self.short($0.label)) \(percent($0.before)) -> \(percent($0.now))"
            }
            text += "\(move.title): \(cells.joined(separator: ", ")). "
        }
        return text + guarantee(alarm) + "."
    }

    private func guarantee(_ alarm: DriftAlarm) -> String {
        guard alarm.isGuaranteed else {
            return "Not guaranteed: " + alarm.guarantee
        }
        let budget =
            switch watch.definition.budget {
            case .rows(let rows): "per \(decimal(rows, 0)) rows"
            case .time(let span): "per \(span)"
            }
        let isShared = watch.definition.budget != watch.definition.monitor.budget
        if isShared {
            return "At most one false alarm \(budget) of inputs and outputs (\(alarm.guarantee))"
        }
        return "At most one false alarm \(budget) (\(alarm.guarantee))"
    }

    /// A cell of numbers with four digits each; a level as it is.
    static func short(_ label: String) -> String {
        guard label.hasPrefix("["), label.hasSuffix(")") else { return label }
        let bounds = label.dropFirst().dropLast().split(separator: ",").map {
            String($0.drop { $0 == " " })
        }
        guard bounds.count == 2, let low = Double(bounds[0]), let high = Double(bounds[1]) else {
            return label
        }
        return "[\(significant(low)), \(significant(high)))"
    }

    private static func significant(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return value == 0 ? "0" : value.description }
        var scale = 1.0
        while abs(value) * scale < 1000, scale < 1e12 { scale *= 10 }
        let rounded = (value * scale).rounded() / scale
        return Int64(exactly: rounded).map { String($0) } ?? rounded.description
    }

    private func percent(_ share: Double) -> String { decimal(share * 100, 1) + " %" }
}

extension DriftWatch {
    /// The identities of its alerts that are raised.
    var alertKeys: [Labels] {
        (isLatched ? [DriftWording.key(self)] : [])
            + detectors.latched.map { DriftWording.key(self, detector: $0) }
    }
}
