// Ascending lists of series numbers against compressed lists of them. Runs that cannot meet the
// list are skipped without being decoded; within a list the search gallops.
import Model

enum NumberLists {
    /// Keeps the entries of `list` that are in the postings, or those that are not.
    static func filter(_ list: inout [UInt32], in postings: Postings, keep: Bool) {
        var out = 0
        var from = 0
        for index in 0..<postings.runCount {
            let run = postings.run(index)
            if run.count == 0 { continue }
            let low = gallop(list, from, run.first)
            if !keep { move(&list, from..<low, &out) }
            from = low
            guard from < list.count else { break }
            guard list[from] <= run.last else { continue }
            run.visit { number in
                while from < list.count && list[from] < number {
                    if !keep { put(&list, list[from], &out) }
                    from += 1
                }
                guard from < list.count && list[from] == number else { return }
                if keep { put(&list, number, &out) }
                from += 1
            }
        }
        if !keep { move(&list, from..<list.count, &out) }
        list.removeLast(list.count - out)
    }

    /// Keeps the entries that are in the other list, or those that are not.
    static func filter(_ list: inout [UInt32], in other: [UInt32], keep: Bool) {
        var out = 0
        var place = 0
        for index in list.indices {
            let number = list[index]
            place = gallop(other, place, number)
            let isThere = place < other.count && other[place] == number
            if isThere == keep { put(&list, number, &out) }
        }
        list.removeLast(list.count - out)
    }

    /// All entries of some postings, ascending, each once.
    static func union(_ postings: [Postings]) -> [UInt32] {
        let total = postings.reduce(0) { $0 + Int($1.count) }
        guard total > 0 else { return [] }
        if postings.count > 1 {
            let used = postings.filter { !$0.isEmpty }
            let low = used.reduce(UInt32.max) { min($0, $1.first) } & ~63
            let high = used.reduce(0) { max($0, $1.last) }
            // Setting bits costs less than sorting unless they are far apart.
            if Int(high - low) / 64 < 4 * total { return bitUnion(used, low, high, total) }
        }
        var all: [UInt32] = []
        all.reserveCapacity(total)
        for list in postings {
            for index in 0..<list.runCount { list.run(index).visit { all.append($0) } }
        }
        if postings.count > 1 {
            all.sort()
            var out = 0
            for number in all where out == 0 || all[out - 1] != number { put(&all, number, &out) }
            all.removeLast(all.count - out)
        }
        return all
    }

    private static func bitUnion(
        _ postings: [Postings], _ low: UInt32, _ high: UInt32, _ total: Int
    ) -> [UInt32] {
        var words = [UInt64](repeating: 0, count: Int(high - low) / 64 + 1)
        for list in postings {
            for index in 0..<list.runCount {
                list.run(index).visit { number in
                    words[Int(number - low) >> 6] |= 1 << UInt64((number - low) & 63)
                }
            }
        }
        var all: [UInt32] = []
        all.reserveCapacity(total)
        for (index, word) in words.enumerated() {
            var bits = word
            while bits != 0 {
                all.append(low + UInt32(index * 64 + bits.trailingZeroBitCount))
                bits &= bits - 1
            }
        }
        return all
    }

    /// The first place from `start` on whose entry is not below `number`.
    private static func gallop(_ list: [UInt32], _ start: Int, _ number: UInt32) -> Int {
        guard start < list.count, list[start] < number else { return start }
        var below = start
        var step = 1
        while below + step < list.count && list[below + step] < number {
            below += step
            step *= 2
        }
        var above = min(below + step, list.count)
        while below + 1 < above {
            let middle = (below + above) / 2
            if list[middle] < number { below = middle } else { above = middle }
        }
        return above
    }

    private static func put(_ list: inout [UInt32], _ number: UInt32, _ out: inout Int) {
        list[out] = number
        out += 1
    }

    private static func move(_ list: inout [UInt32], _ range: Range<Int>, _ out: inout Int) {
        if out == range.lowerBound {
            out = range.upperBound
            return
        }
        for index in range { put(&list, list[index], &out) }
    }
}
