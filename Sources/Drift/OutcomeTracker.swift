internal import CMath
public import Model

// What became of a model's answers, once somebody says what they should have been. Predictions wait
// in shards, so that a checkpoint that holds an older state makes the owner copy little at a time.
// Answers that are classes are compared by name and counted by class, on both sides of the pairs
// that met: what a model says too often shows there before anybody reads single errors.

/// How answers and labels are compared.
public struct OutcomeRules: Hashable, Sendable {
    /// Predictions that may wait for their label.
    public var pendingMax = 100_000
    /// How long they wait.
    public var within = TimeSpan.days(7)
    /// Numbers are right when they are at most this far off; nil compares classes.
    public var tolerance: Double?

    /// The defaults, for classes.
    public init() {}
}

/// Pairs answers with labels and tells how often they differ, of how many it is known, and what is
/// to be expected of the rest.
public struct OutcomeTracker: Sendable {
    /// Classes that are counted by name; the rest are one.
    public static let classesMax = 30
    private static let shardCount = 64

    public let rules: OutcomeRules
    private var shards: [LabelTracker]
    /// Of pairs whose answers are numbers: the error's sums.
    private var errorSum = 0.0
    private var absoluteSum = 0.0
    private var delayMillis: UInt64 = 0
    /// Answers or labels that were no numbers where numbers are compared.
    public private(set) var refused: UInt64 = 0
    private var names: [String] = []
    private var hashes: [UInt64] = []
    /// Pairs by the class that was answered, and by the one that was right.
    private var answered = [UInt64](repeating: 0, count: classesMax + 1)
    private var labelled = [UInt64](repeating: 0, count: classesMax + 1)
    /// Of the open window and of the one before it: labels, and how many were missed.
    private var open: (labels: UInt64, wrong: UInt64) = (0, 0)
    public private(set) var lastWindow: (labels: UInt64, wrong: UInt64) = (0, 0)

    /// One that has seen nothing.
    public init(_ rules: OutcomeRules) {
        self.rules = rules
        let each = max(1, rules.pendingMax / Self.shardCount)
        shards = (0..<Self.shardCount).map { _ in LabelTracker(pendingMax: each) }
    }

    // MARK: What comes in

    /// Takes an answer under the hash of its id. Amortised O(1).
    public mutating func predict(
        id: UInt64, _ answer: FeatureValue, confidence: Double?, at time: Timestamp
    ) {
        guard let code = code(of: answer) else {
            refused += 1
            return
        }
        shards[Self.shard(id)].predict(id: id, answer: code, confidence: confidence, at: time)
    }

    /// Whether an answer waits under this id.
    public func isWaiting(_ id: UInt64) -> Bool { shards[Self.shard(id)].isWaiting(id) }

    /// Takes what the answer should have been.
    public mutating func label(
        id: UInt64, _ truth: FeatureValue, at time: Timestamp
    ) -> LabelTracker.Outcome {
        guard let right = code(of: truth) else {
            refused += 1
            return .unknown
        }
        var given: UInt64 = 0
        let outcome = judge(id, at: time) { [rules] answer in
            given = answer
            guard let tolerance = rules.tolerance else { return answer == right }
            return abs(Double(bitPattern: answer) - Double(bitPattern: right)) <= tolerance
        }
        guard outcome != .unknown else { return outcome }
        if rules.tolerance == nil {
            answered[place(of: given)] += 1
            labelled[place(of: right)] += 1
        } else {
            let error = Double(bitPattern: given) - Double(bitPattern: right)
            errorSum += error
            absoluteSum += abs(error)
        }
        return outcome
    }

    /// Takes a verdict without the right answer, such as a reward.
    public mutating func label(
        id: UInt64, isRight: Bool, at time: Timestamp
    ) -> LabelTracker.Outcome {
        judge(id, at: time) { _ in isRight }
    }

    private mutating func judge(
        _ id: UInt64, at time: Timestamp, _ isRight: (UInt64) -> Bool
    ) -> LabelTracker.Outcome {
        var waited: Int64 = 0
        let outcome = shards[Self.shard(id)].label(id: id) { answer, asked in
            waited = max(0, time.millis - asked.millis)
            return isRight(answer)
        }
        guard outcome != .unknown else { return outcome }
        delayMillis &+= UInt64(waited)
        open.labels += 1
        if outcome == .wrong { open.wrong += 1 }
        return outcome
    }

    /// Ends a window, and gives up on answers that have waited too long.
    public mutating func endWindow(at now: Timestamp) {
        lastWindow = open
        open = (0, 0)
        for index in shards.indices { shards[index].expire(before: now - rules.within) }
    }

    private static func shard(_ id: UInt64) -> Int { Int(id >> 58) }

    /// A number's bits where numbers are compared, else the hash of a class, which gets a name if
    /// there is room.
    private mutating func code(of value: FeatureValue) -> UInt64? {
        if rules.tolerance != nil {
            guard case .number(let number) = value, number.isFinite else { return nil }
            return number.bitPattern
        }
        let name: String
        switch value {
        case .missing: return nil
        case .number(let number):
            guard number.isFinite else { return nil }
            name = FeatureValue.level(number)
        case .flag(let flag): name = flag ? "1" : "0"
        case .text(let text): name = text
        }
        var hash = FNV1a64()
        hash.combine(name.utf8)
        if !hashes.contains(hash.value) && names.count < Self.classesMax {
            names.append(name.utf8.count <= 128 ? name : String(name.prefix(32)))
            hashes.append(hash.value)
        }
        return hash.value
    }

    private func place(of code: UInt64) -> Int {
        hashes.firstIndex(of: code) ?? Self.classesMax
    }

    // MARK: What it says

    private func sum(_ part: KeyPath<LabelTracker, UInt64>) -> UInt64 {
        shards.reduce(0) { $0 + $1[keyPath: part] }
    }

    /// Answers seen; labelled + pending + givenUp = predictions.
    public var predictions: UInt64 { sum(\.predictions) }
    public var labels: UInt64 { sum(\.labelled) }
    public var wrong: UInt64 { sum(\.wrong) }
    public var pending: Int { shards.reduce(0) { $0 + $1.pending } }
    /// Answers whose label did not come in time, or whose place was needed.
    public var givenUp: UInt64 { sum(\.evicted) }
    /// Answers under an id that waited already.
    public var duplicates: UInt64 { sum(\.duplicates) }

    /// The share of answers whose label came; nil without answers.
    public var coverage: Double? { Self.ratio(labels, predictions) }
    /// The share of labels that were missed; nil without labels.
    public var errorRatio: Double? { Self.ratio(wrong, labels) }
    /// The same in the last window that was closed.
    public var windowErrorRatio: Double? { Self.ratio(lastWindow.wrong, lastWindow.labels) }
    /// What the share is likely to be over all answers, by their confidence.
    public var expectedErrorRatio: Double? { bins.expectedAccuracy.map { 1 - $0 } }
    /// The mean confidence less how often answers were right.
    public var overconfidence: Double? { bins.overconfidence }
    /// Seconds from an answer to its label, on average.
    public var meanDelaySeconds: Double? {
        labels == 0 ? nil : Double(delayMillis) / 1000 / Double(labels)
    }
    /// Of numbers: how far they are off on average, and which way.
    public var meanAbsoluteError: Double? {
        rules.tolerance == nil || labels == 0 ? nil : absoluteSum / Double(labels)
    }
    public var meanError: Double? {
        rules.tolerance == nil || labels == 0 ? nil : errorSum / Double(labels)
    }

    private var bins: ConfidenceBins {
        shards.reduce(into: ConfidenceBins()) { $0.merge($1.bins) }
    }

    private static func ratio(_ part: UInt64, _ whole: UInt64) -> Double? {
        whole == 0 ? nil : Double(part) / Double(whole)
    }

    /// How far the answers' classes are from the labels', over pairs that met: the distance and the
    /// index. No chance is given: the two sides are of the same rows. Nil without pairs.
    public var divergence: (jensenShannon: Double, psi: Double)? {
        let sums = LevelSums(
            reference: labelled.map { Double($0) }, current: answered.map { Double($0) })
        guard sums.current > 0 else { return nil }
        return (max(0, sums.jensenShannon).squareRoot(), sums.psi)
    }

    /// Classes by their share among labels (`before`) and among answers (`now`), the widest apart
    /// first, at most `most`.
    public func classes(_ most: Int) -> [CellMove] {
        let (all, given) = (labelled.reduce(0, +), answered.reduce(0, +))
        guard all > 0, given > 0 else { return [] }
        var moves: [CellMove] = []
        for place in labelled.indices where labelled[place] + answered[place] > 0 {
            moves.append(
                CellMove(
                    label: place < names.count ? names[place] : "other",
                    before: Double(labelled[place]) / Double(all),
                    now: Double(answered[place]) / Double(given)))
        }
        let sorted = moves.sorted {
            (abs($1.now - $1.before), $0.label) < (abs($0.now - $0.before), $1.label)
        }
        return Array(sorted.prefix(most))
    }
}

extension OutcomeTracker {
    /// Passes what changes, for a checkpoint; one to read into is made of the same rules.
    public mutating func archiveState(_ archive: inout Archive) {
        for index in shards.indices { shards[index].archiveState(&archive) }
        archive.field(&errorSum)
        archive.field(&absoluteSum)
        archive.field(&delayMillis)
        archive.field(&refused)
        archive.field(&names)
        archive.array(&hashes, blank: 0) { $0.field(&$1) }
        archive.array(&answered, blank: 0) { $0.field(&$1) }
        archive.array(&labelled, blank: 0) { $0.field(&$1) }
        archive.field(&open.labels)
        archive.field(&open.wrong)
        archive.field(&lastWindow.labels)
        archive.field(&lastWindow.wrong)
        guard archive.isReading else { return }
        let isSound =
            names.count == hashes.count && names.count <= Self.classesMax
            && answered.count == Self.classesMax + 1 && labelled.count == Self.classesMax + 1
        if !isSound {
            self = OutcomeTracker(rules)
            archive.fail()
        }
    }
}
