import Drift
import Model
import Wire

// Published detectors that a definition asks for, beside the monitor and apart from it: they see
// every row, thinned or not, need no baseline, and what they say changes neither evidence nor
// windows. Only those that are told to raise alerts, each until a window passes without another
// alarm.

/// The detectors of a watch.
struct DriftDetectors: Sendable {
    /// One of them.
    struct Entry: Sendable {
        let choice: DetectorChoice
        var detector: StreamDetector
        var lastAt = Timestamp.distantPast
        /// Alarms since the window began.
        var recent: UInt64 = 0
        var isLatched = false
    }

    private(set) var entries: [Entry]

    init(_ choices: [DetectorChoice]) {
        entries = choices.map { Entry(choice: $0, detector: StreamDetector($0.settings)) }
    }

    /// The places of those whose alert is raised.
    var latched: [Int] { entries.indices.filter { entries[$0].isLatched } }

    var isEmpty: Bool { entries.isEmpty }

    /// Takes the rows of a frame; the places of detectors that now raise an alert.
    mutating func take(_ frame: FeatureFrame, _ names: [String], at now: Timestamp) -> [Int] {
        var raised: [Int] = []
        for place in entries.indices {
            guard let feature = entries[place].choice.of,
                let column = names.firstIndex(of: feature)
            else { continue }
            for row in 0..<frame.rows {
                let value: Double
                switch frame.words[row * frame.columns.count + column].content {
                case .number(let number): value = number
                case .flag(let flag): value = flag ? 1 : 0
                case .missing, .text, .nested, .tooLong: continue
                }
                if observe(place, value, now) { raised.append(place) }
            }
        }
        return raised
    }

    /// Takes whether an answer was wrong.
    mutating func take(isWrong: Bool, at now: Timestamp) -> [Int] {
        entries.indices.filter { place in
            entries[place].choice.of == nil && observe(place, isWrong ? 1 : 0, now)
        }
    }

    private mutating func observe(_ place: Int, _ value: Double, _ now: Timestamp) -> Bool {
        // Of errors they know 0 and 1 only.
        if entries[place].choice.settings.kind.takesErrors && value != 0 && value != 1 {
            return false
        }
        guard entries[place].detector.observe(value) else { return false }
        entries[place].lastAt = now
        entries[place].recent += 1
        guard entries[place].choice.isAlerting, !entries[place].isLatched else { return false }
        entries[place].isLatched = true
        return true
    }

    /// Ends a window; the places of detectors whose alert is over.
    mutating func endWindow() -> [Int] {
        var cleared: [Int] = []
        for place in entries.indices {
            if entries[place].isLatched && entries[place].recent == 0 {
                entries[place].isLatched = false
                cleared.append(place)
            }
            entries[place].recent = 0
        }
        return cleared
    }

    /// Passes what changes, for a checkpoint; one to read into has the same choices.
    mutating func archiveState(_ archive: inout Archive) {
        for place in entries.indices {
            entries[place].detector.archiveState(&archive)
            archive.field(&entries[place].lastAt)
            archive.field(&entries[place].recent)
            archive.field(&entries[place].isLatched)
        }
    }
}
