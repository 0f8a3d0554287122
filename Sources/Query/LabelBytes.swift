public import Model

// Operations on labels in their canonical bytes, done once for each series and query.

/// Names of labels, ready to be looked for.
struct LabelNames {
    let texts: [String]
    private let names: [[UInt8]]

    init(_ names: [String]) {
        texts = names
        self.names = names.map { Array($0.utf8) }
    }

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

/// Backwards.
private let counterEndings = ["_total", "_sum", "_count", "_bucket"].map {
    Array($0.utf8.reversed())
}

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

    /// Whether the metric's name ends like a counter's; true without a name. No allocation.
    var isNamedLikeCounter: Bool {
        var isCounter = true
        forEachRange { name, value in
            guard metricNameOnly.contains(bytes, name) else { return }
            isCounter = counterEndings.contains { bytes[value].reversed().starts(with: $0) }
        }
        return isCounter
    }

    /// The metric's name, or empty.
    var name: String { self[Labels.metricName] ?? "" }
}

/// Whether one label set comes before another as Prometheus orders them.
///
/// Name by name, value by value, the shorter first. Finds the first byte that differs, then the
/// text it is in: when only a length differs, the texts decide. O(bytes), no allocation.
public func precedes(_ left: Labels, _ right: Labels) -> Bool {
    let (a, b) = (left.bytes.span, right.bytes.span)
    let common = min(a.count, b.count)
    var difference = 0
    while difference < common && a[difference] == b[difference] { difference += 1 }
    if difference == common { return a.count < b.count }
    var start = 0
    while true {
        let (leftText, rightText) = (textRange(a, start), textRange(b, start))
        if difference >= leftText.upperBound && leftText == rightText {
            start = leftText.upperBound
            continue
        }
        let length = min(leftText.count, rightText.count)
        for index in 0..<length {
            let (x, y) = (a[leftText.lowerBound + index], b[rightText.lowerBound + index])
            if x != y { return x < y }
        }
        return leftText.count < rightText.count
    }
}

/// Where the text lies whose length stands at an index.
private func textRange(_ bytes: Span<UInt8>, _ start: Int) -> Range<Int> {
    var index = start
    var length = 0
    var shift = 0
    while index < bytes.count {
        let byte = bytes[index]
        index += 1
        length |= Int(byte & 0x7f) << shift
        shift += 7
        if byte < 0x80 || shift > 56 { break }
    }
    return index..<max(index, min(index &+ length, bytes.count))
}
