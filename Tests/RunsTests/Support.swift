import Model
import Text
import Wire

@testable import Runs

/// Numbers that are the same in each run.
struct Chance {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func below(_ most: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(most))
    }

    mutating func shuffle<Element>(_ list: inout [Element]) {
        for index in stride(from: list.count - 1, to: 0, by: -1) {
            list.swapAt(index, below(index + 1))
        }
    }
}

let start = Timestamp(millis: 1_795_449_600_000)

func at(_ seconds: Int64) -> Timestamp { start + .seconds(seconds) }

func report(
    _ id: String, _ step: RunStep, _ seconds: Int64, job: String = "train", parent: String = "",
    labels: [(String, String)] = []
) -> RunReport {
    var report = RunReport(.openLineage)
    report.id = id
    report.namespace = "team-a"
    report.job = job
    report.parent = parent
    report.step = step
    report.at = at(seconds)
    report.labels = labels.map { FeatureHeader(name: $0.0, value: $0.1) }
    return report
}

func rule(_ measure: RunMeasure, _ text: String = "{namespace=\"team-a\"}") throws -> RunRule {
    let nowhere = SourcePosition(file: "", line: 1, column: 1)
    return RunRule(measure, of: try Selector.parse(text, at: nowhere))
}

func watch(_ rule: RunRule, by: [String] = [], name: String = "slo") -> RunWatch {
    RunWatch(service: "s", name: name, by: by, rule: rule, token: "30d")
}

/// What posts sum up to, by group.
struct Sums: Equatable {
    var bad = 0.0
    var total = 0.0
    var undecided = 0.0

    mutating func add(_ post: RunPost) {
        bad += post.bad
        total += post.total
        undecided += post.undecided
    }
}

/// A book and what it has counted.
struct World {
    var book = RunBook()
    var sums: [String: Sums] = [:]
    /// Counts at each time.
    var times: [String: Sums] = [:]

    init(_ watches: [RunWatch], _ settings: RunSettings = RunSettings()) {
        book.configure(watches, settings, at: start)
    }

    @discardableResult
    mutating func take(_ report: RunReport, now: Int64) -> PipelineFault? {
        let fault = book.take(report, at: at(now))
        collect()
        return fault
    }

    mutating func advance(_ now: Int64) {
        book.advance(to: at(now))
        collect()
    }

    private mutating func collect() {
        for post in book.takePosts() {
            let group = post.name + post.group.description
            sums[group, default: Sums()].add(post)
            times[group + "@\(post.at.millis)", default: Sums()].add(post)
        }
    }

    subscript(_ name: String) -> Sums { sums[name + "{}"] ?? Sums() }
}
