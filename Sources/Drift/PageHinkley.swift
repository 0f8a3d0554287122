internal import Model

// Page-Hinkley: the cumulated deviation from the running mean, faded, against its own extreme
// (Page, "Continuous inspection schemes", 1954). Constants and corners are river's, so that alarms
// are too: the mean moves before the deviation is taken, and the falling side's extreme starts at
// -1. The threshold is in units of the feature, which is why it fits none.

/// Page-Hinkley with river's rules. It promises nothing about the rate of false alarms.
public struct PageHinkley: Sendable {
    /// Which way the mean may move.
    public enum Mode: UInt8, Sendable {
        case up = 0
        case down = 1
        case both = 2
    }

    /// What it tolerates.
    public struct Settings: Hashable, Sendable {
        public var samplesMin = 30
        public var delta = 0.005
        public var threshold = 50.0
        public var fading = 1 - 0.0001
        public var mode = Mode.both

        /// The usual ones.
        public init() {}
    }

    /// What it tolerates.
    public let settings: Settings
    private var mean = RunningMean()
    private var rise = 0.0
    private var fall = 0.0
    private var riseMin = Double.infinity
    private var fallMax = -1.0
    private var isAlarmed = false

    /// A detector that has seen nothing.
    public init(_ settings: Settings = Settings()) { self.settings = settings }

    /// Takes a sample; whether it alarms. The next sample then starts anew.
    public mutating func observe(_ value: Double) -> Bool {
        if isAlarmed { self = PageHinkley(settings) }
        mean.add(value)
        let deviation = value - mean.value
        rise = settings.fading * rise + deviation - settings.delta
        fall = settings.fading * fall + deviation + settings.delta
        riseMin = min(riseMin, rise)
        fallMax = max(fallMax, fall)
        guard mean.count >= Double(settings.samplesMin) else { return false }
        let isUp = rise - riseMin > settings.threshold
        let isDown = fallMax - fall > settings.threshold
        switch settings.mode {
        case .up: isAlarmed = isUp
        case .down: isAlarmed = isDown
        case .both: isAlarmed = isUp || isDown
        }
        return isAlarmed
    }
}

/// A mean, sample by sample.
struct RunningMean: Hashable, Sendable {
    private(set) var count = 0.0
    private(set) var value = 0.0

    mutating func add(_ sample: Double) {
        count += 1
        value += 1 / count * (sample - value)
    }
}

// MARK: In a checkpoint

extension RunningMean {
    mutating func archive(_ archive: inout Archive) {
        archive.field(&count)
        archive.field(&value)
    }
}

extension PageHinkley {
    /// Passes what changes; the settings are the definition's.
    mutating func archiveState(_ archive: inout Archive) {
        mean.archive(&archive)
        archive.field(&rise)
        archive.field(&fall)
        archive.field(&riseMin)
        archive.field(&fallMax)
        archive.field(&isAlarmed)
    }
}
