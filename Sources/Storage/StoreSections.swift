public import Model

/// A point in time of a store, given out section by section for a checkpoint.
public struct StoreSections: Sendable {
    /// The first byte of a section.
    enum Kind: UInt8 {
        case index = 1
        case tails, chunks, exemplars, descriptions
    }

    private static let pagesPerSection = 64
    private var index: IndexSections
    private var tails: PagedArray<SeriesTail>
    private var chunks: ChunkSections
    private var exemplars: ExemplarRing
    private var descriptions: [String: MetricDescription]
    private var kind = Kind.index
    private var page = 0

    init(
        index: IndexSections, tails: PagedArray<SeriesTail>, chunks: ChunkSections,
        exemplars: ExemplarRing, descriptions: [String: MetricDescription]
    ) {
        self.index = index
        self.tails = tails
        self.chunks = chunks
        self.exemplars = exemplars
        self.descriptions = descriptions
    }

    /// The next section; nil after the last.
    public mutating func next() -> [UInt8]? {
        switch kind {
        case .index:
            if let section = index.next() { return [Kind.index.rawValue] + section }
            kind = .tails
        case .tails:
            if page < tails.pageCount { return tailSection() }
            kind = .chunks
        case .chunks:
            if let section = chunks.nextSection() { return [Kind.chunks.rawValue] + section }
            kind = .exemplars
        case .exemplars:
            kind = .descriptions
            page = 0
            var archive = Archive()
            exemplars.archive(&archive)
            return [Kind.exemplars.rawValue] + archive.bytes
        case .descriptions:
            guard page == 0 else { return nil }
            page = 1
            var archive = Archive()
            Self.archive(&descriptions, &archive)
            return [Kind.descriptions.rawValue] + archive.bytes
        }
        return next()
    }

    private mutating func tailSection() -> [UInt8] {
        var archive = Archive()
        let range = page..<min(page + Self.pagesPerSection, tails.pageCount)
        page = range.upperBound
        archive.pages(&tails, range)
        return [Kind.tails.rawValue] + archive.bytes
    }

    static func archive(
        _ descriptions: inout [String: MetricDescription], _ archive: inout Archive
    ) {
        archive.dictionary(&descriptions, blankKey: "", blank: .blank) {
            $0.field(&$1)
            $0.field(&$2)
        }
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
