/// Reads bits from words in memory, most significant first. Past the end it reads zeros, so that
/// damaged bits never lead out of bounds.
///
/// The words must outlive the reader: it is made and used inside `withUnsafeBytes` or while the
/// owner of a region is held.
@safe
struct BitReader {
    private let base: UnsafeRawPointer?
    private let words: Int
    private(set) var position = 0
    /// Where the written bits end.
    let end: Int

    /// Reads little-endian words of 8 bytes; `bits` is cut to what is there.
    init(_ bytes: UnsafeRawBufferPointer, bits: Int) {
        unsafe base = bytes.baseAddress
        let count = bytes.count / 8
        words = count
        end = min(bits, count * 64)
    }

    var isPastEnd: Bool { position > end }

    /// The next 64 bits.
    @inline(__always)
    func peek() -> UInt64 {
        let word = position >> 6
        let shift = UInt64(position & 63)
        var bits = load(word) &<< shift
        if shift != 0 { bits |= load(word + 1) &>> (64 - shift) }
        return bits
    }

    @inline(__always)
    mutating func skip(_ count: Int) { position += count }

    @inline(__always)
    private func load(_ word: Int) -> UInt64 {
        guard word < words, let base = unsafe base else { return 0 }
        // In bounds: `word` is under the number of whole words.
        let raw = unsafe base.loadUnaligned(fromByteOffset: word * 8, as: UInt64.self)
        return UInt64(littleEndian: raw)
    }
}
