// An array in pages of at most 4 KiB. A copy shares the pages and costs one retain; writing to the
// original afterwards copies one page at a time, so a snapshot that a reader holds never stalls the
// writer (DESIGN §3.1). The first write after a copy also copies the table of pages, 8 bytes a
// page. Pages whose elements are all of no use can be released.

/// A growing array whose copies are cheap to take and cheap to diverge from.
///
/// An element's address is (page, place); access is O(1) with one more load than an array's.
public struct PagedArray<Element: Sendable>: Sendable {
    /// A page takes at most this many bytes, unless one element does.
    @inlinable public static var pageBytes: Int { 4096 }

    @usableFromInline var pages: [[Element]] = []
    @usableFromInline let shift: Int
    /// Elements, those of released pages included.
    @inlinable public var count: Int { total }
    @usableFromInline var total = 0

    @inlinable public init() {
        var shift = 0
        while (2 << shift) * MemoryLayout<Element>.stride <= Self.pageBytes { shift += 1 }
        self.shift = shift
    }

    /// Elements a page holds.
    @inlinable public var pageCapacity: Int { 1 << shift }
    @inlinable public var pageCount: Int { pages.count }
    @inlinable public var indices: Range<Int> { 0..<count }
    @inlinable public var isEmpty: Bool { count == 0 }

    @inlinable public subscript(_ index: Int) -> Element {
        // Borrowed, not copied: an element may hold arrays of its own.
        _read { yield pages[index >> shift][index & (1 << shift - 1)] }
        _modify { yield &pages[index >> shift][index & (1 << shift - 1)] }
    }

    /// Adds an element at the end. Amortised O(1).
    @inlinable public mutating func append(_ element: Element) {
        if count & (1 << shift - 1) == 0 {
            var page: [Element] = []
            page.reserveCapacity(1 << shift)
            pages.append(page)
        }
        pages[pages.count - 1].append(element)
        total += 1
    }

    /// One page's elements; empty when it was released.
    @inlinable public func page(_ index: Int) -> [Element] { pages[index] }

    /// Frees a full page; its elements must not be read or written afterwards.
    @inlinable public mutating func releasePage(_ index: Int) {
        precondition((index + 1) << shift <= count, "only a full page can be released")
        pages[index] = []
    }

    @inlinable public func isReleased(_ index: Int) -> Bool { pages[index >> shift].isEmpty }

    /// Appends a page that was released, so that numbers stay as they were.
    @inlinable public mutating func appendReleasedPage() {
        precondition(count & (1 << shift - 1) == 0, "pages are appended to full ones")
        pages.append([])
        total += 1 << shift
    }
}
