import Model
import Query
import Text

/// What an importer found in one document.
struct Imported {
    var slos: [NativeSLO] = []
    /// What cannot be converted, and what to do.
    var refusals: [Diagnostic] = []
    /// What is converted, but a person should look at.
    var warnings: [Diagnostic] = []

    static func + (left: Imported, right: Imported) -> Imported {
        Imported(
            slos: left.slos + right.slos, refusals: left.refusals + right.refusals,
            warnings: left.warnings + right.warnings)
    }
}

extension YAMLNode {
    /// The value of the first of these keys that is there and not null.
    func first(_ keys: String...) -> YAMLNode? {
        for key in keys {
            if let found = self[key], !found.isNull { return found }
        }
        return nil
    }

    /// Where a key's value stands, or this mapping.
    func place(_ keys: String...) -> SourcePosition {
        for key in keys {
            if let found = self[key] { return found.position }
        }
        return position
    }

    /// A mapping of texts, in the file's order.
    var textPairs: [TextPair] {
        guard case .mapping(let pairs) = content else { return [] }
        return pairs.compactMap { pair in
            guard case .scalar(let name, _) = pair.key.content, let value = pair.value.asString
            else { return nil }
            return TextPair(name: name, value: value)
        }
    }
}

extension [TextPair] {
    /// These with `others` on top, sorted by name.
    func merging(_ others: [TextPair]) -> [TextPair] {
        let kept = filter { pair in !others.contains { $0.name == pair.name } }
        return (kept + others).sorted { $0.name < $1.name }
    }
}

/// What peers call alerts that Pitot names itself.
enum AlertNames {
    /// Labels that Pitot sets on its alerts; a peer's own go on under another name, so that routes
    /// can still tell them apart.
    private static let reserved: Set<String> = [
        "alertname", "service", "severity", "slo", "window",
    ]

    private static let prefix = "former_"

    /// A peer's alert labels, its alert's name among them, as Pitot can set them.
    static func labels(_ peer: [TextPair], alertName: String?) -> [TextPair] {
        let named = alertName.map { [TextPair(name: "alertname", value: $0)] } ?? []
        let labels = (peer + named).filter { !$0.value.isEmpty }.map { label in
            reserved.contains(label.name)
                ? TextPair(name: prefix + label.name, value: label.value) : label
        }
        return [TextPair]().merging(labels)
    }

    /// Which labels of an SLO's alerts had to change their names.
    static func renamed(_ tiers: [NativeTier]) -> Difference? {
        var found: [(name: String, values: [String])] = []
        for label in tiers.flatMap(\.labels) where label.name.hasPrefix(prefix) {
            if let index = found.firstIndex(where: { $0.name == label.name }) {
                if !found[index].values.contains(label.value) {
                    found[index].values.append(label.value)
                }
            } else {
                found.append((label.name, [label.value]))
            }
        }
        if found.isEmpty { return nil }
        let list = found.map { "\($0.name) (\($0.values.joined(separator: ", ")))" }
        return Difference(
            .labels,
            "alertname and severity are Pitot's own; the old values are in "
                + "\(list.joined(separator: ", ")): change routes that match them")
    }

    /// Notes what templates of a peer's annotations will not find here.
    static func annotations(
        _ peer: [TextPair], _ differences: inout [Difference]
    ) -> [TextPair] {
        for pair in peer where pair.value.contains("{{") {
            add(
                Difference(
                    .labels,
                    "the annotation \(pair.name) is a template of the peer's labels and value; "
                        + "look whether it still says what it should"), to: &differences)
        }
        return [TextPair]().merging(peer)
    }
}

/// Adds a difference once.
func add(_ difference: Difference, to differences: inout [Difference]) {
    if !differences.contains(difference) { differences.append(difference) }
}

/// A decimal with its point moved two digits to the right: 0.999 is 99.9 percent, exactly.
func percent(ofRatio text: String) -> String? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, !parts[0].isEmpty,
        text.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") })
    else { return nil }
    var fraction = parts.count == 2 ? String(parts[1]) : ""
    while fraction.utf8.count < 2 { fraction += "0" }
    let whole = parts[0] + fraction.prefix(2)
    return plainDecimal(String(whole), String(fraction.dropFirst(2)))
}

/// Without zeros that say nothing.
func plainDecimal(_ whole: String, _ fraction: String) -> String {
    let digits = String(whole.drop { $0 == "0" })
    var rest = fraction
    while rest.hasSuffix("0") { rest.removeLast() }
    return (digits.isEmpty ? "0" : digits) + (rest.isEmpty ? "" : "." + rest)
}

/// A percentage as a person wrote it: `99.0` is 99.
func plainPercent(_ text: String) -> String {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return text }
    return plainDecimal(String(parts[0]), String(parts[1]))
}
