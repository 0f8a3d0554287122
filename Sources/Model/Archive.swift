// State to bytes and back for checkpoints. One function per type serves both directions, so what is
// written and what is read cannot drift apart:
//
//     mutating func archive(_ archive: inout Archive) {
//         archive.field(&newest)
//         archive.field(&scrapes)
//     }
//
// Reading malformed bytes never traps: from the first fault on every field reads as zero or empty,
// and `isSound` says so at the end. Counts are checked against the bytes that are left before
// anything is allocated.

/// A value that can be written to a checkpoint and read back.
public protocol Archivable {
    /// A value to read into.
    static var blank: Self { get }
    /// Passes each stored property to `archive.field`, in a fixed order.
    mutating func archive(_ archive: inout Archive)
}

/// Bytes being written or read, field by field.
public struct Archive: Sendable {
    public let isReading: Bool
    private var writer = ByteWriter()
    private var reader = ByteReader([])
    /// False once a field could not be read.
    public private(set) var isSound = true

    /// Collects what is written.
    public init() { isReading = false }

    /// Reads from bytes.
    public init(reading bytes: [UInt8]) {
        isReading = true
        reader = ByteReader(bytes)
    }

    /// What was written so far.
    public var bytes: [UInt8] { writer.bytes }
    /// Whether all bytes were read and every field was there.
    public var isComplete: Bool { isSound && reader.isAtEnd }

    /// Whether all bytes were read; never while writing.
    public var isAtEnd: Bool { isReading && reader.isAtEnd }

    /// Notes that a value that was read is none of its type's.
    public mutating func fail() {
        isSound = false
        reader = ByteReader([])
    }

    // MARK: Numbers

    /// An unsigned number, as a varint.
    public mutating func field(_ value: inout UInt64) {
        guard isReading else { return writer.varint(value) }
        value = take(reader.varint()) ?? 0
    }

    /// A number, as a zigzag varint.
    public mutating func field(_ value: inout Int64) {
        guard isReading else { return writer.signedVarint(value) }
        value = take(reader.signedVarint()) ?? 0
    }

    /// A number, as a zigzag varint.
    public mutating func field(_ value: inout Int) {
        var wide = Int64(value)
        field(&wide)
        value = Int(wide)
    }

    /// An unsigned number, as a varint.
    public mutating func field(_ value: inout UInt32) { integer(&value) }
    /// A number, as a zigzag varint.
    public mutating func field(_ value: inout Int32) {
        var wide = Int64(value)
        field(&wide)
        value = exact(wide)
    }
    /// An unsigned number, as a varint.
    public mutating func field(_ value: inout UInt16) { integer(&value) }
    /// An unsigned number, as a varint.
    public mutating func field(_ value: inout UInt8) { integer(&value) }

    /// One byte, 0 or 1.
    public mutating func field(_ value: inout Bool) {
        var byte: UInt8 = value ? 1 : 0
        field(&byte)
        value = byte == 1
        if byte > 1 { fail() }
    }

    /// Eight bytes, bit for bit.
    public mutating func field(_ value: inout Double) {
        guard isReading else { return writer.fixed64(value.bitPattern) }
        value = take(reader.double()) ?? 0
    }

    private mutating func integer(_ value: inout some FixedWidthInteger & UnsignedInteger) {
        var wide = UInt64(value)
        field(&wide)
        value = exact(wide)
    }

    private mutating func exact<Target: FixedWidthInteger>(
        _ wide: some BinaryInteger
    ) -> Target {
        guard let narrow = Target(exactly: wide) else {
            fail()
            return 0
        }
        return narrow
    }

    // MARK: Nouns

    /// Milliseconds since the epoch.
    public mutating func field(_ value: inout Timestamp) { field(&value.millis) }
    /// Milliseconds.
    public mutating func field(_ value: inout TimeSpan) { field(&value.millis) }

    /// Bytes with their length.
    public mutating func field(_ value: inout [UInt8]) {
        guard isReading else { return writer.lengthPrefixed(value) }
        value = take(reader.lengthPrefixed()) ?? []
    }

    /// UTF-8 with its length.
    public mutating func field(_ value: inout String) {
        guard isReading else { return writer.text(value) }
        value = take(reader.text()) ?? ""
    }

    /// Canonical labels.
    public mutating func field(_ value: inout Labels) {
        var bytes = value.bytes
        field(&bytes)
        if isReading { value = Labels(canonical: bytes) }
    }

    /// An enumeration with numbers.
    public mutating func field<Value: RawRepresentable>(
        _ value: inout Value
    ) where Value.RawValue == UInt8 {
        var raw = value.rawValue
        field(&raw)
        guard isReading else { return }
        guard let read = Value(rawValue: raw) else { return fail() }
        value = read
    }

    // MARK: Compounds

    /// The stored properties, in their order.
    public mutating func field(_ value: inout some Archivable) { value.archive(&self) }

    /// An optional, with how to pass its content.
    public mutating func optional<Value>(
        _ value: inout Value?, blank: Value, _ each: (inout Archive, inout Value) -> Void
    ) {
        var isThere = value != nil
        field(&isThere)
        guard isThere else {
            value = nil
            return
        }
        var content = value ?? blank
        each(&self, &content)
        value = content
    }

    /// Whether it is there, then its content.
    public mutating func field<Value: Archivable>(_ value: inout Value?) {
        optional(&value, blank: .blank) { $0.field(&$1) }
    }

    /// Whether it is there, then its content.
    public mutating func field(_ value: inout Timestamp?) {
        optional(&value, blank: .distantPast) { $0.field(&$1) }
    }

    /// Whether it is there, then its content.
    public mutating func field(_ value: inout Double?) {
        optional(&value, blank: 0) { $0.field(&$1) }
    }

    /// An array, with how to pass an element; an element takes at least one byte.
    public mutating func array<Value>(
        _ values: inout [Value], blank: @autoclosure () -> Value,
        _ each: (inout Archive, inout Value) -> Void
    ) {
        var count = UInt64(values.count)
        field(&count)
        guard isReading else {
            for index in values.indices { each(&self, &values[index]) }
            return
        }
        values = []
        guard count <= UInt64(reader.remaining) else { return fail() }
        values.reserveCapacity(Int(count))
        for _ in 0..<count where isSound {
            var value = blank()
            each(&self, &value)
            values.append(value)
        }
    }

    /// The number of elements, then each.
    public mutating func field<Value: Archivable>(_ values: inout [Value]) {
        array(&values, blank: .blank) { $0.field(&$1) }
    }

    /// The number of elements, then each.
    public mutating func field(_ values: inout [UInt32]) {
        array(&values, blank: 0) { $0.field(&$1) }
    }

    /// The number of elements, then each.
    public mutating func field(_ values: inout [Double]) {
        array(&values, blank: 0) { $0.field(&$1) }
    }

    /// The number of elements, then each.
    public mutating func field(_ values: inout [String]) {
        array(&values, blank: "") { $0.field(&$1) }
    }

    /// A dictionary, in the order of its keys.
    public mutating func dictionary<Key: Comparable & Hashable, Value>(
        _ values: inout [Key: Value], blankKey: Key, blank: Value,
        _ each: (inout Archive, inout Key, inout Value) -> Void
    ) {
        var pairs = values.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
        array(&pairs, blank: (blankKey, blank)) { each(&$0, &$1.0, &$1.1) }
        guard isReading else { return }
        values = Dictionary(pairs) { _, last in last }
        if values.count != pairs.count { fail() }
    }

    private mutating func take<Value>(_ value: Value?) -> Value? {
        if value == nil { fail() }
        return value
    }
}

extension Archive {
    /// Some pages of an array: written from `range`, read to the end of `array`.
    ///
    /// Released pages stay so, unless the pages were written in another size: then their elements
    /// are blank.
    public mutating func pages<Element: Archivable>(
        _ array: inout PagedArray<Element>, _ range: Range<Int> = 0..<0
    ) {
        var capacity = UInt64(array.pageCapacity)
        field(&capacity)
        var left = UInt64(range.count)
        field(&left)
        var page = range.lowerBound
        while left > 0 && isSound {
            var elements = isReading ? [] : array.page(page)
            field(&elements)
            if isReading { append(elements, to: &array, capacity: Int(clamping: capacity)) }
            page += 1
            left -= 1
        }
    }

    private mutating func append<Element: Archivable>(
        _ elements: [Element], to array: inout PagedArray<Element>, capacity: Int
    ) {
        // A page takes 4 KiB, and an element at least a byte.
        guard (1...4096).contains(capacity), elements.count <= capacity,
            array.count % capacity == 0
        else { return fail() }
        if elements.isEmpty && capacity == array.pageCapacity {
            return array.appendReleasedPage()
        }
        if elements.isEmpty {
            for _ in 0..<capacity { array.append(.blank) }
        }
        for element in elements { array.append(element) }
    }
}
