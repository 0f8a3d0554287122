import Alerting
import Drift
import Model
import Runs
import Text
public import Wire

// Where drift meets the rest of the agent: its models in the configuration, its alarms among the
// alerts, its state in checkpoints.

/// The answer to rows of features.
public struct FeatureReply: Sendable {
    public let id: RequestID
    /// Rows in frames that could be read, and those of a model that is watched.
    public let rows: Int
    public let watched: Int
    /// Lines that were no rows, by reason.
    public let faults: [(reason: PayloadFault, count: Int)]

    init(_ id: RequestID, _ batch: FeatureBatch, _ canonical: FeatureBatch) {
        self.id = id
        rows = batch.rows
        watched = canonical.rows
        var counts = batch.faults.map { Int(clamping: $0) }
        for event in batch.events {
            for fault in event.faults { counts[Int(fault.rawValue)] += 1 }
        }
        faults = PayloadFault.allCases.compactMap { fault in
            let count = counts[Int(fault.rawValue)]
            return count == 0 ? nil : (fault, count)
        }
    }
}

extension Configuration {
    mutating func readDriftModels(
        _ document: YAMLNode, _ path: String, _ baselines: [SourceFile]
    ) {
        var reader = DriftModelReader(file: path, baselines: baselines)
        reader.read(document)
        driftModels += reader.models
        baselinePaths += reader.paths
        diagnostics += reader.diagnostics
    }

    /// Alerts and state are told apart by what a model matches.
    mutating func refuseDriftDuplicates() {
        var seen: [String: DriftModel] = [:]
        for model in driftModels {
            guard let first = seen.updateValue(model, forKey: model.title) else { continue }
            diagnostics.append(
                .error(
                    at: model.position, "the model \(model.model) stands twice",
                    expected: "each model, namespace and endpoint once",
                    hint: "the other is at \(first.position)"))
        }
        if let extra = driftModels.dropFirst(DriftModel.modelsMax).first {
            diagnostics.append(
                .error(
                    at: extra.position, "\(driftModels.count) models",
                    expected: "at most \(DriftModel.modelsMax)"))
        }
    }
}

extension AgentCore {
    /// Closes windows that are over, and tells the notifier of alarms.
    mutating func tellDrift() {
        drift.advance(to: now)
        for item in drift.takeNews() {
            guard let watch = drift.watch(item.key) else { continue }
            let wording = DriftWording(watch: watch, externalURL: configuration.externalURL)
            switch item.signal {
            case .alarm, .worded:
                guard let alarm = watch.alarm else { continue }
                let details = wording.details(alarm)
                raise(DriftWording.key(watch), details)
                if case .alarm = item.signal {
                    timeline.drifted(DriftWording.key(watch), details.summary, at: now)
                }
            case .cleared: clear(DriftWording.key(watch))
            case .detected(let place):
                guard watch.detectors.latched.contains(place) else { continue }
                raise(
                    DriftWording.key(watch, detector: place), wording.details(detector: place))
            case .undetected(let place):
                guard place < watch.detectors.entries.count else { continue }
                clear(DriftWording.key(watch, detector: place))
            }
        }
    }

    private mutating func raise(_ key: Labels, _ details: AlertDetails) {
        let change = notifier.observe(
            .breaching, of: key, details: details, hold: .zero, at: now, now: now)
        note(change, of: key, details.summary)
    }

    private mutating func clear(_ key: Labels) {
        let change = notifier.observe(
            .clear, of: key, details: AlertDetails(), hold: .zero, at: now, now: now)
        note(change, of: key, "")
    }

    mutating func restoreDrift(_ section: [UInt8]) -> Bool { drift.restore(section) }
}

/// Drift in a checkpoint: a head, then a section a watch.
struct DriftSections: Sendable {
    private let book: DriftBook
    private var place = -1

    init(_ book: DriftBook) { self.book = book }

    mutating func next() -> [UInt8]? {
        defer { place += 1 }
        if place < 0 {
            var archive = Archive()
            var head = book
            head.archiveHead(&archive)
            return archive.bytes
        }
        return place < book.watches.count ? book.archived(place) : nil
    }
}

extension AlertDetails {
    /// What it says in short.
    fileprivate var summary: String { annotations.first { $0.name == "summary" }?.value ?? "" }
}
