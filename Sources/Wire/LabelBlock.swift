public import Model

/// Why a series' labels cannot be taken. The series' samples are refused, the rest is written.
public enum LabelFault: String, Error, Hashable, Sendable, CaseIterable {
    case malformed = "malformed_labels"
    case missingMetricName = "missing_metric_name"
    case emptyName = "empty_label_name"
    case duplicateName = "duplicate_label"
    case invalidUTF8 = "invalid_utf8"
    case tooMany = "too_many_labels"
    case tooLong = "label_too_long"
    /// Remote write 2.0: a reference to no symbol, or a name without a value.
    case badReference = "bad_symbol_reference"
}

/// Caps on one series' labels.
public struct LabelLimits: Hashable, Sendable {
    public var labels: Int
    public var nameBytes: Int
    public var valueBytes: Int

    public static let standard = LabelLimits(labels: 40, nameBytes: 1024, valueBytes: 4096)

    public init(labels: Int, nameBytes: Int, valueBytes: Int) {
        self.labels = labels
        self.nameBytes = nameBytes
        self.valueBytes = valueBytes
    }
}

// Turns label blocks into the canonical form: sorted, checked, empty values left out. Runs once per
// new series, so clarity wins over speed. Any valid UTF-8 is accepted as a name, as Prometheus 3
// does.

extension WriteBatch {
    /// The labels of one of its series, whichever protocol it came by. O(n log n).
    public func canonicalLabels(
        of block: SeriesBlock, limits: LabelLimits
    ) throws(LabelFault) -> Labels {
        guard block.key != .unresolvable else { throw .badReference }
        switch labelForm {
        case .fields:
            return try Wire.canonicalLabels(of: bytes, in: block.labels, limits: limits)
        case .references(let symbols):
            return try Wire.canonicalLabels(
                of: bytes, in: block.labels, naming: symbols, limits: limits)
        }
    }
}

/// The labels of a run of remote write 1.0 `Label` fields. O(n log n).
public func canonicalLabels(
    of bytes: [UInt8], in range: Range<Int>, limits: LabelLimits
) throws(LabelFault) -> Labels {
    var found: [FoundLabel] = []
    var reader = ByteReader(bytes, in: range)
    while !reader.isAtEnd {
        guard reader.byte() == 0x0a, let block = reader.lengthPrefixedRange() else {
            throw .malformed
        }
        try admit(try oneLabel(bytes, block), to: &found, limits)
    }
    return try canonical(bytes, found)
}

/// The labels of a run of remote write 2.0 references. O(n log n).
func canonicalLabels(
    of bytes: [UInt8], in range: Range<Int>, naming symbols: [Symbol], limits: LabelLimits
) throws(LabelFault) -> Labels {
    var found: [FoundLabel] = []
    var reader = ByteReader(bytes, in: range)
    while !reader.isAtEnd {
        guard let name = reader.varint(), name < UInt64(symbols.count),
            let value = reader.varint(), value < UInt64(symbols.count)
        else { throw .badReference }
        try admit((symbols[Int(name)].text, symbols[Int(value)].text), to: &found, limits)
    }
    return try canonical(bytes, found)
}

typealias FoundLabel = (name: Range<Int>, value: Range<Int>)

private func admit(
    _ label: FoundLabel, to found: inout [FoundLabel], _ limits: LabelLimits
) throws(LabelFault) {
    guard !label.name.isEmpty else { throw .emptyName }
    if label.value.isEmpty { return }
    guard label.name.count <= limits.nameBytes, label.value.count <= limits.valueBytes else {
        throw .tooLong
    }
    guard found.count < limits.labels else { throw .tooMany }
    found.append(label)
}

private func isOrdered(_ bytes: [UInt8], _ left: Range<Int>, _ right: Range<Int>) -> Bool {
    for (a, b) in zip(left, right) where bytes[a] != bytes[b] { return bytes[a] < bytes[b] }
    return left.count < right.count
}

/// The name and the value of a remote write 1.0 `Label`.
func oneLabel(
    _ bytes: [UInt8], _ block: Range<Int>
) throws(LabelFault) -> FoundLabel {
    var name = 0..<0
    var value = 0..<0
    var reader = ByteReader(bytes, in: block)
    while !reader.isAtEnd {
        guard let tag = reader.varint(), tag >> 3 != 0, tag >> 3 < 1 << 29 else {
            throw .malformed
        }
        switch (tag >> 3, tag & 7) {
        case (1, 2), (2, 2):
            guard let text = reader.lengthPrefixedRange() else { throw .malformed }
            if tag >> 3 == 1 { name = text } else { value = text }
        case (1, _), (2, _): throw .malformed
        case (_, 2):
            guard reader.lengthPrefixedRange() != nil else { throw .malformed }
        case (_, 0):
            guard reader.varint() != nil else { throw .malformed }
        case (_, 1):
            guard reader.fixed64() != nil else { throw .malformed }
        case (_, 5):
            guard reader.fixed32() != nil else { throw .malformed }
        default: throw .malformed
        }
    }
    return (name, value)
}

private func canonical(
    _ bytes: [UInt8], _ found: [FoundLabel]
) throws(LabelFault) -> Labels {
    let labels = try canonicalLabels(bytes, found)
    let isNamed = found.contains { isMetricName(bytes, $0.name) }
    guard isNamed else { throw .missingMetricName }
    return labels
}

/// Labels of any kind, sorted and checked; the values must not be empty. O(n log n).
func canonicalLabels(_ bytes: [UInt8], _ found: [FoundLabel]) throws(LabelFault) -> Labels {
    // Senders sort labels already, as the specification asks; then this is one pass.
    let sorted = found.sorted { isOrdered(bytes, $0.name, $1.name) }
    // Labels are kept: what is reserved is what they take.
    let size = found.reduce(0) { $0 + prefixedSize($1.name) + prefixedSize($1.value) }
    var writer = ByteWriter(reserving: size)
    for (index, label) in sorted.enumerated() {
        if index > 0, bytes[sorted[index - 1].name].elementsEqual(bytes[label.name]) {
            throw .duplicateName
        }
        guard isText(bytes, label.name), isText(bytes, label.value) else { throw .invalidUTF8 }
        writer.lengthPrefixed(bytes[label.name])
        writer.lengthPrefixed(bytes[label.value])
    }
    return Labels(canonical: writer.bytes)
}

/// Bytes of a text and the length before it, when that is below 2^14.
private func prefixedSize(_ range: Range<Int>) -> Int {
    range.count + (range.count < 0x80 ? 1 : 2)
}

func isText(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    for index in range where bytes[index] >= 0x80 {
        return String(validating: bytes[range], as: UTF8.self) != nil
    }
    return true
}

private func isMetricName(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
    range.count == Labels.metricName.utf8.count
        && zip(range, Labels.metricName.utf8).allSatisfy { bytes[$0] == $1 }
}
