// Short byte strings in pages of 4 KiB, each page cut into slots of one size. A freed slot goes to
// its size's free list, which is threaded through the slots themselves, so that the bytes of dead
// symbols are used again. What is longer than a page has one of its own.
//
// An address is page << 8 | slot. The length is kept by the owner of the address.
import Model

/// Byte strings with addresses, copied page by page like `PagedArray`.
struct ByteSlabs: Sendable {
    /// With its header an array of this many bytes fills 4 KiB.
    static let pageBytes = 4064
    private static let sizes = [
        16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 336, 448, 576, 800, 1352, 2032, 4064,
    ]

    private var pages = PagedArray<[UInt8]>()
    /// Per size: address + 1 of the first free slot.
    private var free = [UInt32](repeating: 0, count: ByteSlabs.sizes.count)
    /// Numbers of pages that held one long string.
    private var freePages: [UInt32] = []
    /// Bytes of all pages.
    private(set) var pageBytesTotal = 0

    /// Copies the bytes in. O(n).
    mutating func store(_ bytes: Span<UInt8>) -> UInt32 {
        guard let size = Self.size(bytes.count) else { return storeAlone(bytes) }
        if free[size] == 0 { addPage(size) }
        let address = free[size] - 1
        let page = Int(address >> 8)
        let start = Int(address & 0xff) * Self.sizes[size]
        free[size] = read32(page, start)
        pages[page].replace(at: start, with: bytes)
        return address
    }

    /// Gives a slot back; `count` is the length that was stored.
    mutating func release(_ address: UInt32, count: Int) {
        let page = Int(address >> 8)
        guard let size = Self.size(count) else {
            pageBytesTotal -= pages[page].count
            pages[page] = []
            freePages.append(UInt32(page))
            return
        }
        write32(page, Int(address & 0xff) * Self.sizes[size], free[size])
        free[size] = address + 1
    }

    /// Lends the bytes at an address.
    func withBytes<Result>(
        _ address: UInt32, count: Int, _ body: (Span<UInt8>) -> Result
    ) -> Result {
        let page = pages[Int(address >> 8)]
        let size = Self.size(count).map { Self.sizes[$0] } ?? 0
        let start = Int(address & 0xff) * size
        return body(page.span.extracting(start..<(start + count)))
    }

    /// Appends the bytes at an address to others.
    func append(_ address: UInt32, count: Int, to out: inout [UInt8]) {
        let size = Self.size(count).map { Self.sizes[$0] } ?? 0
        let start = Int(address & 0xff) * size
        out.append(contentsOf: pages[Int(address >> 8)][start..<(start + count)])
    }

    private mutating func storeAlone(_ bytes: Span<UInt8>) -> UInt32 {
        var copy = [UInt8](repeating: 0, count: bytes.count)
        copy.replace(at: 0, with: bytes)
        pageBytesTotal += copy.count
        if let page = freePages.popLast() {
            pages[Int(page)] = copy
            return page << 8
        }
        pages.append(copy)
        return UInt32(pages.count - 1) << 8
    }

    /// A page of free slots, first to last.
    private mutating func addPage(_ size: Int) {
        let page = pages.count
        precondition(page < 1 << 24, "64 GiB of symbols")
        pages.append([UInt8](repeating: 0, count: Self.pageBytes))
        pageBytesTotal += Self.pageBytes
        for slot in (0..<(Self.pageBytes / Self.sizes[size])).reversed() {
            write32(page, slot * Self.sizes[size], free[size])
            free[size] = UInt32(page) << 8 | UInt32(slot) + 1
        }
    }

    private func read32(_ page: Int, _ at: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(pages[page][at + $1]) << UInt32(8 * $1) }
    }

    private mutating func write32(_ page: Int, _ at: Int, _ value: UInt32) {
        for index in 0..<4 {
            pages[page][at + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
        }
    }

    /// The size a length takes; nil when it takes a page of its own.
    private static func size(_ count: Int) -> Int? {
        count <= pageBytes ? Int(sizeOfEighths[(count + 7) >> 3]) : nil
    }

    private static let sizeOfEighths: [UInt8] = (0...(pageBytes / 8)).map { eighths in
        UInt8(sizes.firstIndex { $0 >= 8 * eighths } ?? 0)
    }
}

extension [UInt8] {
    fileprivate mutating func replace(at start: Int, with bytes: Span<UInt8>) {
        for index in 0..<bytes.count { self[start + index] = bytes[index] }
    }
}
