public import Model

// How good a classifier is before its labels arrive: confidence-based performance estimation. Of a
// calibrated model, the mean confidence is the accuracy; of any other, how often predictions of
// like confidence were right so far. Counted in twenty bins of confidence that add exactly: sums
// are whole numbers of 2^-32.

/// Predictions by confidence, and how many of the labelled ones were right. They add exactly.
public struct ConfidenceBins: Hashable, Sendable {
    /// Bins of equal width over [0, 1].
    public static let count = 20
    /// Labels from which on a bin speaks for itself.
    public static let labelsMin: UInt64 = 30

    private struct Bin: Hashable, Sendable {
        var predictions: UInt64 = 0
        var confidence: UInt64 = 0
        var labelled: UInt64 = 0
        var right: UInt64 = 0
    }

    private var bins = [Bin](repeating: Bin(), count: Self.count)

    public init() {}

    /// The bin of a confidence; nil for what is none.
    static func bin(of confidence: Double) -> Int? {
        guard confidence >= 0, confidence <= 1 else { return nil }
        return min(count - 1, Int(confidence * Double(count)))
    }

    /// Counts a prediction; false when the confidence is not within [0, 1].
    public mutating func predict(_ confidence: Double) -> Bool {
        guard let bin = Self.bin(of: confidence) else { return false }
        // A sum stays within 64 bits; so many predictions tell all there is to know.
        guard bins[bin].predictions < 1 << 30 else { return true }
        bins[bin].predictions += 1
        bins[bin].confidence += UInt64((confidence * 0x1p32).rounded())
        return true
    }

    /// Counts the label of a prediction that was counted before.
    public mutating func label(_ confidence: Double, isRight: Bool) {
        guard let bin = Self.bin(of: confidence), bins[bin].labelled < 1 << 48 else { return }
        bins[bin].labelled += 1
        if isRight { bins[bin].right += 1 }
    }

    /// Predictions counted.
    public var predictions: UInt64 { bins.reduce(0) { $0 + $1.predictions } }

    /// The accuracy to expect of all predictions; nil without any.
    public var expectedAccuracy: Double? {
        let all = predictions
        guard all > 0 else { return nil }
        var sum = 0.0
        for bin in bins where bin.predictions > 0 {
            let count = Double(bin.predictions)
            if bin.labelled >= Self.labelsMin {
                sum += count * Double(bin.right) / Double(bin.labelled)
            } else {
                sum += Double(bin.confidence) * 0x1p-32
            }
        }
        return sum / Double(all)
    }

    /// The mean confidence of labelled bins less how often they were right, weighted by labels:
    /// 0 for a calibrated model; nil without labels.
    public var overconfidence: Double? {
        let labelled = bins.reduce(UInt64(0)) { $0 + $1.labelled }
        guard labelled > 0 else { return nil }
        var sum = 0.0
        for bin in bins where bin.labelled > 0 && bin.predictions > 0 {
            let mean = Double(bin.confidence) * 0x1p-32 / Double(bin.predictions)
            sum += Double(bin.labelled) * mean - Double(bin.right)
        }
        return sum / Double(labelled)
    }

    /// Adds others; a bin that would pass 2^30 predictions stays as it is.
    public mutating func merge(_ other: ConfidenceBins) {
        for index in bins.indices
        where bins[index].predictions + other.bins[index].predictions <= 1 << 30 {
            bins[index].predictions += other.bins[index].predictions
            bins[index].confidence += other.bins[index].confidence
            bins[index].labelled += other.bins[index].labelled
            bins[index].right += other.bins[index].right
        }
    }
}

extension ConfidenceBins: Archivable {
    public static let blank = ConfidenceBins()

    public mutating func archive(_ archive: inout Archive) {
        archive.array(&bins, blank: Bin()) {
            $0.field(&$1.predictions)
            $0.field(&$1.confidence)
            $0.field(&$1.labelled)
            $0.field(&$1.right)
        }
        guard archive.isReading else { return }
        let isSound =
            bins.count == Self.count
            && bins.allSatisfy {
                // Far beyond any count, and far from overflow when counts are added.
                $0.right <= $0.labelled && $0.labelled <= 1 << 48 && $0.predictions <= 1 << 30
                    && $0.confidence <= $0.predictions << 32
            }
        if !isSound {
            self = .blank
            archive.fail()
        }
    }
}
