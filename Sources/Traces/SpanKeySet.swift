public import Model
public import Wire

// Which spans have been counted. Senders send a request again when its answer was lost, so a span
// may come twice, minutes apart. A span's key is kept until its end is older than the window; by
// then it is refused, whatever it is, so that nothing counts twice at any rate. Keys lie in slices
// of time by when their spans ended, and go slice by slice. When they would take more bytes than
// they may, the oldest slice goes early, and spans that ended in it are refused, too.
//
// A slice is an extendible hash table: pages of 256 keys (4 KiB), which split when they are three
// quarters full, and a directory by the keys' first bits. An insertion costs one page and now and
// then a split; nothing is ever copied as a whole, also while a checkpoint reads a copy.

/// The keys of a window of time, within a number of bytes.
public struct SpanKeySet: Sendable {
    /// What became of a key.
    public enum Outcome: Sendable { case new, duplicate, tooOld, forgotten, future }

    /// Spans may end so far ahead of the clock.
    public static let aheadMax = TimeSpan.minutes(10)
    /// Slices that a window is divided into.
    static let slicesPerWindow: Int64 = 30

    public private(set) var window: TimeSpan
    public private(set) var bytesMax: Int
    private var step: Int64
    private(set) var slices: [SpanKeySlice] = []
    /// All that ended up to then is refused: it was forgotten early.
    public internal(set) var forgottenUntil = Timestamp.distantPast
    public private(set) var bytes = 0
    public private(set) var count = 0
    /// The slice used last; spans of a request end together.
    private var last = 0

    /// An empty set.
    public init(window: TimeSpan, bytesMax: Int) {
        self.window = window
        self.bytesMax = bytesMax
        step = Self.step(of: window)
    }

    private static func step(of window: TimeSpan) -> Int64 {
        max(1000, (window.millis + slicesPerWindow - 1) / slicesPerWindow)
    }

    /// Takes another window or bound. Keys that are there stay in their slices; what ended before
    /// the time since when keys are known is not let in by a longer window.
    public mutating func configure(window: TimeSpan, bytesMax: Int, at now: Timestamp) {
        self.bytesMax = bytesMax
        guard window != self.window else { return }
        if window > self.window && count > 0 {
            forgottenUntil = max(forgottenUntil, now - self.window)
        }
        self.window = window
        let step = Self.step(of: window)
        guard step != self.step else { return }
        let old = slices
        let oldStep = self.step
        self.step = step
        slices = []
        (bytes, count, last) = (0, 0, 0)
        // Where in its slice a span ended is not kept: those that would be told apart now go.
        if let newest = old.last {
            forgottenUntil = max(
                forgottenUntil, Timestamp(millis: (newest.number + 1) * oldStep - 1))
        }
    }

    /// Lets go of what is older than the window.
    public mutating func advance(to now: Timestamp) {
        let edge = (now - window).millis
        while let first = slices.first, (first.number + 1) * step <= edge { dropFirst() }
    }

    private mutating func dropFirst() {
        bytes -= slices[0].bytes
        count -= slices[0].count
        slices.removeFirst()
        last = 0
    }

    /// Whether spans that ended then can be taken.
    public func refusal(ofEnd millis: Int64, at now: Timestamp) -> Outcome? {
        if millis < (now - window).millis { return .tooOld }
        if millis > (now + Self.aheadMax).millis { return .future }
        return millis <= forgottenUntil.millis ? .forgotten : nil
    }

    /// Adds a key, unless it is there. Amortised O(1).
    public mutating func insert(
        _ key: SpanKey, endMillis: Int64, at now: Timestamp
    ) -> Outcome {
        if let refused = refusal(ofEnd: endMillis, at: now) { return refused }
        let place = slice(endMillis / step)
        let before = slices[place].bytes
        let outcome = slices[place].insert(key)
        guard outcome == .new else { return outcome }
        bytes += slices[place].bytes - before
        count += 1
        if bytes > bytesMax { forgetOldest() }
        return .new
    }

    /// Adds a key that was new when it came. For replay.
    mutating func restore(_ key: SpanKey, slice number: Int64) {
        let place = slice(number)
        let before = slices[place].bytes
        guard slices[place].insert(key) == .new else { return }
        bytes += slices[place].bytes - before
        count += 1
        if bytes > bytesMax { forgetOldest() }
    }

    /// The number of the slice of an end.
    func number(ofEnd millis: Int64) -> Int64 { millis / step }

    private mutating func forgetOldest() {
        // The newest goes as well, should it alone be too large.
        while bytes > bytesMax, let first = slices.first {
            forgottenUntil = max(
                forgottenUntil, Timestamp(millis: (first.number + 1) * step - 1))
            dropFirst()
        }
    }

    private mutating func slice(_ number: Int64) -> Int {
        if last < slices.count, slices[last].number == number { return last }
        var place = slices.count
        while place > 0, slices[place - 1].number > number { place -= 1 }
        if place > 0, slices[place - 1].number == number {
            last = place - 1
            return last
        }
        slices.insert(SpanKeySlice(number: number), at: place)
        bytes += slices[place].bytes
        last = place
        return place
    }
}

/// Keys of spans that ended in one slice of time.
struct SpanKeySlice: Sendable {
    /// Beyond it a page is full for good: 2^18 pages are a gigabyte.
    private static let depthMax: UInt64 = 18

    let number: Int64
    private var depth: UInt64 = 0
    /// Of the first bits of a key, the page.
    private var directory: [UInt32] = [0]
    private(set) var pages: [SpanKeyPage] = [SpanKeyPage(depth: 0)]
    private(set) var count = 0

    init(number: Int64) { self.number = number }

    var bytes: Int { pages.count * SpanKeyPage.bytes + directory.count * 4 }

    mutating func insert(_ key: SpanKey) -> SpanKeySet.Outcome {
        while true {
            let page = Int(directory[place(of: key)])
            if pages[page].isFull {
                if pages[page].contains(key) { return .duplicate }
                guard split(page) else { return .forgotten }
                continue
            }
            guard pages[page].insert(key) else { return .duplicate }
            count += 1
            return .new
        }
    }

    private func place(of key: SpanKey) -> Int {
        depth == 0 ? 0 : Int(truncatingIfNeeded: key.high >> (64 - depth))
    }

    /// Divides a page by the next bit of its keys.
    private mutating func split(_ page: Int) -> Bool {
        let own = pages[page].depth
        if own == depth {
            guard depth < Self.depthMax else { return false }
            directory = directory.flatMap { [$0, $0] }
            depth += 1
        }
        let old = pages[page]
        var (low, high) = (SpanKeyPage(depth: own + 1), SpanKeyPage(depth: own + 1))
        for key in old.slots where !key.isBlank {
            if key.high >> (63 - own) & 1 == 0 { _ = low.insert(key) } else { _ = high.insert(key) }
        }
        pages[page] = low
        pages.append(high)
        let number = UInt32(pages.count - 1)
        for index in directory.indices where Int(directory[index]) == page {
            let bit = UInt64(index) >> (depth - own - 1) & 1
            if bit == 1 { directory[index] = number }
        }
        return true
    }
}

/// At most 192 keys.
struct SpanKeyPage: Sendable {
    static let slotCount = 256
    static let bytes = slotCount * 16 + 64
    private static let fullCount = 192

    let depth: UInt64
    private(set) var count = 0
    private(set) var slots: [SpanKey]

    init(depth: UInt64) {
        self.depth = depth
        slots = Array(repeating: SpanKey(high: 0, low: 0), count: Self.slotCount)
    }

    var isFull: Bool { count >= Self.fullCount }

    /// In an order that depends on the keys only.
    var keys: [SpanKey] {
        slots.filter { !$0.isBlank }.sorted { ($0.high, $0.low) < ($1.high, $1.low) }
    }

    func contains(_ key: SpanKey) -> Bool {
        var place = Int(truncatingIfNeeded: key.low) & (Self.slotCount - 1)
        while !slots[place].isBlank {
            if slots[place] == key { return true }
            place = (place + 1) & (Self.slotCount - 1)
        }
        return false
    }

    /// False when it is there.
    mutating func insert(_ key: SpanKey) -> Bool {
        var place = Int(truncatingIfNeeded: key.low) & (Self.slotCount - 1)
        while !slots[place].isBlank {
            if slots[place] == key { return false }
            place = (place + 1) & (Self.slotCount - 1)
        }
        slots[place] = key
        count += 1
        return true
    }
}

extension SpanKey {
    /// No span has it, but once in 2^128.
    var isBlank: Bool { high | low == 0 }
}
