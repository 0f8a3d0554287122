public import Model

// The event log's framing, drawn in docs/formats/log.md:
//
//   +--------+--------+---------+------+----------+-------+---------+
//   | length | CRC32C | version | kind | position |  now  | payload |
//   |  u32   |  u32   |   u8    |  u8  |   u64    |  i64  |   ...   |
//   +--------+--------+---------+------+----------+-------+---------+
//
// Little endian. `length` counts the bytes after the CRC, which covers the same bytes. A record is
// good when its length fits, its CRC holds and its position is the one expected; the log ends
// before the first record that is not.

/// A record's place in the log: 1 for the first, then one more each.
public struct LogPosition: Hashable, Comparable, Sendable {
    public let index: UInt64

    public init(_ index: UInt64) { self.index = index }

    public static let start = LogPosition(0)
    public var next: LogPosition { LogPosition(index + 1) }
    public static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}

/// One event as the log holds it. What the payload means is for the Agent to say.
public struct LogRecord: Hashable, Sendable {
    public static let version: UInt8 = 1
    /// Length and CRC.
    public static let frameBytes = 8
    /// Version, kind, position and now.
    public static let headerBytes = 18
    /// Above what any event needs: a body is at most 32 MiB.
    public static let payloadBytesMax = 256 << 20

    public let kind: UInt8
    public let position: LogPosition
    public let now: Timestamp
    public let payload: [UInt8]

    public init(kind: UInt8, position: LogPosition, now: Timestamp, payload: [UInt8]) {
        self.kind = kind
        self.position = position
        self.now = now
        self.payload = payload
    }

    /// Appends the framed record.
    public func encode(into out: inout [UInt8]) {
        var body = ByteWriter(reserving: Self.headerBytes + payload.count)
        body.byte(Self.version)
        body.byte(kind)
        body.fixed64(position.index)
        body.fixed64(UInt64(bitPattern: now.millis))
        body.bytes.append(contentsOf: payload)
        var frame = ByteWriter(reserving: Self.frameBytes)
        frame.fixed32(UInt32(body.bytes.count))
        frame.fixed32(CRC32C.of(body.bytes, in: 0..<body.bytes.count))
        out.append(contentsOf: frame.bytes)
        out.append(contentsOf: body.bytes)
    }
}

/// Why reading the log stopped.
public enum LogEnd: Hashable, Sendable {
    /// All bytes were good records.
    case clean
    /// The last record is cut short, as a crash within a write leaves it.
    case torn(at: Int)
    /// A checksum, version or position is wrong.
    case corrupt(at: Int)
}

/// Reads records until the bytes end or stop being good. O(bytes).
public struct LogReader: Sendable {
    private let bytes: [UInt8]
    private var reader: ByteReader
    private var expected: LogPosition
    /// Where the last good record ended.
    public private(set) var goodBytes = 0
    public private(set) var end: LogEnd = .clean

    /// Reads a segment whose first record must be at `position`.
    public init(_ bytes: [UInt8], from position: LogPosition) {
        self.bytes = bytes
        reader = ByteReader(bytes)
        expected = position
    }

    /// The next good record, or nil; then `end` says why.
    public mutating func next() -> LogRecord? {
        guard !reader.isAtEnd else { return nil }
        guard let length = reader.fixed32(), let crc = reader.fixed32() else { return stop(.torn) }
        let count = Int(length)
        guard count >= LogRecord.headerBytes,
            count <= LogRecord.headerBytes + LogRecord.payloadBytesMax
        else { return stop(.corrupt) }
        let start = reader.position
        guard count <= reader.remaining else { return stop(.torn) }
        guard CRC32C.of(bytes, in: start..<start + count) == crc else { return stop(.corrupt) }
        guard reader.byte() == LogRecord.version, let kind = reader.byte(),
            let position = reader.fixed64(), position == expected.index,
            let now = reader.fixed64()
        else { return stop(.corrupt) }
        let payload = Array(bytes[reader.position..<start + count])
        reader = ByteReader(bytes, in: (start + count)..<bytes.count)
        goodBytes = start + count
        expected = expected.next
        return LogRecord(
            kind: kind, position: LogPosition(position),
            now: Timestamp(millis: Int64(bitPattern: now)), payload: payload)
    }

    private enum Fault { case torn, corrupt }

    private mutating func stop(_ fault: Fault) -> LogRecord? {
        switch fault {
        case .torn: end = .torn(at: goodBytes)
        case .corrupt: end = .corrupt(at: goodBytes)
        }
        reader = ByteReader(bytes, in: bytes.count..<bytes.count)
        return nil
    }
}
