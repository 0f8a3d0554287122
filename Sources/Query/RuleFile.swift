public import Model
public import Text

/// A rule of a Prometheus rule file, checked.
public struct Rule: Sendable {
    /// What a rule makes.
    public enum Kind: Hashable, Sendable {
        case record(String)
        case alert(name: String, hold: TimeSpan, keepFiring: TimeSpan)
    }

    public var kind: Kind
    public var query: Query
    /// The expression as written.
    public var text: String
    /// The expression as Prometheus prints it.
    public var printed: String
    /// The group's labels under the rule's, sorted by name.
    public var labels: [(name: String, value: String)]
    public var annotations: [(name: String, value: String)]
    /// Where its expression stands.
    public var position: SourcePosition

    /// The metric or the alert.
    public var name: String {
        switch kind {
        case .record(let name), .alert(let name, _, _): name
        }
    }
}

/// A group of rules, evaluated one after the other at the same time.
public struct RuleGroup: Sendable {
    public var name: String
    public var file: String
    /// The global evaluation interval when nil.
    public var interval: TimeSpan?
    /// The most series or alerts of a rule; 0 for no limit.
    public var limit: Int
    public var queryOffset: TimeSpan?
    public var rules: [Rule]
}

/// Prometheus' rule files, read strictly.
public enum RuleFile {
    /// The most rules of a file.
    public static let rulesMax = 100_000

    /// The groups of a file, and what is wrong with it. With an error there are no groups.
    public static func read(
        _ bytes: [UInt8], file: String, options: QueryOptions = QueryOptions()
    ) -> (groups: [RuleGroup], diagnostics: [Diagnostic]) {
        let documents: [YAMLNode]
        do throws(Diagnostic) {
            documents = try YAML.parse(bytes, file: file)
        } catch {
            return ([], [error])
        }
        guard let first = documents.first else { return ([], []) }
        return read(first, file: file, options: options)
    }

    /// The groups of one document of a file, as `read`.
    public static func read(
        _ document: YAMLNode, file: String, options: QueryOptions
    ) -> (groups: [RuleGroup], diagnostics: [Diagnostic]) {
        var reader = FieldReader(document, of: "rule file")
        var groups: [RuleGroup] = []
        var names: Set<String> = []
        for node in reader.sequence("groups") {
            guard let group = group(node, file, options, &reader) else { continue }
            if !names.insert(group.name).inserted {
                reader.fail(
                    at: node, "groupname: \"\(group.name)\" is repeated in the same file")
            }
            groups.append(group)
        }
        var diagnostics = reader.finish()
        if groups.isEmpty && diagnostics.isEmpty {
            diagnostics = [.warning(at: document.position, "a rule file without groups")]
        }
        let isRefused = diagnostics.contains { $0.severity == .error }
        return (isRefused ? [] : groups, diagnostics)
    }

    private static func group(
        _ node: YAMLNode, _ file: String, _ options: QueryOptions, _ outer: inout FieldReader
    ) -> RuleGroup? {
        var reader = FieldReader(node, of: "group")
        let name = reader.string("name")
        var group = RuleGroup(
            name: name ?? "", file: file, interval: reader.optionalDuration("interval"),
            limit: reader.optionalInteger("limit") ?? 0,
            queryOffset: reader.optionalDuration("query_offset"), rules: [])
        let labels = reader.pairs("labels")
        check(labels, &reader)
        let nodes = reader.sequence("rules")
        if nodes.count > rulesMax { reader.fail(at: node, "more than \(rulesMax) rules") }
        for node in nodes.prefix(rulesMax) {
            if let rule = rule(node, labels, options, &reader) { group.rules.append(rule) }
        }
        outer.add(reader.finish())
        return name == nil ? nil : group
    }

    private static func rule(
        _ node: YAMLNode, _ groupLabels: [(name: String, value: String)],
        _ options: QueryOptions, _ outer: inout FieldReader
    ) -> Rule? {
        var reader = FieldReader(node, of: "rule")
        defer { outer.add(reader.finish()) }
        let record = reader.optionalString("record")
        let alert = reader.optionalString("alert")
        let hold = reader.optionalDuration("for")
        let keep = reader.optionalDuration("keep_firing_for")
        let labels = reader.pairs("labels")
        let annotations = reader.pairs("annotations")
        check(labels, &reader)
        if (record == nil) == (alert == nil) {
            let what =
                record == nil
                ? "one of 'record' or 'alert' must be set"
                : "only one of 'record' and 'alert' must be set"
            reader.fail(at: node, what)
        }
        if let record {
            for (name, value) in [("for", hold != nil), ("keep_firing_for", keep != nil)]
            where value {
                reader.fail(
                    at: reader.position(of: name),
                    "invalid field '\(name)' in recording rule")
            }
            if !annotations.isEmpty {
                reader.fail(
                    at: reader.position(of: "annotations"),
                    "invalid field 'annotations' in recording rule")
            }
            if record.isEmpty || record.utf8.contains(where: { "{}".utf8.contains($0) }) {
                reader.fail(
                    at: reader.position(of: "record"), "invalid recording rule name: \(record)")
            }
        }
        if let alert { checkTemplates(alert, labels + annotations, &reader) }
        guard let text = reader.string("expr"), (record == nil) != (alert == nil) else {
            return nil
        }
        let place = reader.node("expr")?.textPosition ?? node.position
        do throws(QueryError) {
            let query = try Query(parsing: text, options: options)
            let kind =
                record.map { Rule.Kind.record($0) }
                ?? .alert(name: alert ?? "", hold: hold ?? .zero, keepFiring: keep ?? .zero)
            let merged = groupLabels.filter { pair in !labels.contains { $0.name == pair.name } }
            return Rule(
                kind: kind, query: query, text: text, printed: query.expression.description,
                labels: (merged + labels).sorted { $0.name < $1.name },
                annotations: annotations.sorted { $0.name < $1.name }, position: place)
        } catch {
            reader.fail(at: place, "could not parse expression: \(error)")
            return nil
        }
    }

    private static func check(
        _ labels: [(name: String, value: String)], _ reader: inout FieldReader
    ) {
        for label in labels where label.name.isEmpty || label.name == Labels.metricName {
            reader.fail(at: reader.position(of: "labels"), "invalid label name: \(label.name)")
        }
    }

    private static func checkTemplates(
        _ alert: String, _ texts: [(name: String, value: String)], _ reader: inout FieldReader
    ) {
        for pair in texts {
            do throws(TemplateError) {
                _ = try RuleTemplate.parse(pair.value, alert: alert)
            } catch {
                reader.fail(at: reader.node, "\(pair.name): \(error)")
            }
        }
    }
}

/// Labels and annotations of alerts as templates.
enum RuleTemplate {
    private static let preamble =
        "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
        + "{{$externalURL := .ExternalURL}}{{$value := .Value}}"

    static let names: TemplateFunctions = {
        var functions = TemplateFunctions()
        functions.addPrometheus(TemplateSurroundings())
        return functions
    }()

    static func parse(_ text: String, alert: String) throws(TemplateError) -> Template {
        try Template(parsing: preamble + text, name: "__alert_\(alert)", functions: names)
    }

    static func expand(
        _ text: String, alert: String, on dot: TemplateValue, _ functions: TemplateFunctions
    ) -> String {
        // Most texts are plain.
        guard text.contains("{{") else { return text }
        do throws(TemplateError) {
            return try parse(text, alert: alert).run(on: dot, functions: functions)
        } catch {
            return "<error expanding template: \(error)>"
        }
    }
}
