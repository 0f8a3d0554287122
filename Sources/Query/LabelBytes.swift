internal import Model

// Operations on labels in their canonical bytes, done once for each series and query.

/// Names of labels, ready to be looked for.
struct LabelNames {
    private let names: [[UInt8]]

    init(_ names: [String]) { self.names = names.map { Array($0.utf8) } }

    var isEmpty: Bool { names.isEmpty }

    func contains(_ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        for name in names where name.count == range.count {
            var isEqual = true
            for index in 0..<name.count where name[index] != bytes[range.lowerBound + index] {
                isEqual = false
                break
            }
            if isEqual { return true }
        }
        return false
    }
}

/// What goes with the metric's name: name, type and unit.
let metadataNames = LabelNames([Labels.metricName, "__type__", "__unit__"])
let metricNameOnly = LabelNames([Labels.metricName])

extension Labels {
    /// Only the labels whose names pass. O(bytes), one allocation.
    func filtered(_ isKept: (_ bytes: [UInt8], _ name: Range<Int>) -> Bool) -> Labels {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var start = 0
        var reader = ByteReader(bytes)
        while let name = reader.lengthPrefixedRange(), reader.lengthPrefixedRange() != nil {
            if isKept(bytes, name) { out.append(contentsOf: bytes[start..<reader.position]) }
            start = reader.position
        }
        return Labels(canonical: out)
    }

    func keeping(_ names: LabelNames) -> Labels {
        names.isEmpty ? .empty : filtered { names.contains($0, $1) }
    }

    func dropping(_ names: LabelNames) -> Labels { filtered { !names.contains($0, $1) } }

    /// Without the metric's name, its type and its unit.
    var withoutName: Labels {
        // Names are sorted, and few begin with two underscores.
        dropping(metadataNames)
    }

    /// With a label set, or removed when `value` is empty.
    func setting(_ name: String, _ value: String) -> Labels {
        var pairs = pairs.filter { $0.name != name }.map { ($0.name, $0.value) }
        pairs.append((name, value))
        return Labels(pairs)
    }

    /// The metric's name, or empty.
    var name: String { self[Labels.metricName] ?? "" }
}

/// As Prometheus orders label sets: name by name, value by value, the shorter first.
func precedes(_ left: Labels, _ right: Labels) -> Bool {
    var (a, b) = (ByteReader(left.bytes), ByteReader(right.bytes))
    while true {
        guard let leftName = a.lengthPrefixedRange(), let leftValue = a.lengthPrefixedRange()
        else { return !b.isAtEnd }
        guard let rightName = b.lengthPrefixedRange(), let rightValue = b.lengthPrefixedRange()
        else { return false }
        var order = compareBytes(left.bytes, leftName, right.bytes, rightName)
        if order == 0 { order = compareBytes(left.bytes, leftValue, right.bytes, rightValue) }
        if order != 0 { return order < 0 }
    }
}

private func compareBytes(
    _ left: [UInt8], _ a: Range<Int>, _ right: [UInt8], _ b: Range<Int>
) -> Int {
    for index in 0..<min(a.count, b.count) {
        let (x, y) = (left[a.lowerBound + index], right[b.lowerBound + index])
        if x != y { return x < y ? -1 : 1 }
    }
    return a.count - b.count
}
