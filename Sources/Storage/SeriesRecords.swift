// Each series' labels as the numbers of their symbols, packed: 32 series to a block of bytes, each
// with its length before it, so that finding one skips at most 31. Ten labels take about 20 bytes.
// A block whose series are all gone is freed, and so is a page of such blocks (8,192 series), which
// leaves 8 bytes: numbers are never used again, and churn must not grow memory.
import Model

/// From a series' number to its label symbols.
struct SeriesRecords: Sendable {
    private struct Block {
        var bytes: [UInt8] = []
        /// One bit a series, set while it is there.
        var live: UInt32 = 0
    }

    static let blockSeries = 32

    private var blocks = PagedArray<Block>()
    /// Numbers used so far; the next series gets this one.
    private(set) var end: UInt32 = 0
    /// Series that are there.
    private(set) var count = 0

    /// Adds a series with these symbols.
    mutating func append(_ symbols: [UInt32]) -> UInt32 {
        precondition(end < .max, "series numbers are used up")
        let number = end
        let place = number & 31
        if place == 0 { blocks.append(Block()) }
        let block = Int(number >> 5)
        blocks[block].live |= 1 << place
        Self.write(symbols, to: &blocks[block].bytes)
        if place == 31 { trim(block) }
        end += 1
        count += 1
        return number
    }

    /// Uses up numbers without series, until `end` is `next`. O(numbers / 8192).
    mutating func skip(to next: UInt32) {
        while end < next {
            let place = end & 31
            if place == 0 && next - end >= 32 {
                let pageSeries = UInt32(blocks.pageCapacity * Self.blockSeries)
                if end % pageSeries == 0 && next - end >= pageSeries {
                    blocks.appendReleasedPage()
                    end += pageSeries
                } else {
                    blocks.append(Block())
                    end += 32
                }
                continue
            }
            if place == 0 { blocks.append(Block()) }
            blocks[Int(end >> 5)].bytes.append(0)
            end += 1
            if place == 31 { releaseIfDead(Int((end - 1) >> 5)) }
        }
    }

    func isLive(_ number: UInt32) -> Bool { live(Int(number >> 5)) >> (number & 31) & 1 == 1 }

    /// The bits of the 32 series from `32 * block` on.
    func live(_ block: Int) -> UInt32 {
        guard block < blocks.count, !blocks.isReleased(block) else { return 0 }
        return blocks[block].live
    }

    /// Removes a series that is there.
    mutating func remove(_ number: UInt32) {
        let block = Int(number >> 5)
        blocks[block].live &= ~(1 << (number & 31))
        count -= 1
        // The last block still takes series; its bytes say where they are.
        if end >= UInt32(block + 1) << 5 { releaseIfDead(block) }
    }

    /// Where a series' symbols begin, so that the search for a later one of its block can go on
    /// from there.
    struct Cursor {
        fileprivate var block = -1
        fileprivate var place: UInt32 = 0
        fileprivate var index = 0
    }

    /// Calls `body` with a live series' symbols, in the order of their names.
    func forEachSymbol(of number: UInt32, _ body: (UInt32) -> Void) {
        var cursor = Cursor()
        forEachSymbol(of: number, from: &cursor, body)
    }

    /// The same, faster for numbers that ascend.
    func forEachSymbol(of number: UInt32, from cursor: inout Cursor, _ body: (UInt32) -> Void) {
        let (block, place) = (Int(number >> 5), number & 31)
        let bytes = blocks[block].bytes
        let span = bytes.span
        if cursor.block != block || cursor.place > place {
            cursor = Cursor(block: block, place: 0, index: 0)
        }
        var index = cursor.index
        for _ in cursor.place..<place {
            let length = Int(Self.varint(span, &index))
            index += length
        }
        cursor.place = place
        cursor.index = index
        let length = Int(Self.varint(span, &index))
        let stop = index + length
        while index < stop { body(Self.varint(span, &index)) }
    }

    /// Calls `body` with every live number, ascending.
    func forEachLive(_ body: (UInt32) -> Void) {
        for page in 0..<blocks.pageCount {
            let first = UInt32(page * blocks.pageCapacity)
            for (place, block) in blocks.page(page).enumerated() {
                var bits = block.live
                let base = (first + UInt32(place)) << 5
                while bits != 0 {
                    body(base + UInt32(bits.trailingZeroBitCount))
                    bits &= bits - 1
                }
            }
        }
    }

    private mutating func releaseIfDead(_ block: Int) {
        guard blocks[block].live == 0 else { return }
        blocks[block].bytes = []
        let page = block / blocks.pageCapacity
        guard Int(end >> 5) >= (page + 1) * blocks.pageCapacity else { return }
        if blocks.page(page).allSatisfy({ $0.live == 0 }) { blocks.releasePage(page) }
    }

    /// A full block keeps no room for more.
    private mutating func trim(_ block: Int) {
        var exact: [UInt8] = []
        exact.reserveCapacity(blocks[block].bytes.count)
        exact.append(contentsOf: blocks[block].bytes)
        blocks[block].bytes = exact
    }

    private static func write(_ symbols: [UInt32], to bytes: inout [UInt8]) {
        write(UInt32(symbols.reduce(0) { $0 + width($1) }), to: &bytes)
        for symbol in symbols { write(symbol, to: &bytes) }
    }

    private static func width(_ value: UInt32) -> Int {
        max(1, (38 - value.leadingZeroBitCount) / 7)
    }

    private static func write(_ value: UInt32, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    private static func varint(_ bytes: Span<UInt8>, _ index: inout Int) -> UInt32 {
        var value: UInt32 = 0
        var shift: UInt32 = 0
        while true {
            let byte = bytes[index]
            index += 1
            value |= UInt32(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }
}
