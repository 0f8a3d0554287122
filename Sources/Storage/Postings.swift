// The series that have one label: ascending numbers as varint distances, in runs of at most 4 KiB
// of bytes. Numbers are only ever added at the end. A removed series stays in the lists as a dead
// entry until the list is compacted, a run at a time; readers drop dead ones at the end.
//
// A pod's 40 series take 39 bytes in one allocation; a label that every series has, one byte each.

/// A compressed list of ascending series numbers.
struct Postings: Sendable {
    /// Consecutive entries of the list.
    struct Run: Sendable {
        /// Distances from `first` on.
        var distances: [UInt8] = []
        var first: UInt32 = 0
        var last: UInt32 = 0
        var count: UInt32 = 0
    }

    /// With its header an array of this many bytes fills 4 KiB.
    static let runBytesMax = 4064
    private static let varintBytesMax = 5

    private var full: [Run] = []
    private var tail = Run()
    private(set) var count: UInt32 = 0
    /// Entries of series that are gone.
    var dead: UInt32 = 0
    /// Whether its owner has noted that it is to be compacted.
    var isQueued = false

    var isEmpty: Bool { count == 0 }
    var runCount: Int { full.count + 1 }
    var first: UInt32 { full.first?.first ?? tail.first }
    var last: UInt32 { tail.count > 0 ? tail.last : full.last?.last ?? 0 }

    /// A run's entries; the last one may be empty.
    func run(_ index: Int) -> Run { index < full.count ? full[index] : tail }

    /// Adds a number above all others. O(1) amortised.
    mutating func append(_ number: UInt32) {
        if tail.distances.count > Self.runBytesMax - Self.varintBytesMax {
            full.append(tail)
            tail = Run()
        }
        tail.append(number)
        count += 1
    }

    /// Drops the entries of a run for which `isLive` does not hold, and joins what is left with the
    /// run before when there is room. O(entries of the two runs). Returns the run to look at next.
    mutating func compactRun(_ index: Int, _ isLive: (UInt32) -> Bool) -> Int {
        let old = run(index)
        var kept = Run()
        old.visit { if isLive($0) { kept.append($0) } }
        count -= old.count - kept.count
        dead -= min(dead, old.count - kept.count)
        if index == full.count {
            tail = kept
            return index + 1
        }
        if kept.count == 0 {
            full.remove(at: index)
            return index
        }
        let room = Self.runBytesMax - Self.varintBytesMax - kept.distances.count
        if index > 0 && full[index - 1].distances.count < room {
            var joined = full[index - 1]
            kept.visit { joined.append($0) }
            full[index - 1] = joined
            full.remove(at: index)
            return index
        }
        full[index] = kept
        return index + 1
    }

    /// Bytes of the runs, what is reserved included.
    var reservedBytes: Int {
        full.reduce(tail.distances.capacity) { $0 + $1.distances.capacity + 24 }
    }
}

extension Postings.Run {
    /// Adds a number above all others.
    mutating func append(_ number: UInt32) {
        defer {
            last = number
            count += 1
        }
        guard count > 0 else {
            first = number
            return
        }
        var distance = number - last
        while distance >= 0x80 {
            distances.append(UInt8(truncatingIfNeeded: distance) | 0x80)
            distance >>= 7
        }
        distances.append(UInt8(truncatingIfNeeded: distance))
    }

    /// Calls `body` with each entry, ascending.
    func visit(_ body: (UInt32) -> Void) {
        if count == 0 { return }
        var number = first
        body(number)
        let bytes = distances.span
        var index = 0
        while index < bytes.count {
            var byte = bytes[index]
            var distance = UInt32(byte & 0x7f)
            var shift: UInt32 = 7
            index += 1
            while byte >= 0x80 && index < bytes.count {
                byte = bytes[index]
                distance |= UInt32(byte & 0x7f) << shift
                shift += 7
                index += 1
            }
            number += distance
            body(number)
        }
    }
}
