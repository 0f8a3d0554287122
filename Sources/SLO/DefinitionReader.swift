import Model
public import Text

// Reads `kind: SLOs` files (DESIGN §4.6). Strict: an unknown key is an error with its position.

/// What a file of SLOs holds, and what is wrong with it.
public struct DefinitionFile: Sendable {
    public internal(set) var definitions: [SLODefinition] = []
    public internal(set) var diagnostics: [Diagnostic] = []

    public var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

/// Reads SLO definitions from parsed YAML documents.
public enum DefinitionReader {
    static let apiVersion = "pitot/v1"
    static let kind = "SLOs"
    static let slosPerFileMax = 10_000

    /// Whether a document is a native SLO file, by its `kind` or `apiVersion`.
    public static func recognizes(_ document: YAMLNode) -> Bool {
        document["kind"]?.asString == kind || document["apiVersion"]?.asString == apiVersion
    }

    /// Reads one document. `zones` are those that calendar periods may name.
    public static func read(
        _ document: YAMLNode, zones: TimeZones = TimeZones()
    ) -> DefinitionFile {
        var file = DefinitionFile()
        var fields = FieldReader(document, of: "SLO file")
        if let version = fields.string("apiVersion"), version != apiVersion {
            fields.fail(
                at: fields.position(of: "apiVersion"), "unknown apiVersion \"\(version)\"",
                expected: "\"\(apiVersion)\"")
        }
        if let found = fields.string("kind"), found != kind {
            fields.fail(
                at: fields.position(of: "kind"), "unknown kind \"\(found)\"",
                expected: "\"\(kind)\"")
        }
        let service = name(&fields, "service")
        let nodes = fields.sequence("slos")
        if nodes.isEmpty {
            fields.fail(
                at: fields.position(of: "slos"), "no SLO in the file",
                expected: "a list under \"slos\"")
        }
        for node in nodes.prefix(slosPerFileMax) {
            let (definition, diagnostics) = readOne(node, service: service, zones)
            fields.add(diagnostics)
            if let definition { file.definitions.append(definition) }
        }
        if nodes.count > slosPerFileMax {
            fields.fail(
                at: nodes[slosPerFileMax], "more than \(slosPerFileMax) SLOs in one file",
                hint: "split it")
        }
        file.diagnostics = fields.finish()
        return file
    }

    private static func readOne(
        _ node: YAMLNode, service: String?, _ zones: TimeZones
    ) -> (SLODefinition?, [Diagnostic]) {
        var fields = FieldReader(node, of: "SLO")
        let name = name(&fields, "name")
        let objective = objective(&fields)
        let period = PeriodReader.read(&fields, zones)
        let by = groupLabels(&fields)
        var sli: SLI?
        if let sliNode = fields.node("sli") {
            var reader = SLIReader(sliNode, zones)
            sli = reader.read()
            fields.add(reader.diagnostics)
        }
        var policy = AlertPolicy()
        if let alerts = fields.optionalNode("alerts") {
            var reader = AlertPolicyReader(alerts)
            policy = reader.read()
            fields.add(reader.diagnostics)
        }
        choosePairs(&policy, period, &fields)
        let diagnostics = fields.finish()
        guard let service, let name, let objective, let sli,
            !diagnostics.contains(where: { $0.severity == .error })
        else { return (nil, diagnostics) }
        let definition = SLODefinition(
            service: service, name: name, objective: objective, period: period, by: by, sli: sli,
            alerts: policy, position: node.position)
        return (definition, diagnostics)
    }

    private static func name(_ fields: inout FieldReader, _ key: String) -> String? {
        guard let text = fields.string(key) else { return nil }
        let isGood =
            text.utf8.count <= 100 && text.first?.isPunctuation == false
            && text.utf8.allSatisfy { byte in
                let scalar = Unicode.Scalar(byte)
                return scalar.properties.isAlphabetic && byte < 0x80
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || scalar == "-" || scalar == "_" || scalar == "."
            }
        if isGood { return text }
        fields.fail(
            at: fields.position(of: key), "\"\(text)\" cannot be a \(key)",
            expected: "1 to 100 letters, digits, '-', '_' or '.', not beginning with a sign")
        return nil
    }

    private static func objective(_ fields: inout FieldReader) -> Objective? {
        guard let text = fields.string("objective") else { return nil }
        if let objective = Objective(percent: text) {
            if objective.ratio < 0.01 {
                fields.warn(
                    at: fields.position(of: "objective"),
                    "objective \(text) is below one percent",
                    hint: "it is a percentage: for three nines write 99.9")
            }
            return objective
        }
        let hint =
            switch Double(text) {
            case .some(100...): "an objective of 100 leaves no budget and can only be missed"
            default: "for three nines write 99.9"
            }
        fields.fail(
            at: fields.position(of: "objective"), "objective \(text) is out of range",
            expected: "a percentage above 0 and below 100, at most ten decimals", hint: hint)
        return nil
    }

    /// The tiers' own pairs, or those that the period gives.
    private static func choosePairs(
        _ policy: inout AlertPolicy, _ period: Period, _ fields: inout FieldReader
    ) {
        let (standard, dropped) = AlertPair.standard(for: period.alertSpan)
        let given = policy.pairs
        let isGiven = { (severity: Severity) in given.contains { $0.severity == severity } }
        policy.pairs = Severity.allCases.flatMap { severity in
            guard policy.tiers[severity] != nil else { return [AlertPair]() }
            return (isGiven(severity) ? given : standard).filter { $0.severity == severity }
        }
        for pair in policy.pairs where isGiven(pair.severity) && pair.long > period.spanMax {
            fields.fail(
                at: fields.position(of: "alerts"),
                "a window of \(pair.long) is longer than the period of \(period)",
                expected: "windows within the period")
        }
        for pair in dropped where policy.tiers[pair.severity] != nil && !isGiven(pair.severity) {
            fields.warn(
                at: fields.position(of: "period"),
                "no \(pair.severity.rawValue) alert over \(pair.long) above \(pair.factor): "
                    + (pair.factor < 1
                        ? "its factor would be below 1 for a period of \(period)"
                        : "another with the same windows fires first for a period of \(period)"))
        }
    }

    /// Labels that Pitot sets on its own alerts and series.
    public static let reservedLabels = ["alertname", "service", "severity", "slo", "window"]
    private static let groupLabelsMax = 10

    private static func groupLabels(_ fields: inout FieldReader) -> [String] {
        guard let node = fields.optionalNode("by") else { return [] }
        let labels = fields.optionalStrings("by") ?? []
        for (index, label) in labels.enumerated() {
            let at = index < node.elements.count ? node.elements[index] : node
            if reservedLabels.contains(label) || label.hasPrefix("__") || label.isEmpty {
                fields.fail(
                    at: at, "\"\(label)\" cannot be a group label",
                    expected: "a label other than \(reservedLabels.joined(separator: ", "))",
                    hint: "Pitot sets it on its alerts; relabel the series to another name")
            }
            if labels.prefix(index).contains(label) {
                fields.fail(at: at, "\"\(label)\" stands twice in \"by\"")
            }
        }
        if labels.count > groupLabelsMax {
            fields.fail(at: node, "\(labels.count) group labels", expected: "at most ten")
        }
        return labels
    }
}
