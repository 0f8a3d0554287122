// A paged array of three levels, for state that grows to hundreds of thousands of pages. With the
// two levels of `PagedArray` the first write after a copy retains every page, 12 ms at 125,000
// pages; here it copies the list of directories, one directory of 512 pages and one page, about
// 50 us at most.
//
// A write has to know that no copy shares the page. Asking each level costs 9 ns; instead a tree
// keeps a table of the pages it knows to be its own, the ledger below. Copying the tree shares the
// ledger, which says so by its reference count: the first write after that starts an empty one and
// voids the shared one, so that neither copy trusts it again. One check and two loads are left.

/// A growing array in pages of at most 4 KiB, below directories of 512 pages.
///
/// A copy costs two retains and shares everything; a write copies what lies on its path if a copy
/// still holds it. Access is O(1) and checked.
@safe
struct PageTree<Element: Sendable>: @unchecked Sendable {
    // Sendable: a page is written only while one tree holds it, and that tree is written by one
    // thread as any value is; readers of copies never look at the ledger.
    private var directories: [[Page<Element>]] = []
    private var owned = OwnedPages<Element>(capacity: 0)
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
            let page = page(index >> Self.pageShift)
            let place = index & (Self.pageCapacity - 1)
            precondition(place < page.count, "an element that is there")
            return unsafe page.base[place]
        }
        @inline(__always) _modify {
            precondition(
                UInt(bitPattern: index) < UInt(bitPattern: count), "an element that is there")
            let base = unsafe writable(index >> Self.pageShift)
            yield unsafe &base[index & (Self.pageCapacity - 1)]
        }
    }

    /// An element whose page the tree knows to be its own; nil of any other. Unlike the subscript
    /// it counts no reference: that would keep loads which follow each other from overlapping.
    @inline(__always)
    mutating func ownElement(_ index: Int) -> Element? {
        guard index < count, isKnownUniquelyReferenced(&owned),
            let base = unsafe owned[index >> Self.pageShift]
        else { return nil }
        return unsafe base[index & (Self.pageCapacity - 1)]
    }

    /// Appends elements of one page to others, with one check for all of them.
    func append(_ range: Range<Int>, to out: inout [Element]) {
        let page = page(range.lowerBound >> Self.pageShift)
        let place = range.lowerBound & (Self.pageCapacity - 1)
        precondition(place + range.count <= page.count, "elements that are there, of one page")
        let elements = unsafe UnsafeBufferPointer(start: page.base + place, count: range.count)
        unsafe out.append(contentsOf: elements)
    }

    @inline(__always)
    private func page(_ number: Int) -> Page<Element> {
        directories[number >> Self.directoryShift][number & (1 << Self.directoryShift - 1)]
    }

    /// The elements of a page that no copy shares.
    @inline(__always)
    private mutating func writable(_ number: Int) -> UnsafeMutablePointer<Element> {
        if isKnownUniquelyReferenced(&owned), let base = unsafe owned[number] {
            return unsafe base
        }
        return unsafe own(number)
    }

    @inline(never)
    private mutating func own(_ number: Int) -> UnsafeMutablePointer<Element> {
        if !isKnownUniquelyReferenced(&owned) {
            owned.void()
            owned = OwnedPages(capacity: max(pageCount, number + 1))
        } else if owned.capacity <= number {
            owned = OwnedPages(capacity: max(8, 2 * (number + 1)))
        }
        let (directory, place) = (
            number >> Self.directoryShift, number & (1 << Self.directoryShift - 1)
        )
        precondition(directories[directory][place].capacity > 0, "the page was not released")
        if !isKnownUniquelyReferenced(&directories[directory][place]) {
            directories[directory][place] = Page(copying: directories[directory][place])
        }
        let base = unsafe directories[directory][place].base
        unsafe owned.note(number, base)
        return unsafe base
    }

    /// Adds an element at the end. Amortised O(1).
    mutating func append(_ element: Element) {
        let place = count & (Self.pageCapacity - 1)
        if place == 0 { append(Page(capacity: Self.pageCapacity)) }
        let number = count >> Self.pageShift
        let base = unsafe writable(number)
        unsafe (base + place).initialize(to: element)
        page(number).count = place + 1
        count += 1
    }

    /// Adds a whole page of one value; the tree must end at a page's end.
    mutating func appendPage(repeating element: Element) {
        precondition(count & (Self.pageCapacity - 1) == 0, "pages are appended to full ones")
        let page = Page<Element>(capacity: Self.pageCapacity)
        unsafe page.base.initialize(repeating: element, count: Self.pageCapacity)
        page.count = Self.pageCapacity
        append(page)
        count += Self.pageCapacity
    }

    private mutating func append(_ page: Page<Element>) {
        if (directories.last?.count ?? 1 << Self.directoryShift) == 1 << Self.directoryShift {
            directories.append([])
        }
        directories[directories.count - 1].append(page)
    }

    /// Frees a full page; its elements must not be read or written afterwards.
    mutating func releasePage(_ page: Int) {
        precondition((page + 1) << Self.pageShift <= count, "only a full page can be released")
        // The ledger must not lead to memory that is freed.
        owned.void()
        owned = OwnedPages(capacity: pageCount)
        directories[page >> Self.directoryShift][page & (1 << Self.directoryShift - 1)] =
            Page(capacity: 0)
    }

    /// Adds a page that counts as released, so that later numbers stay as they were.
    mutating func appendReleasedPage() {
        precondition(count & (Self.pageCapacity - 1) == 0, "pages are appended to full ones")
        append(Page(capacity: 0))
        count += Self.pageCapacity
    }

    /// Whether the page of an element was released.
    func isReleased(_ index: Int) -> Bool { page(index >> Self.pageShift).capacity == 0 }
}

/// One page of a tree. A class because its identity is what copies share.
@safe
private final class Page<Element> {
    let base: UnsafeMutablePointer<Element>
    let capacity: Int
    /// Elements that are initialised.
    var count = 0

    init(capacity: Int) {
        self.capacity = capacity
        unsafe base = .allocate(capacity: max(1, capacity))
    }

    convenience init(copying other: Page) {
        self.init(capacity: other.capacity)
        unsafe base.initialize(from: other.base, count: other.count)
        count = other.count
    }

    deinit {
        unsafe base.deinitialize(count: count)
        unsafe base.deallocate()
    }
}

/// Which pages a tree knows to be its own. Trusted by a tree that alone holds it.
@safe
private final class OwnedPages<Element> {
    private let bases: UnsafeMutablePointer<UnsafeMutablePointer<Element>?>
    private let allocated: Int
    /// Pages it can tell of; 0 when nothing in it is to be trusted.
    private(set) var capacity: Int

    init(capacity: Int) {
        allocated = capacity
        self.capacity = capacity
        unsafe bases = .allocate(capacity: max(1, capacity))
        unsafe bases.initialize(repeating: nil, count: capacity)
    }

    deinit { unsafe bases.deallocate() }

    @inline(__always)
    subscript(number: Int) -> UnsafeMutablePointer<Element>? {
        number < capacity ? unsafe bases[number] : nil
    }

    func note(_ number: Int, _ base: UnsafeMutablePointer<Element>) {
        precondition(number < capacity, "a page the ledger has a place for")
        unsafe bases[number] = unsafe base
    }

    func void() { capacity = 0 }
}
