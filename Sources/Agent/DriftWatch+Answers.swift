import Drift
import Model

// Answers wait in the watch of their version until their labels come.

extension DriftWatch {
    /// Takes an answer under the hash of its prediction's id.
    mutating func answer(
        id: UInt64, _ answer: FeatureValue, confidence: Double?, at time: Timestamp
    ) {
        outcomes?.predict(id: id, answer, confidence: confidence, at: time)
    }

    /// Whether an answer waits for its label under this id.
    func isWaiting(_ id: UInt64) -> Bool { outcomes?.isWaiting(id) ?? false }

    /// Takes a label: the right answer, or whether the answer was right.
    mutating func label(
        id: UInt64, _ truth: FeatureValue, isVerdict: Bool, at time: Timestamp,
        _ signals: inout [Signal]
    ) {
        guard outcomes != nil else { return }
        let outcome: LabelTracker.Outcome?
        if !isVerdict {
            outcome = outcomes?.label(id: id, truth, at: time)
        } else if let isRight = truth.isReward {
            outcome = outcomes?.label(id: id, isRight: isRight, at: time)
        } else {
            outcome = nil
        }
        guard let outcome, outcome != .unknown else { return }
        signals += detectors.take(isWrong: outcome == .wrong, at: time).map { .detected($0) }
    }
}
