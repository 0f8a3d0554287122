/// A label set in its canonical form: sorted by name (byte order), no empty values, each name once.
///
/// Stored as one byte string, `varint(length) name varint(length) value ...`, which is also a
/// series' identity in the log (DESIGN §4.5). One allocation however many labels.
public struct Labels: Hashable, Sendable {
    /// The canonical bytes.
    public let bytes: [UInt8]

    /// The label that holds a metric's name.
    public static let metricName = "__name__"
    public static let empty = Labels([])

    /// Sorts `pairs`, drops empty values; of equal names the last wins. Names are compared by their
    /// bytes: Swift holds "é" and "e" with an accent for equal, Prometheus does not. O(n log n).
    public init(_ pairs: [(String, String)]) {
        let order = pairs.indices.sorted { left, right in
            let (first, second) = (pairs[left].0.utf8, pairs[right].0.utf8)
            if first.lexicographicallyPrecedes(second) { return true }
            return left < right && first.elementsEqual(second)
        }
        var out = ByteWriter()
        for (place, index) in order.enumerated() {
            let (name, value) = pairs[index]
            let isLast =
                place + 1 == order.count
                || !pairs[order[place + 1]].0.utf8.elementsEqual(name.utf8)
            guard isLast && !value.isEmpty else { continue }
            out.lengthPrefixed(name.utf8)
            out.lengthPrefixed(value.utf8)
        }
        bytes = out.bytes
    }

    /// Takes bytes that are canonical already, as `bytes` of another value or the log gives them.
    public init(canonical bytes: [UInt8]) { self.bytes = bytes }

    public var isEmpty: Bool { bytes.isEmpty }

    /// Whether both are the same bytes in memory, and so equal. O(1).
    public func isSame(as other: Labels) -> Bool {
        unsafe bytes.withUnsafeBufferPointer { left in
            unsafe other.bytes.withUnsafeBufferPointer { right in
                unsafe left.baseAddress == right.baseAddress && left.count == right.count
            }
        }
    }

    /// The pairs in canonical order. Invalid UTF-8 is repaired, as anywhere text is shown.
    public var pairs: [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        forEachRange { name, value in
            found.append((text(name), text(value)))
        }
        return found
    }

    /// The value of a label, or nil. O(bytes), no allocation but the result.
    public subscript(_ wanted: String) -> String? {
        var result: String?
        forEachRange { name, value in
            if result == nil && isEqual(name, wanted) { result = text(value) }
        }
        return result
    }

    /// Only the labels of these names. O(bytes x names), one allocation.
    public func keeping(_ names: [String]) -> Labels {
        var out = ByteWriter(reserving: bytes.count)
        forEachRange { name, value in
            guard names.contains(where: { isEqual(name, $0) }) else { return }
            out.lengthPrefixed(bytes[name])
            out.lengthPrefixed(bytes[value])
        }
        return Labels(canonical: out.bytes)
    }

    /// These labels with `others` on top.
    public func merging(_ others: Labels) -> Labels {
        Labels((pairs + others.pairs).map { ($0.name, $0.value) })
    }

    /// Calls `body` with the byte ranges of each name and value. Stops at malformed bytes.
    public func forEachRange(_ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void) {
        var reader = ByteReader(bytes)
        while !reader.isAtEnd {
            guard let name = reader.lengthPrefixedRange(),
                let value = reader.lengthPrefixedRange()
            else { return }
            body(name, value)
        }
    }

    /// FNV-1a 64 over `name 0xff value 0xff`, as Alertmanager fingerprints label sets.
    public var fingerprint: UInt64 {
        var hash = FNV1a64()
        forEachRange { name, value in
            hash.combine(bytes[name])
            hash.combine(0xff)
            hash.combine(bytes[value])
            hash.combine(0xff)
        }
        return hash.value
    }

    /// Whether the bytes at a range are this text's.
    private func isEqual(_ range: Range<Int>, _ text: String) -> Bool {
        let utf8 = text.utf8
        guard utf8.count == range.count else { return false }
        var index = range.lowerBound
        for byte in utf8 {
            if bytes[index] != byte { return false }
            index += 1
        }
        return true
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }
}

extension Labels {
    /// All bytes at once: the derived conformance feeds them one by one, eight times slower.
    public func hash(into hasher: inout Hasher) {
        unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    }
}

extension Labels: Comparable {
    /// A total order that is the same in every process: by canonical bytes.
    public static func < (left: Self, right: Self) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

extension Labels: CustomStringConvertible {
    /// Prometheus' notation: `name{a="b", c="d"}`.
    public var description: String {
        var name = ""
        var list: [String] = []
        for (label, value) in pairs {
            if label == Self.metricName {
                name = value
            } else {
                list.append("\(label)=\(quoted(value))")
            }
        }
        if list.isEmpty && !name.isEmpty { return name }
        return name + "{" + list.joined(separator: ", ") + "}"
    }
}

/// A value in double quotes with Prometheus' escapes.
public func quoted(_ value: String) -> String {
    var text = "\""
    for scalar in value.unicodeScalars {
        switch scalar {
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\n": text += "\\n"
        default: text.unicodeScalars.append(scalar)
        }
    }
    return text + "\""
}
