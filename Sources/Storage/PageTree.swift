// A paged array of three levels, for state that grows to hundreds of thousands of pages. With the
// two levels of `PagedArray` the first write after a copy retains every page, 12 ms at 125,000
// pages; here it copies the list of directories, one directory of 512 pages and one page: at most
// about 20 us, whatever the size.

/// A growing array in pages of at most 4 KiB, below directories of 512 pages.
///
/// A copy costs one retain and shares everything; a write copies what lies on its path if a copy
/// still holds it. Access is O(1): three loads, each checked.
struct PageTree<Element: Sendable>: Sendable {
    private typealias Directory = [[Element]]

    private var directories: [[[Element]]] = []
    /// Elements, those of released pages included.
    private(set) var count = 0

    private static var directoryShift: Int { 9 }

    /// The largest page of a power of two elements within 4 KiB; one element at least.
    private static var pageShift: Int {
        let fitting = max(1, 4096 / max(1, MemoryLayout<Element>.stride))
        return Int.bitWidth - 1 - fitting.leadingZeroBitCount
    }

    /// Elements a page holds.
    static var pageCapacity: Int { 1 << pageShift }
    var pageCount: Int { (count + Self.pageCapacity - 1) >> Self.pageShift }
    var isEmpty: Bool { count == 0 }

    subscript(_ index: Int) -> Element {
        @inline(__always) get {
            directories[index >> (Self.pageShift + Self.directoryShift)][
                (index >> Self.pageShift) & (1 << Self.directoryShift - 1)][
                    index & (Self.pageCapacity - 1)]
        }
        @inline(__always) _modify {
            yield &directories[index >> (Self.pageShift + Self.directoryShift)][
                (index >> Self.pageShift) & (1 << Self.directoryShift - 1)][
                    index & (Self.pageCapacity - 1)]
        }
    }

    /// Adds an element at the end. Amortised O(1).
    mutating func append(_ element: Element) {
        if count & (Self.pageCapacity - 1) == 0 { appendPage(reserving: Self.pageCapacity) }
        let last = directories.count - 1
        directories[last][directories[last].count - 1].append(element)
        count += 1
    }

    /// Adds a whole page of one value; the tree must end at a page's end.
    mutating func appendPage(repeating element: Element) {
        precondition(count & (Self.pageCapacity - 1) == 0, "pages are appended to full ones")
        appendPage(reserving: 0)
        let last = directories.count - 1
        directories[last][directories[last].count - 1] = Array(
            repeating: element, count: Self.pageCapacity)
        count += Self.pageCapacity
    }

    private mutating func appendPage(reserving capacity: Int) {
        if (directories.last?.count ?? 1 << Self.directoryShift) == 1 << Self.directoryShift {
            directories.append([])
        }
        var page: [Element] = []
        page.reserveCapacity(capacity)
        directories[directories.count - 1].append(page)
    }

    /// Frees a full page; its elements must not be read or written afterwards.
    mutating func releasePage(_ page: Int) {
        precondition((page + 1) << Self.pageShift <= count, "only a full page can be released")
        directories[page >> Self.directoryShift][page & (1 << Self.directoryShift - 1)] = []
    }

    /// Adds a page that counts as released, so that later numbers stay as they were.
    mutating func appendReleasedPage() {
        precondition(count & (Self.pageCapacity - 1) == 0, "pages are appended to full ones")
        appendPage(reserving: 0)
        count += Self.pageCapacity
    }

    /// Whether the page of an element was released.
    func isReleased(_ index: Int) -> Bool {
        let page = index >> Self.pageShift
        return directories[page >> Self.directoryShift][page & (1 << Self.directoryShift - 1)]
            .isEmpty
    }
}
