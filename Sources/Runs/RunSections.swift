public import Model
import Text

// Runs in a checkpoint: a head, then pages of runs. A snapshot holds the pages, which the book
// copies when it writes to them.

/// The sections of a point in time, one after the other.
public struct RunSections: Sendable {
    private static let pagesPerSection = 64

    private var head: RunHead
    private var runs: PagedArray<Run>
    private var page = -1

    /// Of a book.
    public init(_ book: RunBook) {
        head = book.head
        runs = book.runs
    }

    /// The next section; nil after the last.
    public mutating func next() -> [UInt8]? {
        if page < 0 {
            page = 0
            var archive = Archive()
            head.archive(&archive)
            return archive.bytes
        }
        guard page < runs.pageCount else { return nil }
        let last = min(runs.pageCount, page + Self.pagesPerSection)
        var archive = Archive()
        archive.pages(&runs, page..<last)
        page = last
        return archive.bytes
    }
}

/// A watch as a checkpoint has it.
struct RestoredWatch: Sendable {
    static let blank = RestoredWatch()

    var number: UInt32 = 0
    var service = ""
    var name = ""
    /// Tells whether what it counts is the same.
    var identity = ""
    var since = Timestamp.distantPast
    var removedAt: Timestamp?
    var groups: [ScheduleGroup] = []

    init() {}

    init(_ entry: WatchList.Entry) {
        number = entry.number
        service = entry.watch.service
        name = entry.watch.name
        identity = entry.watch.identity
        since = entry.since
        removedAt = entry.removedAt
        groups = entry.groups
    }

    func isOf(_ watch: RunWatch) -> Bool {
        service == watch.service && name == watch.name && identity == watch.identity
    }

    func entry(_ watch: RunWatch) -> WatchList.Entry {
        WatchList.Entry(number: number, watch: watch, since: since, groups: groups)
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&number)
        archive.field(&service)
        archive.field(&name)
        archive.field(&identity)
        archive.field(&since)
        archive.field(&removedAt)
        archive.array(&groups, blank: ScheduleGroup(.empty)) { $1.archive(&$0) }
    }
}

/// All but the runs: small, and shared with a snapshot rather than copied.
private struct RunHead: Sendable {
    var tally: RunTally
    var datasets: DatasetBook
    var facetNames: NameTable
    var forgottenThrough: Timestamp
    var shedAt: Timestamp
    var minute: Timestamp
    var lastNumber: UInt32
    var watches: [RestoredWatch]

    mutating func archive(_ archive: inout Archive) {
        tally.archive(&archive)
        datasets.archive(&archive)
        facetNames.archive(&archive)
        archive.field(&forgottenThrough)
        archive.field(&shedAt)
        archive.field(&minute)
        archive.field(&lastNumber)
        archive.array(&watches, blank: .blank) { $1.archive(&$0) }
    }
}

extension RunWatch {
    /// Everything that makes its counts what they are.
    var identity: String {
        [
            by.joined(separator: ","), rule.selector.text, rule.level.word, rule.measure.word,
            rule.within.description, rule.deadline?.description ?? "",
            rule.facets.joined(separator: ","), rule.schedule?.text ?? "",
            rule.schedule?.zoneName ?? "", token,
        ].joined(separator: "\n")
    }
}

extension RunBook {
    fileprivate var head: RunHead {
        get {
            RunHead(
                tally: tally, datasets: datasets, facetNames: facetNames,
                forgottenThrough: forgottenThrough, shedAt: shedAt, minute: minute,
                lastNumber: watches.lastNumber, watches: watches.entries.map { RestoredWatch($0) })
        }
        set {
            tally = newValue.tally
            datasets = newValue.datasets
            facetNames = newValue.facetNames
            setForgotten(newValue.forgottenThrough)
            setShed(newValue.shedAt)
            minute = newValue.minute
            watches.lastNumber = newValue.lastNumber
            watches.restored = newValue.watches
        }
    }

    /// Puts a section of a checkpoint back; the first is the head.
    public mutating func restore(_ section: [UInt8]) -> Bool {
        var archive = Archive(reading: section)
        if hasHead {
            archive.pages(&runs)
        } else {
            var read = head
            read.archive(&archive)
            head = read
            hasHead = true
        }
        return archive.isComplete
    }

    /// After the last section, and before `configure`, which finds the watches again.
    public mutating func finishRestore(at now: Timestamp) -> Bool { index(at: now) }
}
