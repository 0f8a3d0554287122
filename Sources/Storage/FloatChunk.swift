import Model

// Gorilla (Pelkonen et al., VLDB 2015): times as deltas of deltas, values XORed with the one
// before. The bits are drawn in docs/formats/segment.md. Steady state costs 4 to 10 ns a sample and
// no allocation: a regular time and an unchanged value are two bits.

/// What became of a sample that was offered to an open chunk.
enum ChunkStep: Sendable {
    case stored
    /// The newest sample again.
    case same
    /// Another value for the newest time.
    case different
    /// Older than the newest sample.
    case older
    /// The chunk takes no more, or is not one of floats: seal it and begin another.
    case full
}

/// Writes the bits of float chunks.
enum FloatChunk {
    /// Widths of the second, third and fourth way to write a delta of deltas.
    static let widths = (14, 17, 20)
    /// Samples a chunk can hold; the limit of a new one is lower.
    static let samplesMax = 240

    /// Appends a sample that is newer than all before it. O(1).
    @inline(__always)
    static func append(
        _ time: Int64, _ bits: UInt64, to head: inout ChunkHead, _ arena: inout BlockArena,
        samples: Int, span: UInt64, firstSamples: Int = .max
    ) -> ChunkStep {
        guard head.flags.isDisjoint(with: [.isHistogram, .isReleased]) else { return .full }
        if head.flags.contains(.hasNewest) && time <= head.newest {
            if time < head.newest { return .older }
            return bits == head.value ? .same : .different
        }
        if head.count == 0 {
            begin(time, bits, &head, &arena)
            return .stored
        }
        // Newer than the first, so the unsigned difference is right even where it overflows.
        let age = UInt64(bitPattern: time &- head.first)
        let limit = head.sealed == 0 ? min(samples, firstSamples) : samples
        guard Int(head.count) < limit, age < span || span == .max else { return .full }
        write(time, bits, &head, &arena)
        return .stored
    }

    /// Writes a chunk's first sample: its time is kept in the head, its value XORed with zero.
    @inline(never)
    static func begin(
        _ time: Int64, _ bits: UInt64, _ head: inout ChunkHead, _ arena: inout BlockArena
    ) {
        head.first = time
        head.delta = 0
        head.value = 0
        value(bits, after: 0, 0, &head, &arena)
        finish(time, bits, &head)
    }

    /// Writes any other sample.
    @inline(__always)
    static func write(
        _ time: Int64, _ bits: UInt64, _ head: inout ChunkHead, _ arena: inout BlockArena
    ) {
        let delta = time &- head.newest
        let change = delta &- head.delta
        head.delta = delta
        if change == 0 {
            value(bits, after: 0, 1, &head, &arena)
        } else {
            irregular(change, bits, &head, &arena)
        }
        finish(time, bits, &head)
    }

    @inline(__always)
    private static func finish(_ time: Int64, _ bits: UInt64, _ head: inout ChunkHead) {
        head.newest = time
        head.value = bits
        head.count += 1
        head.flags.insert(.hasNewest)
    }

    @inline(__always)
    private static func irregular(
        _ change: Int64, _ bits: UInt64, _ head: inout ChunkHead, _ arena: inout BlockArena
    ) {
        if fits(change, widths.0) {
            value(bits, after: 0b10 << 14 | low(change, 14), 16, &head, &arena)
        } else if fits(change, widths.1) {
            value(bits, after: 0b110 << 17 | low(change, 17), 20, &head, &arena)
        } else if fits(change, widths.2) {
            value(bits, after: 0b1110 << 20 | low(change, 20), 24, &head, &arena)
        } else {
            arena.put(0b1111, 4, to: &head.chain)
            arena.put(UInt64(bitPattern: change), 64, to: &head.chain)
            value(bits, after: 0, 0, &head, &arena)
        }
    }

    private static func fits(_ change: Int64, _ width: Int64) -> Bool {
        change >= -(1 << (width - 1)) && change < 1 << (width - 1)
    }

    private static func fits(_ change: Int64, _ width: Int) -> Bool { fits(change, Int64(width)) }

    private static func low(_ change: Int64, _ width: Int) -> UInt64 {
        UInt64(bitPattern: change) & (1 &<< UInt64(width) - 1)
    }

    /// Writes `prefix`, at most 24 bits, and the value behind it.
    @inline(__always)
    private static func value(
        _ bits: UInt64, after prefix: UInt64, _ prefixBits: Int, _ head: inout ChunkHead,
        _ arena: inout BlockArena
    ) {
        let change = bits ^ head.value
        if change == 0 { return arena.put(prefix << 1, prefixBits + 1, to: &head.chain) }
        let leading = min(31, change.leadingZeroBitCount)
        let trailing = change.trailingZeroBitCount
        let significant = 64 - leading - trailing
        let window = 64 - Int(head.leading) - Int(head.trailing)
        // The old window, unless a new one is shorter by more than what announcing it costs.
        if leading >= head.leading && trailing >= head.trailing && window <= significant + 11 {
            put(
                prefix << 2 | 0b10, prefixBits + 2, change &>> UInt64(head.trailing), window, &head,
                &arena)
            return
        }
        head.leading = UInt8(truncatingIfNeeded: leading)
        head.trailing = UInt8(truncatingIfNeeded: trailing)
        let control = UInt64(0b11 << 11 | leading << 6 | significant & 63)
        put(
            prefix << 13 | control, prefixBits + 13, change &>> UInt64(trailing), significant,
            &head,
            &arena)
    }

    /// Writes two runs of bits, as one when they fit a word.
    @inline(__always)
    private static func put(
        _ before: UInt64, _ beforeBits: Int, _ after: UInt64, _ afterBits: Int,
        _ head: inout ChunkHead, _ arena: inout BlockArena
    ) {
        if beforeBits + afterBits <= 64 {
            arena.put(
                before &<< UInt64(afterBits) | after, beforeBits + afterBits, to: &head.chain)
        } else {
            arena.put(before, beforeBits, to: &head.chain)
            arena.put(after, afterBits, to: &head.chain)
        }
    }
}
