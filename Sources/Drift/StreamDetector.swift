public import Model

// The detectors people know, behind one face, for those who ask for them by name. None of them
// promises anything about false alarms: on clean data Page-Hinkley alarms in every run, KSWIN and
// EDDM in nearly every one, ADWIN in half of those with heavy tails.

/// A published detector, by its name in files.
public enum StreamDetectorKind: String, CaseIterable, Hashable, Sendable {
    /// As published: it looks at each sample, and keeps what is left after a change.
    case adwin
    case pageHinkley
    case kswin
    case ddm
    case eddm
    case hddmA
    case hddmW

    /// Whether it takes errors, 1 or 0, and no other numbers.
    public var takesErrors: Bool {
        switch self {
        case .adwin, .pageHinkley, .kswin: false
        case .ddm, .eddm, .hddmA, .hddmW: true
        }
    }

    /// What is said of it wherever it is shown.
    public static let promise = "no promise about false alarms"
}

/// A detector and what it is set to; nil is river's default.
public struct StreamDetectorSettings: Hashable, Sendable {
    public var kind: StreamDetectorKind
    /// How sure ADWIN must be, what KSWIN takes for chance, when the HDDMs alarm: between 0 and 1.
    public var confidence: Double?
    /// What Page-Hinkley's sum must pass, in units of the feature.
    public var threshold: Double?

    /// With river's defaults.
    public init(_ kind: StreamDetectorKind) { self.kind = kind }
}

/// One of them, at work on one stream. At most 4 KiB, but for ADWIN, which grows with the logarithm
/// of its window.
public struct StreamDetector: Sendable {
    private enum State: Sendable {
        case adwin(AdaptiveWindow)
        case pageHinkley(PageHinkley)
        case kswin(WindowedKolmogorovSmirnov)
        case ddm(ErrorRateMinimum)
        case eddm(ErrorDistance)
        case hddmA(HoeffdingAverage)
        case hddmW(McDiarmidAverage)
        /// While a sample is taken.
        case busy
    }

    public let settings: StreamDetectorSettings
    private var state: State
    /// Samples taken, alarms, and the sample of the last one, counted from 1.
    public private(set) var samples: UInt64 = 0
    public private(set) var alarms: UInt64 = 0
    public private(set) var lastAlarm: UInt64 = 0

    /// One that has seen nothing.
    public init(_ settings: StreamDetectorSettings) {
        self.settings = settings
        state = Self.start(settings)
    }

    private static func start(_ settings: StreamDetectorSettings) -> State {
        switch settings.kind {
        case .adwin:
            return .adwin(
                AdaptiveWindow(
                    AdaptiveWindowSettings(delta: settings.confidence ?? 0.002, clock: 1)))
        case .pageHinkley:
            var own = PageHinkley.Settings()
            own.threshold = settings.threshold ?? own.threshold
            return .pageHinkley(PageHinkley(own))
        case .kswin:
            var own = WindowedKolmogorovSmirnov.Settings()
            own.alpha = settings.confidence ?? own.alpha
            return .kswin(WindowedKolmogorovSmirnov(own))
        case .ddm: return .ddm(ErrorRateMinimum())
        case .eddm: return .eddm(ErrorDistance())
        case .hddmA:
            var own = HoeffdingAverage.Settings()
            own.drift = settings.confidence ?? own.drift
            return .hddmA(HoeffdingAverage(own))
        case .hddmW:
            var own = McDiarmidAverage.Settings()
            own.drift = settings.confidence ?? own.drift
            return .hddmW(McDiarmidAverage(own))
        }
    }

    /// Takes a sample; whether it alarms. What is not finite is left out.
    public mutating func observe(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        samples += 1
        let isAlarm = step(value)
        if isAlarm {
            alarms += 1
            lastAlarm = samples
        }
        return isAlarm
    }

    private mutating func step(_ value: Double) -> Bool {
        // Each is taken out and put back, so that nothing is copied.
        defer { precondition(!isBusy, "a detector was put back") }
        switch state {
        case .adwin(var window):
            state = .busy
            defer { state = .adwin(window) }
            return window.observe(value)
        case .pageHinkley(var sums):
            defer { state = .pageHinkley(sums) }
            return sums.observe(value)
        case .kswin(var windows):
            state = .busy
            defer { state = .kswin(windows) }
            return windows.observe(value)
        case .ddm(var rate):
            defer { state = .ddm(rate) }
            return rate.observe(value) == .drift
        case .eddm(var distance):
            defer { state = .eddm(distance) }
            return distance.observe(value) == .drift
        case .hddmA(var average):
            defer { state = .hddmA(average) }
            return average.observe(value) == .drift
        case .hddmW(var average):
            defer { state = .hddmW(average) }
            return average.observe(value) == .drift
        case .busy: return false
        }
    }

    private var isBusy: Bool { if case .busy = state { true } else { false } }
}

extension StreamDetector {
    /// Passes what changes, for a checkpoint; one to read into is made of the same settings.
    public mutating func archiveState(_ archive: inout Archive) {
        archive.field(&samples)
        archive.field(&alarms)
        archive.field(&lastAlarm)
        switch state {
        case .adwin(var window):
            window.archiveState(&archive)
            state = .adwin(window)
        case .pageHinkley(var sums):
            sums.archiveState(&archive)
            state = .pageHinkley(sums)
        case .kswin(var windows):
            windows.archiveState(&archive)
            state = .kswin(windows)
        case .ddm(var rate):
            rate.archiveState(&archive)
            state = .ddm(rate)
        case .eddm(var distance):
            distance.archiveState(&archive)
            state = .eddm(distance)
        case .hddmA(var average):
            average.archiveState(&archive)
            state = .hddmA(average)
        case .hddmW(var average):
            average.archiveState(&archive)
            state = .hddmW(average)
        case .busy: archive.fail()
        }
    }
}
