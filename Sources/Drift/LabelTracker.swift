public import Model

// Labels come late, out of order, twice, or never. A prediction waits under its id until its label
// comes or its place is needed; what the labels say is told together with how many there are.
// Predictions are counted: predictions = labelled + pending + evicted.

/// Pairs predictions with the labels that arrive later.
public struct LabelTracker: Sendable {
    /// What a label did.
    public enum Outcome: UInt8, Hashable, Sendable {
        case right = 0
        case wrong = 1
        /// No prediction waits under this id: never seen, labelled before, or evicted.
        case unknown = 2
    }

    private struct Waiting: Sendable {
        var id: UInt64
        var answer: UInt64
        var confidence: Double?
        var time: Timestamp
    }

    /// Predictions that may wait.
    public let pendingMax: Int
    /// Predictions seen, labelled, labelled wrongly, and evicted without a label.
    public private(set) var predictions: UInt64 = 0
    public private(set) var labelled: UInt64 = 0
    public private(set) var wrong: UInt64 = 0
    public private(set) var evicted: UInt64 = 0
    /// Predictions whose id waited already, and labels without a prediction; both were left out.
    public private(set) var duplicates: UInt64 = 0
    public private(set) var unmatched: UInt64 = 0
    /// By confidence.
    public private(set) var bins = ConfidenceBins()
    /// Numbers of waiting predictions by id; a number less `first` is the place in `queue`.
    private var places: [UInt64: UInt64] = [:]
    /// In their order of arrival; nil was labelled.
    private var queue: [Waiting?] = []
    private var first: UInt64 = 0
    private var head = 0

    /// A tracker of at most `pendingMax` waiting predictions, about 100 bytes each.
    public init(pendingMax: Int = 100_000) {
        precondition(pendingMax >= 1, "one prediction may wait")
        self.pendingMax = pendingMax
    }

    /// Predictions that wait for their label.
    public var pending: Int { places.count }

    /// Takes a prediction: hashes of its id and of its answer, its confidence if it has one.
    /// Amortised O(1).
    public mutating func predict(
        id: UInt64, answer: UInt64, confidence: Double? = nil, at time: Timestamp
    ) {
        guard places[id] == nil else {
            duplicates += 1
            return
        }
        predictions += 1
        let known = confidence.flatMap { bins.predict($0) ? $0 : nil }
        if places.count >= pendingMax { evictOldest() }
        places[id] = first + UInt64(queue.count - head)
        queue.append(Waiting(id: id, answer: answer, confidence: known, time: time))
    }

    /// Whether a prediction waits under this id.
    public func isWaiting(_ id: UInt64) -> Bool { places[id] != nil }

    /// Takes a label: the hash of the right answer.
    public mutating func label(id: UInt64, answer: UInt64) -> Outcome {
        label(id: id) { predicted, _ in predicted == answer }
    }

    /// Takes a label; `isRight` judges the answer that was given, and when.
    public mutating func label(
        id: UInt64, isRight judge: (_ answer: UInt64, _ time: Timestamp) -> Bool
    ) -> Outcome {
        guard let number = places.removeValue(forKey: id),
            let waiting = queue[head + Int(number - first)]
        else {
            unmatched += 1
            return .unknown
        }
        queue[head + Int(number - first)] = nil
        labelled += 1
        let isRight = judge(waiting.answer, waiting.time)
        if !isRight { wrong += 1 }
        if let confidence = waiting.confidence { bins.label(confidence, isRight: isRight) }
        dropLabelled()
        return isRight ? .right : .wrong
    }

    /// Gives up on predictions made before `time`.
    public mutating func expire(before time: Timestamp) {
        while let oldest = oldest, oldest.time < time { evictOldest() }
    }

    /// The share of predictions whose label came; nil without predictions.
    public var coverage: Double? {
        predictions == 0 ? nil : Double(labelled) / Double(predictions)
    }
    /// The share of labels that the prediction missed; nil without labels.
    public var errorRatio: Double? { labelled == 0 ? nil : Double(wrong) / Double(labelled) }
    /// What the share is likely to be over all predictions, by their confidence.
    public var expectedErrorRatio: Double? { bins.expectedAccuracy.map { 1 - $0 } }

    private var oldest: Waiting? {
        head < queue.count ? queue[head] : nil
    }

    private mutating func evictOldest() {
        guard let oldest else { return }
        places[oldest.id] = nil
        queue[head] = nil
        evicted += 1
        dropLabelled()
    }

    /// Moves past what no longer waits at the front; what is behind is freed now and then.
    private mutating func dropLabelled() {
        while head < queue.count, queue[head] == nil {
            head += 1
            first += 1
        }
        guard head > 1024, head > queue.count / 2 else { return }
        queue.removeSubrange(..<head)
        head = 0
    }
}

extension LabelTracker {
    /// Passes what changes, for a checkpoint; read into a tracker of the same `pendingMax`.
    public mutating func archiveState(_ archive: inout Archive) {
        archive.field(&predictions)
        archive.field(&labelled)
        archive.field(&wrong)
        archive.field(&evicted)
        archive.field(&duplicates)
        archive.field(&unmatched)
        archive.field(&bins)
        var waiting = queue[head...].compactMap(\.self)
        let blank = Waiting(id: 0, answer: 0, confidence: nil, time: .distantPast)
        archive.array(&waiting, blank: blank) {
            $0.field(&$1.id)
            $0.field(&$1.answer)
            $0.field(&$1.confidence)
            $0.field(&$1.time)
        }
        guard archive.isReading else { return }
        let isUnique = Set(waiting.map(\.id)).count == waiting.count
        if waiting.count > pendingMax || !isUnique || wrong > labelled {
            waiting = []
            archive.fail()
        }
        (first, head) = (0, 0)
        queue = waiting
        places = Dictionary(
            zip(waiting.map(\.id), 0..<UInt64(waiting.count))
        ) { first, _ in first }
    }
}
