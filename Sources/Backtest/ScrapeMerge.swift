import Model

// Columns to scrapes: series of one target share their timestamps, so a scrape is what stands at
// the smallest next time of a target's columns, and the target with the smallest is next. A binary
// heap over targets, a pass over the target's columns per scrape: about 4 ns a sample.

/// Merges columns in order of time, scrape by scrape.
struct ScrapeMerge {
    /// A column's place in its target.
    private struct Cursor {
        var column: Int
        var next: Int
        /// Its next time; `never` at the end.
        var time: Timestamp
    }

    private static let never = Timestamp.distantFuture

    private var cursors: [Cursor] = []
    /// Of each target the range of its cursors.
    private var ranges: [Range<Int>] = []
    private var heap: [(time: Timestamp, target: Int)] = []
    /// The scrape found last: its columns' numbers and values.
    private(set) var numbers: [UInt32] = []
    private(set) var values: [Double] = []

    /// `keys` tells, parallel to `columns`, which belong to one target. Scrapes of the same time
    /// come in the order in which their targets first stand in `columns`.
    init(_ columns: [HistoryColumn], keys: [UInt64]) {
        var members: [[Int]] = []
        var places: [UInt64: Int] = [:]
        for index in columns.indices where !columns[index].times.isEmpty {
            if let place = places[keys[index]] {
                members[place].append(index)
            } else {
                places[keys[index]] = members.count
                members.append([index])
            }
        }
        for group in members {
            let first = cursors.count
            for index in group {
                cursors.append(Cursor(column: index, next: 0, time: columns[index].times[0]))
            }
            ranges.append(first..<cursors.count)
            let earliest = cursors[first...].reduce(Self.never) { min($0, $1.time) }
            heap.append((earliest, ranges.count - 1))
        }
        heap.sort { ($0.time, $0.target) < ($1.time, $1.target) }
    }

    /// The time of the next scrape; nil at the end.
    var nextTime: Timestamp? { heap.first?.time }

    /// Takes the next scrape into `numbers` and `values`. O(columns of the target + log targets).
    mutating func next(of columns: [HistoryColumn]) {
        guard let (time, target) = heap.first else { return }
        numbers.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        var following = Self.never
        for index in ranges[target] {
            var cursor = cursors[index]
            if cursor.time == time {
                numbers.append(columns[cursor.column].number)
                values.append(columns[cursor.column].values[cursor.next])
                cursor.next += 1
                let times = columns[cursor.column].times
                cursor.time = cursor.next < times.count ? times[cursor.next] : Self.never
                cursors[index] = cursor
            }
            following = min(following, cursor.time)
        }
        if following == Self.never {
            heap[0] = heap[heap.count - 1]
            heap.removeLast()
        } else {
            heap[0].time = following
        }
        sink()
    }

    /// Restores the heap's order after its first element changed.
    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if (heap[child].time, heap[child].target) < (heap[least].time, heap[least].target) {
                    least = child
                }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
