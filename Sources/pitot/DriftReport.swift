import Text

// What `GET /api/v1/drift?cells=true` says, for people: lines, or one HTML file that needs nothing
// else, with a histogram of each feature, baseline beside now.

/// A report of all models under watch.
struct DriftReport {
    private let models: [JSONValue]

    /// Nil when the bytes are no answer of an agent.
    init?(_ bytes: [UInt8]) {
        // What is wrong with them is of no use to the reader.
        guard let root = try? JSONValue.parse(bytes), let models = root["data"]?["models"] else {
            return nil
        }
        self.models = models.elements
    }

    // MARK: Text

    var text: String {
        if models.isEmpty { return "no models under watch" }
        return models.map(Self.text).joined(separator: "\n\n")
    }

    private static func name(_ model: JSONValue) -> String {
        let parts = ["namespace", "endpoint", "version"].compactMap { key -> String? in
            guard let value = model[key]?.asString, !value.isEmpty else { return nil }
            return "\(key) \(value)"
        }
        let isOutputs = model["stream"]?.asString == "outputs"
        let name = (model["model"]?.asString ?? "") + (isOutputs ? " outputs" : "")
        return parts.isEmpty ? name : name + " (" + parts.joined(separator: ", ") + ")"
    }

    private static func number(_ value: JSONValue?, _ digits: Int = 0) -> String {
        guard let number = value?.asDouble else { return "-" }
        return decimal(number, digits)
    }

    /// Small chances keep their size.
    private static func chance(_ value: JSONValue?) -> String {
        guard let number = value?.asDouble else { return "-" }
        return number < 0.0001 ? "<0.0001" : decimal(number, 4)
    }

    private static func text(_ model: JSONValue) -> String {
        var lines = ["\(name(model)): \(model["state"]?.asString ?? "")"]
        if let collecting = model["collecting"] {
            lines.append(
                "  baseline: \(number(collecting["rows"])) of \(number(collecting["of"])) rows")
        }
        let rows = model["rows"]
        lines.append("  rows: \(number(rows?["seen"])) seen, \(number(rows?["used"])) used")
        if let baseline = model["baseline"] {
            lines.append(
                "  baseline: \(number(baseline["rows"])) rows; "
                    + (baseline["guarantee"]?.asString ?? ""))
        }
        if let detector = model["detector"] {
            lines.append(
                "  evidence: \(number(detector["evidence"])) of \(number(detector["budget"])); "
                    + "alarms: \(number(detector["alarms"]))")
        }
        if let windows = model["windows"] {
            lines.append(
                "  windows: \(number(windows["clean"])) clean, "
                    + "\(number(windows["drifted"])) drifted, \(number(windows["noData"])) no data")
        }
        lines += answers(model)
        for move in model["alarm"]?["moved"]?.elements ?? [] {
            let cells = (move["cells"]?.elements ?? []).map(cell).joined(separator: ", ")
            lines.append("  alarm: \(move["feature"]?.asString ?? "") \(cells)")
        }
        lines += table(model)
        return lines.joined(separator: "\n")
    }

    /// Sampling, training against serving, answers against labels, and detectors asked for.
    private static func answers(_ model: JSONValue) -> [String] {
        var lines: [String] = []
        if let share = model["sampling"]?["share"]?.asDouble, share < 1 {
            lines.append("  sampled: \(decimal(share * 100, 2)) % of requests were sent on")
        }
        for text in model["consistency"]?["differences"]?.elements ?? [] {
            lines.append("  differs from training: \(text.asString ?? "")")
        }
        if let labels = model["labels"], !labels.isNull {
            lines.append(
                "  labels: \(share(labels["coverage"])) of \(number(labels["predictions"])) "
                    + "predictions; wrong \(share(labels["errorRatio"])), expected of all "
                    + "\(share(labels["expectedErrorRatio"]))")
        }
        for detector in model["detectors"]?.elements ?? [] {
            lines.append(
                "  \(detector["kind"]?.asString ?? "") of \(detector["of"]?.asString ?? ""): "
                    + "\(number(detector["alarms"])) alarms in \(number(detector["samples"])) "
                    + "(\(detector["guarantee"]?.asString ?? ""))")
        }
        return lines
    }

    private static func share(_ value: JSONValue?) -> String {
        value?.asDouble.map { decimal($0 * 100, 1) + " %" } ?? "unknown"
    }

    private static func cell(_ cell: JSONValue) -> String {
        let before = decimal((cell["before"]?.asDouble ?? 0) * 100, 1)
        let now = decimal((cell["now"]?.asDouble ?? 0) * 100, 1)
        return "\(cell["cell"]?.asString ?? "") \(before) % -> \(now) %"
    }

    private static func table(_ model: JSONValue) -> [String] {
        let features = model["lastWindow"]?["features"]?.elements ?? []
        if features.isEmpty { return ["  no window has been closed yet"] }
        var lines = [
            "  last window: \(number(model["lastWindow"]?["rows"])) rows, "
                + "p \(chance(model["lastWindow"]?["pValue"]))",
            "  " + padded("feature", 28) + padded("psi", 10) + padded("p", 10) + "moved",
        ]
        for feature in features {
            let measures = feature["measures"]
            let moved = feature["moved"]?.elements.prefix(2).map(cell) ?? []
            lines.append(
                "  " + padded(feature["feature"]?.asString ?? "", 28)
                    + padded(number(measures?["psi"]?["value"], 4), 10)
                    + padded(chance(measures?["chi_squared"]?["pValue"]), 10)
                    + moved.joined(separator: ", "))
        }
        return lines
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    // MARK: HTML

    private static let style = """
        body{font:14px/1.5 system-ui,sans-serif;margin:2em;max-width:70em;color:#1b1f24}
        h2{margin:2em 0 .3em}.drifted{color:#b42318}.watching{color:#067647}
        figure{display:inline-block;margin:.5em 1em .5em 0;vertical-align:top}
        figcaption{font-size:13px;max-width:320px}svg{background:#f6f8fa}
        .b{fill:#98a2b3}.n{fill:#2e6fdb}.m .n{fill:#d92d20}
        """

    var html: String {
        var out = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">"
        out += "<title>Pitot: drift</title><style>\(Self.style)</style><h1>Drift</h1>"
        out += "<p>Grey: the baseline. Blue: the last window; red where its feature moved.</p>"
        for model in models {
            let state = model["state"]?.asString ?? ""
            out += "<h2>\(Self.escaped(Self.name(model))): "
            out += "<span class=\"\(Self.escaped(state))\">\(Self.escaped(state))</span></h2>"
            let lines = Self.text(model).split(separator: "\n").dropFirst()
            let head = lines.prefix { !$0.hasPrefix("  feature") }
            out += "<pre>\(Self.escaped(head.joined(separator: "\n")))</pre>"
            for feature in model["lastWindow"]?["features"]?.elements ?? [] {
                out += Self.figure(feature)
            }
        }
        return out + "</html>"
    }

    private static func figure(_ feature: JSONValue) -> String {
        let cells = feature["cells"]?.elements ?? []
        let before = cells.map { $0["baseline"]?.asDouble ?? 0 }
        let now = cells.map { $0["now"]?.asDouble ?? 0 }
        let (sumBefore, sumNow) = (before.reduce(0, +), now.reduce(0, +))
        guard sumBefore > 0, sumNow > 0 else { return "" }
        let shares = zip(before, now).map { ($0 / sumBefore, $1 / sumNow) }
        let top = shares.reduce(0.000_001) { max($0, $1.0, $1.1) }
        let width = 320.0 / Double(max(1, cells.count))
        var bars = ""
        for (place, share) in shares.enumerated() {
            let left = Double(place) * width
            let title =
                "\(cells[place]["cell"]?.asString ?? ""): \(decimal(share.0 * 100, 1)) % -> "
                + "\(decimal(share.1 * 100, 1)) %"
            bars += "<g><title>\(escaped(title))</title>"
            bars += bar("b", left + width * 0.08, width * 0.4, share.0 / top)
            bars += bar("n", left + width * 0.52, width * 0.4, share.1 / top) + "</g>"
        }
        let hasMoved = !(feature["moved"]?.elements.isEmpty ?? true)
        let measures = feature["measures"]
        let unit = feature["unit"]?.asString.map { " [\($0)]" } ?? ""
        let caption =
            "\(feature["feature"]?.asString ?? "")\(unit): PSI "
            + "\(number(measures?["psi"]?["value"], 4)), p "
            + chance(measures?["chi_squared"]?["pValue"])
        return "<figure class=\"\(hasMoved ? "m" : "")\"><svg width=\"320\" height=\"120\">\(bars)"
            + "</svg><figcaption>\(escaped(caption))</figcaption></figure>"
    }

    private static func bar(
        _ kind: String, _ left: Double, _ width: Double, _ height: Double
    ) -> String {
        let tall = 112 * height
        return "<rect class=\"\(kind)\" x=\"\(decimal(left, 1))\" y=\"\(decimal(118 - tall, 1))\" "
            + "width=\"\(decimal(width, 1))\" height=\"\(decimal(tall, 1))\"/>"
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
}
