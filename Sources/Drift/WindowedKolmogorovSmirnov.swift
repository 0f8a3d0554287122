internal import Model

// KSWIN (Raab, Heusinger, Schleif, "Reactive Soft Prototype Computing for Concept Drift Streams",
// 2020): at each sample the newest `recent` of a window are compared with as many drawn at random
// from the rest. One test a sample with no correction: at its usual alpha it alarms about once in
// 900 clean samples.

/// KSWIN with river's rules, its draws included. It promises nothing about false alarms.
public struct WindowedKolmogorovSmirnov: Sendable {
    /// What it compares.
    public struct Settings: Hashable, Sendable {
        public var alpha = 0.005
        public var window = 100
        public var recent = 30
        public var seed: UInt32 = 42

        /// The usual ones.
        public init() {}
    }

    /// Smallest difference, strictly, that may alarm.
    public static let differenceMin = 0.1

    /// What it compares.
    public let settings: Settings
    private var samples: [Double] = []
    private var random: MersenneTwister
    private var isAlarmed = false
    /// The smallest difference, in steps of 1/recent, whose chance is at most alpha.
    private let stepsMin: Int

    /// A detector that has seen nothing.
    public init(_ settings: Settings = Settings()) {
        precondition(settings.recent >= 1 && settings.window >= 2 * settings.recent, "two samples")
        self.settings = settings
        random = MersenneTwister(seed: settings.seed)
        let recent = settings.recent
        // Both samples have the same size: D is steps/recent, and its chance falls with it.
        stepsMin =
            (1...recent).first {
                TwoSample.exactTail(recent, recent, steps: $0 * recent) <= settings.alpha
            } ?? recent + 1
    }

    /// Takes a sample; whether it alarms. The next sample then starts anew.
    public mutating func observe(_ value: Double) -> Bool {
        if isAlarmed { restart() }
        samples.append(value)
        if samples.count > settings.window { samples.removeFirst() }
        guard samples.count == settings.window else { return false }
        let old = settings.window - settings.recent
        let drawn = random.sample(settings.recent, below: old).map { samples[$0] }.sorted()
        let steps = Self.steps(drawn, samples[old...].sorted())
        isAlarmed =
            steps >= stepsMin && Double(steps) / Double(settings.recent) > Self.differenceMin
        return isAlarmed
    }

    private mutating func restart() {
        samples.removeAll(keepingCapacity: true)
        random = MersenneTwister(seed: settings.seed)
        isAlarmed = false
    }

    /// The largest difference of two sorted samples of one size, in steps.
    private static func steps(_ first: [Double], _ second: [Double]) -> Int {
        var (i, j, largest) = (0, 0, 0)
        while i < first.count && j < second.count {
            let value = min(first[i], second[j])
            while i < first.count && first[i] <= value { i += 1 }
            while j < second.count && second[j] <= value { j += 1 }
            largest = max(largest, abs(i - j))
        }
        return largest
    }
}

extension WindowedKolmogorovSmirnov {
    /// Passes what changes, for a checkpoint; the settings are the definition's.
    mutating func archiveState(_ archive: inout Archive) {
        archive.field(&samples)
        archive.field(&isAlarmed)
        random.archiveState(&archive)
        guard archive.isReading else { return }
        if samples.count > settings.window {
            samples = []
            archive.fail()
        }
    }
}
