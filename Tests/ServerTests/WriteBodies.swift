import Model
import Wire

// Remote-write bodies by hand, good and bad, of both versions.

/// One protobuf field of a message.
func field(_ number: Int, _ content: [UInt8]) -> [UInt8] {
    var out = ByteWriter()
    out.varint(UInt64(number << 3 | 2))
    out.lengthPrefixed(content)
    return out.bytes
}

/// A field that is a number.
func field(_ number: Int, _ value: Int64) -> [UInt8] {
    var out = ByteWriter()
    out.varint(UInt64(number << 3))
    out.varint(UInt64(bitPattern: value))
    return out.bytes
}

/// A `Sample` field, the same in both versions.
func sample(_ millis: Int64, _ value: Double, start: Int64? = nil) -> [UInt8] {
    var out = ByteWriter()
    out.byte(0x09)
    out.fixed64(value.bitPattern)
    return field(2, out.bytes + field(2, millis) + (start.map { field(3, $0) } ?? []))
}

/// A series of remote write 1.0: labels as they are given, then other fields.
func first(_ labels: [(String, String)], _ fields: [UInt8]...) -> [UInt8] {
    first(labels.map { (Array($0.0.utf8), Array($0.1.utf8)) }, fields.flatMap { $0 })
}

func first(_ labels: [([UInt8], [UInt8])], _ fields: [UInt8]) -> [UInt8] {
    field(1, labels.flatMap { field(1, field(1, $0.0) + field(2, $0.1)) } + fields)
}

/// A request of remote write 2.0 under construction.
struct SecondRequest {
    private var symbols: [[UInt8]] = [[]]
    private var series: [UInt8] = []

    /// Adds a series with these labels, then other fields.
    mutating func add(_ labels: [(String, String)], _ fields: [UInt8]...) {
        add(labels.map { (Array($0.0.utf8), Array($0.1.utf8)) }, fields.flatMap { $0 })
    }

    mutating func add(_ labels: [([UInt8], [UInt8])], _ fields: [UInt8]) {
        add(references: labels.flatMap { [number($0.0), number($0.1)] }, fields)
    }

    /// Adds a series with these references, good or not.
    mutating func add(references: [UInt64], _ fields: [UInt8]) {
        var packed = ByteWriter()
        for reference in references { packed.varint(reference) }
        series += field(5, field(1, packed.bytes) + fields)
    }

    mutating func number(_ text: [UInt8]) -> UInt64 {
        if let known = symbols.firstIndex(of: text) { return UInt64(known) }
        symbols.append(text)
        return UInt64(symbols.count - 1)
    }

    var body: [UInt8] { symbols.flatMap { field(4, $0) } + series }
}
