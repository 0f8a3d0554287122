internal import CMath
internal import Model

// Detectors of a rising error rate, with river's rules: DDM (Gama et al. 2004), EDDM (Baena-Garcia
// et al. 2006), HDDM_A and HDDM_W (Frias-Blanco et al. 2014). Each takes 1 for an error. They
// promise nothing about the rate of false alarms: on a clean stream with 10 % errors DDM alarms in
// 44 % of runs of 10,000, EDDM in 96 %.

/// What such a detector says of a sample.
public enum ErrorFinding: UInt8, Hashable, Sendable {
    case quiet = 0
    case warning = 1
    case drift = 2
}

/// DDM: the error rate and its deviation against their least sum so far.
public struct ErrorRateMinimum: Sendable {
    private let warmUp: Double
    private let warningFactor: Double
    private let driftFactor: Double
    private var rate = RunningMean()
    private var rateMin = 0.0
    private var deviationMin = 0.0
    private var sumMin = Double.infinity
    private var found = ErrorFinding.quiet

    /// A detector that has seen nothing.
    public init(warmUp: Int = 30, warningFactor: Double = 2, driftFactor: Double = 3) {
        self.warmUp = Double(warmUp)
        self.warningFactor = warningFactor
        self.driftFactor = driftFactor
    }

    /// Takes a sample; after a drift the next one starts anew.
    public mutating func observe(_ error: Double) -> ErrorFinding {
        if found == .drift { restart() }
        rate.add(error)
        let deviation = (rate.value * (1 - rate.value) / rate.count).squareRoot()
        guard rate.count > warmUp else { return found }
        let sum = rate.value + deviation
        if sum <= sumMin {
            rateMin = rate.value
            deviationMin = deviation
            sumMin = rateMin + deviationMin
        }
        found = .quiet
        if sum > rateMin + warningFactor * deviationMin { found = .warning }
        if sum > rateMin + driftFactor * deviationMin { found = .drift }
        return found
    }

    private mutating func restart() {
        rate = RunningMean()
        sumMin = .infinity
        found = .quiet
    }
}

/// EDDM: the distance between errors against its greatest mean plus two deviations.
public struct ErrorDistance: Sendable {
    private let warmUp: Int
    private let warningRatio: Double
    private let driftRatio: Double
    private var samples = 0
    private var errors = 0
    private var lastError = 0
    private var distance = RunningMean()
    private var squares = 0.0
    private var greatest = -1.0
    private var found = ErrorFinding.quiet

    /// A detector that has seen nothing.
    public init(warmUp: Int = 30, warningRatio: Double = 0.95, driftRatio: Double = 0.9) {
        self.warmUp = warmUp
        self.warningRatio = warningRatio
        self.driftRatio = driftRatio
    }

    /// Takes a sample; after a drift the next one starts anew.
    public mutating func observe(_ error: Double) -> ErrorFinding {
        if found == .drift {
            self = ErrorDistance(
                warmUp: warmUp, warningRatio: warningRatio, driftRatio: driftRatio)
        }
        samples += 1
        guard error == 1 else { return found }
        errors += 1
        let step = Double(samples - lastError)
        let before = distance.value
        distance.add(step)
        squares += (step - before) * (step - distance.value)
        lastError = samples
        guard samples > warmUp else { return found }
        let variance = distance.count > 1 ? squares / (distance.count - 1) : 0
        let reach = distance.value + 2 * variance.squareRoot()
        if reach > greatest {
            greatest = reach
        } else if errors > warmUp {
            let level = reach / greatest
            found = level < driftRatio ? .drift : level < warningRatio ? .warning : .quiet
        }
        return found
    }
}

/// HDDM_A: the mean since a cut against the mean of all, by Hoeffding's bound.
public struct HoeffdingAverage: Sendable {
    /// How sure it must be, and whether a falling rate alarms too.
    public struct Settings: Hashable, Sendable {
        public var drift = 0.001
        public var warning = 0.005
        public var isTwoSided = false

        /// The usual ones.
        public init(isTwoSided: Bool = false) { self.isTwoSided = isTwoSided }
    }

    private let settings: Settings
    private var all = RunningMean()
    private var lowest = RunningMean()
    private var highest = RunningMean()
    private var found = ErrorFinding.quiet

    /// A detector that has seen nothing.
    public init(_ settings: Settings = Settings()) { self.settings = settings }

    /// Takes a sample; after a drift the next one starts anew.
    public mutating func observe(_ error: Double) -> ErrorFinding {
        if found == .drift { self = HoeffdingAverage(settings) }
        all.add(error)
        if lowest.count == 0 { lowest = all }
        if highest.count == 0 { highest = all }
        let slack = bound(all.count)
        if lowest.value + bound(lowest.count) >= all.value + slack { lowest = all }
        if highest.value - bound(highest.count) <= all.value - slack { highest = all }
        found = .quiet
        if isApart(lowest, all.value - lowest.value, settings.drift) {
            found = .drift
        } else if isApart(lowest, all.value - lowest.value, settings.warning) {
            found = .warning
        }
        guard settings.isTwoSided, found != .drift else { return found }
        if isApart(highest, highest.value - all.value, settings.drift) {
            found = .drift
        } else if isApart(highest, highest.value - all.value, settings.warning) {
            found = .warning
        }
        return found
    }

    private func bound(_ count: Double) -> Double {
        (1 / (2 * count) * pitot_log(1 / settings.drift)).squareRoot()
    }

    private func isApart(_ cut: RunningMean, _ difference: Double, _ confidence: Double) -> Bool {
        guard cut.count != all.count else { return false }
        let m = (all.count - cut.count) / cut.count * (1 / all.count)
        return difference >= (m / 2 * pitot_log(2 / confidence)).squareRoot()
    }
}

/// HDDM_W: two fading means against each other, by McDiarmid's bound.
public struct McDiarmidAverage: Sendable {
    /// How sure it must be, how fast it forgets, and whether a falling rate alarms too.
    public struct Settings: Hashable, Sendable {
        public var drift = 0.001
        public var warning = 0.005
        public var fading = 0.05
        public var isTwoSided = false

        /// The usual ones.
        public init(isTwoSided: Bool = false) { self.isTwoSided = isTwoSided }
    }

    fileprivate struct Faded: Sendable {
        var mean = 0.0
        var isEmpty = true
        /// The sum of squared weights, from 1 down.
        var weight = 1.0

        mutating func add(_ sample: Double, _ fading: Double) {
            // A mean of exactly 0 starts anew with the next sample: river's.
            mean = mean == 0 ? sample : fading * sample + (1 - fading) * mean
            isEmpty = false
            weight = fading * fading + (1 - fading) * (1 - fading) * weight
        }
    }

    private let settings: Settings
    private var all = Faded()
    private var beforeRise = Faded()
    private var afterRise = Faded()
    private var beforeFall = Faded()
    private var afterFall = Faded()
    private var riseCut = Double.infinity
    private var fallCut = -Double.infinity
    private var found = ErrorFinding.quiet

    /// A detector that has seen nothing.
    public init(_ settings: Settings = Settings()) { self.settings = settings }

    /// Takes a sample; after a drift the next one starts anew.
    public mutating func observe(_ error: Double) -> ErrorFinding {
        if found == .drift { self = McDiarmidAverage(settings) }
        all.add(error, settings.fading)
        cut(error)
        found = .quiet
        if rises(beforeRise, afterRise, settings.drift) {
            found = .drift
        } else if rises(beforeRise, afterRise, settings.warning) {
            found = .warning
        }
        guard settings.isTwoSided, found != .drift else { return found }
        if rises(afterFall, beforeFall, settings.drift) {
            found = .drift
        } else if rises(afterFall, beforeFall, settings.warning) {
            found = .warning
        }
        return found
    }

    private mutating func cut(_ error: Double) {
        let slack = bound(all.weight, settings.drift)
        if all.mean + slack < riseCut {
            riseCut = all.mean + slack
            beforeRise = all
            afterRise = Faded()
        } else {
            afterRise.add(error, settings.fading)
        }
        if all.mean - slack > fallCut {
            fallCut = all.mean - slack
            beforeFall = all
            afterFall = Faded()
        } else {
            afterFall.add(error, settings.fading)
        }
    }

    private func bound(_ weight: Double, _ confidence: Double) -> Double {
        (weight * pitot_log(1 / confidence) / 2).squareRoot()
    }

    private func rises(_ before: Faded, _ after: Faded, _ confidence: Double) -> Bool {
        guard !before.isEmpty, !after.isEmpty else { return false }
        return after.mean - before.mean > bound(before.weight + after.weight, confidence)
    }
}

// MARK: In a checkpoint: what changes; the settings are the definition's

extension ErrorRateMinimum {
    mutating func archiveState(_ archive: inout Archive) {
        rate.archive(&archive)
        archive.field(&rateMin)
        archive.field(&deviationMin)
        archive.field(&sumMin)
        archive.field(&found)
    }
}

extension ErrorDistance {
    mutating func archiveState(_ archive: inout Archive) {
        archive.field(&samples)
        archive.field(&errors)
        archive.field(&lastError)
        distance.archive(&archive)
        archive.field(&squares)
        archive.field(&greatest)
        archive.field(&found)
        guard archive.isReading else { return }
        let isSound = 0 <= errors && errors <= samples && 0 <= lastError && lastError <= samples
        if !isSound {
            (samples, errors, lastError) = (0, 0, 0)
            archive.fail()
        }
    }
}

extension HoeffdingAverage {
    mutating func archiveState(_ archive: inout Archive) {
        all.archive(&archive)
        lowest.archive(&archive)
        highest.archive(&archive)
        archive.field(&found)
    }
}

extension McDiarmidAverage.Faded {
    fileprivate mutating func archive(_ archive: inout Archive) {
        archive.field(&mean)
        archive.field(&isEmpty)
        archive.field(&weight)
    }
}

extension McDiarmidAverage {
    mutating func archiveState(_ archive: inout Archive) {
        all.archive(&archive)
        beforeRise.archive(&archive)
        afterRise.archive(&archive)
        beforeFall.archive(&archive)
        afterFall.archive(&archive)
        archive.field(&riseCut)
        archive.field(&fallCut)
        archive.field(&found)
    }
}
