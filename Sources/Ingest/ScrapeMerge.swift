public import Model

// Columns to scrapes. Series of one target share their timestamps, nearly always all of them: then
// its columns are turned into rows by one pass, and a scrape is a slice of them. Where they differ
// (a series begins, ends, or was left out) its columns are merged by time. A binary heap over
// targets gives the scrapes of all in order of time. About 3 ns a sample.

/// The samples of one series over a stretch of time, ascending.
public struct ScrapeColumn: Sendable {
    /// The intake's number of the series.
    public var id: UInt32
    public var times: [Timestamp]
    public var values: [Double]

    /// A column; `times` and `values` are parallel.
    public init(id: UInt32, times: [Timestamp], values: [Double]) {
        self.id = id
        self.times = times
        self.values = values
    }
}

/// The scrapes of one target over a stretch of time, row by row.
private struct TargetRows: Sendable {
    var times: [Timestamp] = []
    /// Where each row begins; and the end.
    var starts: [Int] = [0]
    var numbers: [UInt32] = []
    var values: [Double] = []
    /// The row that is next.
    var next = 0

    init(_ columns: [ScrapeColumn]) {
        let isAligned = columns.dropFirst().allSatisfy { $0.times == columns[0].times }
        if isAligned { turn(columns) } else { merge(columns) }
    }

    /// All columns have the same times.
    private mutating func turn(_ columns: [ScrapeColumn]) {
        times = columns[0].times
        let width = columns.count
        let own = columns.map(\.id)
        numbers.reserveCapacity(width * times.count)
        starts.reserveCapacity(times.count + 1)
        for row in times.indices {
            numbers.append(contentsOf: own)
            starts.append((row + 1) * width)
        }
        values = Array(repeating: 0, count: width * times.count)
        for (place, column) in columns.enumerated() {
            var index = place
            for value in column.values {
                values[index] = value
                index += width
            }
        }
    }

    private mutating func merge(_ columns: [ScrapeColumn]) {
        var cursors = Array(repeating: 0, count: columns.count)
        while true {
            var time = Timestamp.distantFuture
            for (place, cursor) in cursors.enumerated() where cursor < columns[place].times.count {
                time = min(time, columns[place].times[cursor])
            }
            if time == .distantFuture { return }
            for place in cursors.indices {
                let cursor = cursors[place]
                guard cursor < columns[place].times.count, columns[place].times[cursor] == time
                else { continue }
                numbers.append(columns[place].id)
                values.append(columns[place].values[cursor])
                cursors[place] += 1
            }
            times.append(time)
            starts.append(numbers.count)
        }
    }
}

/// Merges columns in order of time, scrape by scrape.
public struct ScrapeMerge: Sendable {
    private var targets: [TargetRows] = []
    private var heap: [(time: Timestamp, target: Int)] = []

    /// Whole scrapes of what the columns hold. `keys` tells, parallel to `columns`, which belong to
    /// one target. Scrapes of the same time come in the order in which their targets first stand in
    /// `columns`.
    public init(_ columns: [ScrapeColumn], keys: [UInt64]) {
        var members: [[ScrapeColumn]] = []
        var places: [UInt64: Int] = [:]
        for index in columns.indices where !columns[index].times.isEmpty {
            if let place = places[keys[index]] {
                members[place].append(columns[index])
            } else {
                places[keys[index]] = members.count
                members.append([columns[index]])
            }
        }
        for (target, group) in members.enumerated() {
            targets.append(TargetRows(group))
            heap.append((targets[target].times[0], target))
        }
        heap.sort { ($0.time, $0.target) < ($1.time, $1.target) }
    }

    /// The time of the next scrape; nil at the end.
    public var nextTime: Timestamp? { heap.first?.time }

    /// Hands out the next scrape's series and values. O(log targets).
    public mutating func next(_ body: (ArraySlice<UInt32>, ArraySlice<Double>) -> Void) {
        guard let target = heap.first?.target else { return }
        let row = targets[target].next
        let range = targets[target].starts[row]..<targets[target].starts[row + 1]
        body(targets[target].numbers[range], targets[target].values[range])
        targets[target].next = row + 1
        if row + 1 < targets[target].times.count {
            heap[0].time = targets[target].times[row + 1]
        } else {
            heap[0] = heap[heap.count - 1]
            heap.removeLast()
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
