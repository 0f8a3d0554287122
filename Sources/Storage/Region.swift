// Bytes that the shell mapped. The core reads them and never learns where they came from.

/// Read-only bytes that stay valid while `owner` lives.
///
/// Sendable is sound: nobody writes the bytes while a region of them exists (segments are written
/// once, under another name, before they are mapped).
@safe
public struct Region: @unchecked Sendable {
    let base: UnsafeRawPointer
    public let count: Int
    private let owner: AnyObject

    /// `base` points to `count` bytes that `owner` keeps mapped.
    public init(base: UnsafeRawPointer, count: Int, owner: AnyObject) {
        unsafe self.base = unsafe base
        self.count = count
        self.owner = owner
    }

    /// A region of bytes in memory.
    public init(_ bytes: [UInt8]) {
        let held = HeldBytes(bytes)
        unsafe self.init(
            base: UnsafeRawPointer(held.buffer.baseAddress.unsafelyUnwrapped), count: bytes.count,
            owner: held)
    }

    /// A little-endian number of four bytes; 0 outside.
    func uint32(_ offset: Int) -> UInt32 {
        guard offset >= 0, offset + 4 <= count else { return 0 }
        return unsafe UInt32(
            littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// A little-endian number of eight bytes; 0 outside.
    func uint64(_ offset: Int) -> UInt64 {
        guard offset >= 0, offset + 8 <= count else { return 0 }
        return unsafe UInt64(
            littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Some of the bytes, for the time of a call; empty where they are outside.
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        guard range.lowerBound >= 0, range.upperBound <= count else {
            return unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return unsafe UnsafeRawBufferPointer(
            start: base + range.lowerBound, count: range.count)
    }

    /// Some of the bytes, copied.
    func bytes(_ range: Range<Int>) -> [UInt8] { unsafe Array(slice(range)) }
}

@safe
private final class HeldBytes {
    let buffer: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) {
        // One byte more than there are, so that no bytes have an address too.
        unsafe buffer = .allocate(capacity: bytes.count + 1)
        _ = unsafe buffer.initialize(from: bytes)
    }

    deinit { unsafe buffer.deallocate() }
}
