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
    public let labels: [(name: String, value: String)]
    public let annotations: [(name: String, value: String)]
    /// The values of an alert's labels and annotations, parsed.
    let labelTemplates: [RuleTemplate]
    let annotationTemplates: [RuleTemplate]
    /// Where its expression stands.
    public var position: SourcePosition
    /// Where the rule begins.
    public var start: SourcePosition

    init(
        _ kind: Kind, _ query: Query, text: String, labels: [(name: String, value: String)],
        annotations: [(name: String, value: String)], at position: SourcePosition,
        start: SourcePosition
    ) {
        self.kind = kind
        self.query = query
        self.text = text
        printed = query.expression.description
        self.labels = labels
        self.annotations = annotations
        self.position = position
        self.start = start
        if case .alert(let name, _, _) = kind {
            labelTemplates = labels.map { RuleTemplate($0.value, alert: name) }
            annotationTemplates = annotations.map { RuleTemplate($0.value, alert: name) }
        } else {
            labelTemplates = []
            annotationTemplates = []
        }
    }

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

    /// The groups of a file, and what is wrong with it. With an error there are no groups. With
    /// `allowsUnknown` unknown keys do not count.
    public static func read(
        _ bytes: [UInt8], file: String, options: QueryOptions = QueryOptions(),
        allowsUnknown: Bool = false
    ) -> (groups: [RuleGroup], diagnostics: [Diagnostic]) {
        let documents: [YAMLNode]
        do throws(Diagnostic) {
            documents = try YAML.parse(bytes, file: file)
        } catch {
            return ([], [error])
        }
        // Prometheus reads the first document and leaves the rest.
        guard let first = documents.first else { return ([], []) }
        return read(first, file: file, options: options, allowsUnknown: allowsUnknown)
    }

    /// The same of Kubernetes' `PrometheusRule` resources: their groups stand under `spec`, and
    /// each document counts. Other documents are left out.
    public static func readResources(
        _ bytes: [UInt8], file: String, options: QueryOptions = QueryOptions()
    ) -> (groups: [RuleGroup], diagnostics: [Diagnostic]) {
        let documents: [YAMLNode]
        do throws(Diagnostic) {
            documents = try YAML.parse(bytes, file: file)
        } catch {
            return ([], [error])
        }
        var groups: [RuleGroup] = []
        var diagnostics: [Diagnostic] = []
        for document in documents where document["kind"]?.asString == "PrometheusRule" {
            guard let spec = document["spec"] else { continue }
            let read = read(spec, file: file, options: options)
            groups += read.groups
            diagnostics += read.diagnostics
        }
        let isRefused = diagnostics.contains { $0.severity == .error }
        return (isRefused ? [] : groups, diagnostics)
    }

    /// The groups of one document of a file, as `read`.
    public static func read(
        _ document: YAMLNode, file: String, options: QueryOptions, allowsUnknown: Bool = false
    ) -> (groups: [RuleGroup], diagnostics: [Diagnostic]) {
        var reader = FieldReader(document, of: "rule file", allowsUnknown: allowsUnknown)
        var groups: [RuleGroup] = []
        var names: Set<String> = []
        for node in reader.sequence("groups") {
            guard let group = group(node, file, options, allowsUnknown, &reader) else { continue }
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
        _ node: YAMLNode, _ file: String, _ options: QueryOptions, _ allowsUnknown: Bool,
        _ outer: inout FieldReader
    ) -> RuleGroup? {
        var reader = FieldReader(node, of: "group", allowsUnknown: allowsUnknown)
        let name = reader.string("name")
        if name == "" { reader.fail(at: reader.position(of: "name"), "a group's name is empty") }
        var group = RuleGroup(
            name: name ?? "", file: file, interval: reader.optionalDuration("interval"),
            limit: reader.optionalInteger("limit") ?? 0,
            queryOffset: reader.optionalDuration("query_offset"), rules: [])
        let labels = reader.pairs(ofTexts: "labels")
        check(labels, &reader)
        let nodes = reader.sequence("rules")
        if nodes.count > rulesMax { reader.fail(at: node, "more than \(rulesMax) rules") }
        for node in nodes.prefix(rulesMax) {
            if let rule = rule(node, labels, options, allowsUnknown, &reader) {
                group.rules.append(rule)
            }
        }
        outer.add(reader.finish())
        return name == nil ? nil : group
    }

    private static func rule(
        _ node: YAMLNode, _ groupLabels: [(name: String, value: String)],
        _ options: QueryOptions, _ allowsUnknown: Bool, _ outer: inout FieldReader
    ) -> Rule? {
        var reader = FieldReader(node, of: "rule", allowsUnknown: allowsUnknown)
        defer { outer.add(reader.finish()) }
        let record = reader.nonEmpty("record")
        let alert = reader.nonEmpty("alert")
        let hold = reader.optionalDuration("for")
        let keep = reader.optionalDuration("keep_firing_for")
        let labels = reader.pairs(ofTexts: "labels")
        let annotations = reader.pairs(ofTexts: "annotations")
        check(labels, &reader)
        for annotation in annotations where annotation.name.isEmpty {
            reader.fail(at: reader.position(of: "annotations"), "an annotation has no name")
        }
        if (record == nil) == (alert == nil) {
            let what =
                record == nil
                ? "one of 'record' or 'alert' must be set"
                : "only one of 'record' and 'alert' must be set"
            reader.fail(at: node, what)
        }
        if let record { check(recorded: record, hold, keep, annotations.isEmpty, &reader) }
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
                kind, query, text: text, labels: (merged + labels).sorted { $0.name < $1.name },
                annotations: annotations.sorted { $0.name < $1.name }, at: place,
                start: node.position)
        } catch {
            reader.fail(at: place, "could not parse expression: \(error)")
            return nil
        }
    }

    private static func check(
        recorded name: String, _ hold: TimeSpan?, _ keep: TimeSpan?, _ isBare: Bool,
        _ reader: inout FieldReader
    ) {
        var fields: [String] = []
        if hold ?? .zero != .zero { fields.append("for") }
        if keep ?? .zero != .zero { fields.append("keep_firing_for") }
        if !isBare { fields.append("annotations") }
        for field in fields {
            reader.fail(
                at: reader.position(of: field), "invalid field '\(field)' in recording rule")
        }
        if name.utf8.contains(where: { "{}".utf8.contains($0) }) {
            reader.fail(
                at: reader.position(of: "record"), "invalid recording rule name: \(name)",
                hint: "should it be in expr?")
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

extension FieldReader {
    /// A reader that takes keys it does not know for allowed, if told so.
    init(_ node: YAMLNode, of kind: String, allowsUnknown: Bool) {
        self.init(node, of: kind)
        guard allowsUnknown, case .mapping(let pairs) = node.content else { return }
        for pair in pairs { if let name = pair.key.asString { allow(name) } }
    }

    /// Text, or nil when absent or empty.
    fileprivate mutating func nonEmpty(_ key: String) -> String? {
        optionalString(key).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// As `texts`, sorted by name.
    fileprivate mutating func pairs(ofTexts key: String) -> [(name: String, value: String)] {
        texts(key).map { ($0.name, $0.value) }
    }
}
