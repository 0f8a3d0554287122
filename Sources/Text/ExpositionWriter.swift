/// Writes metrics in Prometheus' text format 0.0.4. O(bytes).
public struct ExpositionWriter: Sendable {
    /// What a metric's TYPE line says.
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    public private(set) var text = ""

    public init() {}

    /// Begins a metric: its HELP and TYPE lines. The samples follow.
    public mutating func metric(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// One sample of the metric begun last.
    public mutating func sample(
        _ name: String, _ labels: [(name: String, value: String)] = [], _ value: Double
    ) {
        text += name
        if !labels.isEmpty {
            let list = labels.map { "\($0.name)=\"\(escaped($0.value, quotes: true))\"" }
            text += "{" + list.joined(separator: ",") + "}"
        }
        text += " " + number(value) + "\n"
    }

    /// A metric of one sample without labels.
    public mutating func single(
        _ name: String, _ kind: Kind, _ help: String, _ value: Double
    ) {
        metric(name, kind, help)
        sample(name, value)
    }

    private mutating func sample(_ name: String, _ value: Double) { sample(name, [], value) }

    private func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return value.description
    }

    private func escaped(_ text: String, quotes: Bool) -> String {
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\"" where quotes: out += "\\\""
            default: out.append(character)
            }
        }
        return out
    }
}
