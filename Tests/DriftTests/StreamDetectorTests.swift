import Drift
import Model
import Testing

// The detectors behind one face do what they do alone, over checkpoints too.

@Suite struct StreamDetectorTests {
    /// A stream that moves in its middle; errors for those that take them.
    private func samples(_ kind: StreamDetectorKind) -> [Double] {
        var random = SplitMix64(120)
        // KSWIN sorts at each sample.
        let count = kind == .kswin ? 500 : 3000
        return (0..<count).map { row in
            let isLate = row >= count / 2
            if kind.takesErrors { return random.uniform() < (isLate ? 0.5 : 0.1) ? 1 : 0 }
            return random.normal() + (isLate ? 2 : 0)
        }
    }

    private func alone(_ kind: StreamDetectorKind, _ samples: [Double]) -> [Int] {
        var (window, sums) = (AdaptiveWindow(.init(clock: 1)), PageHinkley())
        var (windows, rate) = (WindowedKolmogorovSmirnov(), ErrorRateMinimum())
        var (distance, average) = (ErrorDistance(), HoeffdingAverage())
        var faded = McDiarmidAverage()
        return samples.indices.filter { row in
            let value = samples[row]
            return switch kind {
            case .adwin: window.observe(value)
            case .pageHinkley: sums.observe(value)
            case .kswin: windows.observe(value)
            case .ddm: rate.observe(value) == .drift
            case .eddm: distance.observe(value) == .drift
            case .hddmA: average.observe(value) == .drift
            case .hddmW: faded.observe(value) == .drift
            }
        }
    }

    @Test(arguments: StreamDetectorKind.allCases)
    func itAlarmsWhereTheDetectorItselfDoes(kind: StreamDetectorKind) {
        let samples = samples(kind)
        let expected = alone(kind, samples)
        var detector = StreamDetector(StreamDetectorSettings(kind))
        var found: [Int] = []
        for (row, value) in samples.enumerated() where detector.observe(value) { found.append(row) }
        #expect(found == expected && !found.isEmpty)
        #expect(detector.alarms == UInt64(found.count) && detector.samples == UInt64(samples.count))
        #expect(detector.lastAlarm == UInt64((found.last ?? -1) + 1))
        let (nan, infinity) = (detector.observe(.nan), detector.observe(.infinity))
        #expect(!nan && !infinity && detector.samples == UInt64(samples.count))
    }

    @Test(arguments: StreamDetectorKind.allCases)
    func aCheckpointAtAnyRowChangesNothing(kind: StreamDetectorKind) {
        let samples = samples(kind)
        for cut in [0, 31, 99, samples.count / 2 + 20, samples.count - 1] {
            var whole = StreamDetector(StreamDetectorSettings(kind))
            for value in samples[..<cut] { _ = whole.observe(value) }
            var written = Archive()
            whole.archiveState(&written)
            var read = StreamDetector(StreamDetectorSettings(kind))
            var archive = Archive(reading: written.bytes)
            read.archiveState(&archive)
            #expect(archive.isComplete)
            for value in samples[cut...] {
                let (one, other) = (whole.observe(value), read.observe(value))
                #expect(one == other)
            }
            #expect(whole.alarms == read.alarms && whole.lastAlarm == read.lastAlarm)
        }
    }

    @Test(arguments: StreamDetectorKind.allCases)
    func damagedStateIsRefusedOrHarmless(kind: StreamDetectorKind) {
        var whole = StreamDetector(StreamDetectorSettings(kind))
        for value in samples(kind)[..<200] { _ = whole.observe(value) }
        var written = Archive()
        whole.archiveState(&written)
        for length in stride(from: 0, to: written.bytes.count, by: kind == .kswin ? 197 : 1) {
            var cut = Archive(reading: Array(written.bytes[..<length]))
            var read = StreamDetector(StreamDetectorSettings(kind))
            read.archiveState(&cut)
            #expect(!cut.isComplete)
            _ = read.observe(1)
        }
        for place in stride(from: 0, to: written.bytes.count, by: kind == .kswin ? 197 : 1) {
            var bytes = written.bytes
            bytes[place] ^= 0xff
            var archive = Archive(reading: bytes)
            var read = StreamDetector(StreamDetectorSettings(kind))
            read.archiveState(&archive)
            for value in [0.0, 1, 1, 0] { _ = read.observe(value) }
        }
    }

    @Test func settingsReachTheDetector() {
        var settings = StreamDetectorSettings(.pageHinkley)
        settings.threshold = 1e9
        var deaf = StreamDetector(settings)
        for value in samples(.pageHinkley) { _ = deaf.observe(value) }
        #expect(deaf.alarms == 0)
        for kind in [StreamDetectorKind.adwin, .kswin, .hddmA, .hddmW] {
            var careful = StreamDetectorSettings(kind)
            careful.confidence = 1e-12
            var (one, other) = (StreamDetector(.init(kind)), StreamDetector(careful))
            for value in samples(kind) { _ = (one.observe(value), other.observe(value)) }
            let isLater = other.alarms < one.alarms || other.lastAlarm != one.lastAlarm
            #expect(isLater, "\(kind)")
        }
    }
}
