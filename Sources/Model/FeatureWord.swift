// The value of one feature in one row, in eight bytes: a number as it is, anything else in the
// space of NaNs. Hardware makes NaNs only with the upper bits 0x7ff8 or 0xfff8, and a NaN that
// comes in is made the first of them, so no number is taken for a mark.

/// One value: a number, a text by its place in a table, a flag, or why there is none.
@frozen public struct FeatureWord: Hashable, Sendable {
    /// What travels and is logged.
    public let bits: UInt64

    /// What a word says.
    public enum Content: Hashable, Sendable {
        case number(Double)
        case missing
        case flag(Bool)
        /// The place in the table of texts that comes with the words.
        case text(Int)
        /// A list or an object where one value was expected.
        case nested
        /// A text over the limit.
        case tooLong
    }

    /// A word as it was logged.
    @inlinable public init(bits: UInt64) { self.bits = bits }

    /// A number; every NaN is the same one.
    @inlinable public init(_ number: Double) {
        bits = number.isNaN ? 0x7ff8 << 48 : number.bitPattern
    }

    /// The text at a place of the table.
    @inlinable public init(text place: Int) { bits = 0xfffd << 48 | UInt64(place) & 0xffff_ffff }

    /// A flag.
    @inlinable public init(_ flag: Bool) { bits = (flag ? 0xfffc : 0xfffb) << 48 }

    public static let missing = FeatureWord(bits: 0xfffa << 48)
    public static let nested = FeatureWord(bits: 0xfffe << 48)
    public static let tooLong = FeatureWord(bits: 0xffff << 48)

    /// The number, NaN and infinities among them; NaN as well for what is none.
    @inlinable public var double: Double { Double(bitPattern: bits) }
    /// Whether it is a number that is finite.
    @inlinable public var isFinite: Bool { double.isFinite }

    /// What it says.
    public var content: Content {
        switch bits >> 48 {
        case 0xfffa: .missing
        case 0xfffb: .flag(false)
        case 0xfffc: .flag(true)
        case 0xfffd: .text(Int(bits & 0xffff_ffff))
        case 0xfffe: .nested
        case 0xffff: .tooLong
        default: .number(double)
        }
    }
}

extension ByteWriter {
    /// Appends words, little endian, in one copy.
    public mutating func words(_ words: [FeatureWord]) {
        // Sound: a word is eight bytes without padding, and the machines we build for are little
        // endian; others would have to swap here.
        unsafe words.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
}

extension ByteReader {
    /// So many words; nil when there are fewer.
    public mutating func words(_ count: Int) -> [FeatureWord]? {
        guard count >= 0, count <= remaining / 8 else { return nil }
        var words: [FeatureWord] = []
        words.reserveCapacity(count)
        for _ in 0..<count {
            guard let bits = fixed64() else { return nil }
            // What came in as NaN was made one NaN; other bits are marks that we know.
            words.append(FeatureWord(bits: bits))
        }
        return words
    }
}
