public import Model

/// A point in time of a store, given out section by section for a checkpoint.
public struct StoreSections: Sendable {
    private static let pagesPerSection = 64
    private var labels: PagedArray<Labels>
    private var tails: PagedArray<SeriesTail>
    private var page = 0

    init(labels: PagedArray<Labels>, tails: PagedArray<SeriesTail>) {
        self.labels = labels
        self.tails = tails
    }

    /// The next section; nil after the last.
    public mutating func next() -> [UInt8]? {
        guard page < tails.pageCount else { return nil }
        var archive = Archive()
        let range = page..<min(page + Self.pagesPerSection, tails.pageCount)
        page = range.upperBound
        archive.pages(&tails, range)
        let first = range.lowerBound * tails.pageCapacity
        let last = min(range.upperBound * tails.pageCapacity, tails.count)
        for index in first..<last {
            var one = labels[index]
            archive.field(&one)
        }
        return archive.bytes
    }
}

extension SeriesTail: Archivable {
    /// To read into.
    public static let blank = SeriesTail.none

    /// Time, then value.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&time)
        archive.field(&value)
    }
}

extension SeriesStore {
    /// A point in time.
    public func sections() -> StoreSections { StoreSections(labels: labelsByID, tails: tails) }

    /// Takes the next section; false when it is malformed.
    public mutating func restore(_ section: [UInt8]) -> Bool {
        var archive = Archive(reading: section)
        let first = tails.count
        archive.pages(&tails)
        for _ in first..<max(first, tails.count) where archive.isSound {
            var labels = Labels.empty
            archive.field(&labels)
            restore(labels)
        }
        return archive.isComplete
    }

    /// Whether all sections belong together.
    public mutating func finishRestore() -> Bool { tails.count == count }
}
