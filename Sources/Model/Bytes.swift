// Byte cursors for the log and other formats of our own: little endian, LEB128 varints.
// The remote-write hot path has its own cursor over raw memory (Wire/WireCursor.swift).

/// Appends primitives to a growing byte array.
public struct ByteWriter: Sendable {
    public var bytes: [UInt8] = []

    public init() {}
    public init(reserving capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Appends one byte.
    @inlinable public mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// Appends an unsigned LEB128 varint, at most ten bytes.
    @inlinable public mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Appends a zigzag varint: small numbers of either sign are short.
    @inlinable public mutating func signedVarint(_ value: Int64) {
        varint(UInt64(bitPattern: value << 1) ^ UInt64(bitPattern: value >> 63))
    }

    /// Appends four bytes, little endian.
    @inlinable public mutating func fixed32(_ value: UInt32) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Appends eight bytes, little endian.
    @inlinable public mutating func fixed64(_ value: UInt64) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    /// Appends the number of bytes as a varint, then the bytes.
    @inlinable public mutating func lengthPrefixed(_ content: some Collection<UInt8>) {
        varint(UInt64(content.count))
        bytes.append(contentsOf: content)
    }

    /// Appends UTF-8 with its length before it.
    public mutating func text(_ value: String) { lengthPrefixed(value.utf8) }
}

/// Reads what `ByteWriter` wrote. Every read is checked: nil means that the bytes ended or are
/// malformed.
public struct ByteReader: Sendable {
    @usableFromInline let bytes: [UInt8]
    public private(set) var position: Int
    @usableFromInline let end: Int

    public init(_ bytes: [UInt8]) { self.init(bytes, in: 0..<bytes.count) }

    public init(_ bytes: [UInt8], in range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = min(range.upperBound, bytes.count)
    }

    public var isAtEnd: Bool { position >= end }
    public var remaining: Int { end - position }

    /// One byte.
    public mutating func byte() -> UInt8? {
        guard position < end else { return nil }
        defer { position += 1 }
        return bytes[position]
    }

    /// An unsigned varint; nil also when it does not fit 64 bits.
    public mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let next = bytes[position]
            position += 1
            if shift == 63 && next > 1 { return nil }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    /// A zigzag varint.
    public mutating func signedVarint() -> Int64? {
        guard let raw = varint() else { return nil }
        return Int64(bitPattern: raw >> 1) ^ -Int64(bitPattern: raw & 1)
    }

    /// Four bytes, little endian.
    public mutating func fixed32() -> UInt32? {
        guard remaining >= 4 else { return nil }
        defer { position += 4 }
        var value: UInt32 = 0
        for index in 0..<4 { value |= UInt32(bytes[position + index]) << UInt32(8 * index) }
        return value
    }

    /// Eight bytes, little endian.
    public mutating func fixed64() -> UInt64? {
        guard remaining >= 8 else { return nil }
        defer { position += 8 }
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        return value
    }

    /// The range of a length-prefixed run, which the reader steps over.
    public mutating func lengthPrefixedRange() -> Range<Int>? {
        guard let length = varint(), length <= UInt64(remaining) else { return nil }
        let range = position..<(position + Int(length))
        position = range.upperBound
        return range
    }

    /// A length-prefixed run, copied.
    public mutating func lengthPrefixed() -> [UInt8]? {
        guard let range = lengthPrefixedRange() else { return nil }
        return Array(bytes[range])
    }

    /// A length-prefixed run as text; invalid UTF-8 is repaired.
    public mutating func text() -> String? {
        guard let range = lengthPrefixedRange() else { return nil }
        return String(decoding: bytes[range], as: UTF8.self)
    }

    /// All that is left, copied.
    public mutating func rest() -> [UInt8] {
        defer { position = end }
        return position < end ? Array(bytes[position..<end]) : []
    }

    public mutating func double() -> Double? { fixed64().map { Double(bitPattern: $0) } }
    public mutating func timestamp() -> Timestamp? { signedVarint().map { Timestamp(millis: $0) } }
}
