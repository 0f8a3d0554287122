import Model
import Wire

// Keys in a checkpoint: a section for each few pages, so that writing them never holds much.

/// The keys of a set, section by section.
public struct SpanKeySections: Sendable {
    private static let pagesAtOnce = 64

    private let slices: [SpanKeySlice]
    private var slice = 0
    private var page = 0

    public init(_ keys: SpanKeySet) { slices = keys.slices }

    /// The next section; nil after the last.
    public mutating func next() -> [UInt8]? {
        while slice < slices.count, page >= slices[slice].pages.count {
            slice += 1
            page = 0
        }
        guard slice < slices.count else { return nil }
        let end = min(page + Self.pagesAtOnce, slices[slice].pages.count)
        var out = ByteWriter()
        out.signedVarint(slices[slice].number)
        for index in page..<end {
            for key in slices[slice].pages[index].keys {
                out.fixed64(key.high)
                out.fixed64(key.low)
            }
        }
        page = end
        return out.bytes
    }
}

extension SpanKeySet {
    /// What is not in the sections and the configuration does not give.
    mutating func archiveHead(_ archive: inout Archive) {
        var window = window
        archive.field(&window)
        archive.field(&forgottenUntil)
        guard archive.isReading else { return }
        guard window > .zero else { return archive.fail() }
        let until = forgottenUntil
        self = SpanKeySet(window: window, bytesMax: bytesMax)
        forgottenUntil = until
    }

    mutating func restore(_ section: [UInt8]) -> Bool {
        var reader = ByteReader(section)
        guard let number = reader.signedVarint(), reader.remaining.isMultiple(of: 16) else {
            return false
        }
        while let high = reader.fixed64(), let low = reader.fixed64() {
            restore(SpanKey(high: high, low: low), slice: number)
        }
        return true
    }
}
