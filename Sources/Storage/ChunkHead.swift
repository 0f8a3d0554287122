import Model

// What the store keeps of each series in memory besides its bits: 56 bytes. With one block of 64
// bytes, which eight samples of a counter fill to about two thirds, a series costs 120 bytes.

/// The open chunk of a series and the series' newest sample.
struct ChunkHead: Sendable {
    struct Flags: OptionSet, Sendable {
        let rawValue: UInt8
        /// A sample was appended; `newest` means something.
        static let hasNewest = Flags(rawValue: 1)
        /// The open chunk and the newest sample are native histograms; `value` is their slot.
        static let isHistogram = Flags(rawValue: 2)
        /// Samples of both kinds were appended.
        static let isMixed = Flags(rawValue: 4)
        /// A chunk was sealed; `sealed` means something.
        static let hasSealed = Flags(rawValue: 8)
        /// The series was forgotten.
        static let isReleased = Flags(rawValue: 16)
        /// An exemplar was added; `exemplar` means something.
        static let hasExemplar = Flags(rawValue: 32)
        /// Chunks of late samples were sealed: their times may lie among any others.
        static let hasOverlap = Flags(rawValue: 64)
        static let all = Flags(rawValue: 127)
    }

    /// The time of the open chunk's first sample.
    var first: Int64 = 0
    /// The time of the newest sample.
    var newest: Int64 = 0
    /// The bits of the newest value, or the slot of the open histogram.
    var value: UInt64 = 0
    /// From the open chunk's last but one sample to its last.
    var delta: Int64 = 0
    var chain = BlockChain()
    /// The sequence number of the newest sealed chunk.
    var sealed: UInt64 = 0
    /// The sequence number of the newest exemplar.
    var exemplar: UInt64 = 0
    /// Samples in the open chunk.
    var count: UInt8 = 0
    /// Leading zeros of the window of significant bits; 255 before there is one.
    var leading: UInt8 = 255
    var trailing: UInt8 = 0
    var flags: Flags = []

    var isHistogram: Bool { flags.contains(.isHistogram) }
    var slot: Int { Int(truncatingIfNeeded: value) }

    /// Readies the head for a new chunk; the newest sample stays.
    mutating func begin() {
        chain = BlockChain()
        count = 0
        delta = 0
        leading = 255
        trailing = 0
    }
}
