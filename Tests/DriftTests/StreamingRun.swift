import Drift

/// A detector by river's name and parameters, run over a stream.
struct StreamingRun {
    struct Found {
        var alarms: [Int] = []
        /// Of detectors that warn.
        var warnings: [Int]?
        /// Width, sum and squared deviations after each thousandth sample, of adaptive windows.
        var traces: [Int: [Double]] = [:]
    }

    private enum Detector {
        case window(AdaptiveWindow)
        case discarding(DiscardingWindow)
        case pageHinkley(PageHinkley)
        case kolmogorovSmirnov(WindowedKolmogorovSmirnov)
        case minimum(ErrorRateMinimum)
        case distance(ErrorDistance)
        case hoeffding(HoeffdingAverage)
        case mcDiarmid(McDiarmidAverage)
    }

    private let detector: Detector

    /// Nil for a detector that Pitot does not have.
    init?(_ name: String, _ parameters: Golden) {
        func number(_ key: String, _ otherwise: Double) -> Double {
            parameters[key].exists ? parameters[key].number : otherwise
        }
        switch name {
        case "ADWIN", "ADWIN_core":
            let settings = AdaptiveWindowSettings(
                delta: number("delta", 0.002), clock: Int(number("clock", 32)))
            detector =
                name == "ADWIN"
                ? .discarding(DiscardingWindow(settings)) : .window(AdaptiveWindow(settings))
        case "PageHinkley":
            var settings = PageHinkley.Settings()
            settings.delta = number("delta", 0.005)
            settings.threshold = number("threshold", 50)
            settings.fading = number("alpha", 0.9999)
            settings.mode =
                ["up": .up, "down": .down][parameters["mode"].text] ?? PageHinkley.Mode.both
            detector = .pageHinkley(PageHinkley(settings))
        case "KSWIN":
            var settings = WindowedKolmogorovSmirnov.Settings()
            settings.alpha = number("alpha", 0.005)
            detector = .kolmogorovSmirnov(WindowedKolmogorovSmirnov(settings))
        case "DDM": detector = .minimum(ErrorRateMinimum())
        case "EDDM": detector = .distance(ErrorDistance())
        case "HDDM_A":
            detector = .hoeffding(
                HoeffdingAverage(.init(isTwoSided: parameters["two_sided_test"].bool)))
        case "HDDM_W":
            detector = .mcDiarmid(
                McDiarmidAverage(.init(isTwoSided: parameters["two_sided_test"].bool)))
        default: return nil
        }
    }

    func take(_ samples: [Double]) -> Found {
        switch detector {
        case .window(var window):
            return run(samples) {
                window.observe($0)
            } trace: {
                [window.width, window.total, window.variance]
            }
        case .discarding(var window):
            return run(samples) {
                window.observe($0)
            } trace: {
                [window.window.width, window.window.total, window.window.variance]
            }
        case .pageHinkley(var detector): return run(samples) { detector.observe($0) }
        case .kolmogorovSmirnov(var detector): return run(samples) { detector.observe($0) }
        case .minimum(var detector): return judge(samples) { detector.observe($0) }
        case .distance(var detector):
            return judge(samples, isWarningKept: true) { detector.observe($0) }
        case .hoeffding(var detector): return judge(samples) { detector.observe($0) }
        case .mcDiarmid(var detector): return judge(samples) { detector.observe($0) }
        }
    }

    private func run(
        _ samples: [Double], _ observe: (Double) -> Bool, trace: () -> [Double] = { [] }
    ) -> Found {
        var found = Found()
        for (index, sample) in samples.enumerated() {
            if observe(sample) { found.alarms.append(index) }
            if index % 1000 == 999 { found.traces[index] = trace() }
        }
        return found
    }

    /// `isWarningKept`: river's EDDM still shows the last sample's warning at a drift.
    private func judge(
        _ samples: [Double], isWarningKept: Bool = false, _ observe: (Double) -> ErrorFinding
    ) -> Found {
        var found = Found()
        var warnings: [Int] = []
        for (index, sample) in samples.enumerated() {
            switch observe(sample) {
            case .quiet: break
            case .warning: warnings.append(index)
            case .drift:
                found.alarms.append(index)
                if isWarningKept && warnings.last == index - 1 { warnings.append(index) }
            }
        }
        found.warnings = warnings
        return found
    }
}
