import Model
import Text

/// A rule to be written.
enum GeneratedRule {
    case record(String, String, [TextPair])
    case alert(String, String, hold: TimeSpan, labels: [TextPair], annotations: [TextPair])
}

/// A group of rules to be written.
struct GeneratedGroup {
    /// Mimir's default limit of a group.
    static let rulesMax = 20

    var name: String
    /// Nil: the evaluator's own.
    var interval: TimeSpan?
    var rules: [GeneratedRule]

    /// This group as groups of at most `rulesMax`.
    var parts: [GeneratedGroup] {
        guard rules.count > Self.rulesMax else { return rules.isEmpty ? [] : [self] }
        return stride(from: 0, to: rules.count, by: Self.rulesMax).map { start in
            let end = min(start + Self.rulesMax, rules.count)
            return GeneratedGroup(
                name: "\(name)-\(start / Self.rulesMax + 1)", interval: interval,
                rules: Array(rules[start..<end]))
        }
    }

    /// Writes it as an item of `groups`.
    func write(_ yaml: inout YAMLWriter) {
        yaml.item { yaml in
            yaml.member("name", name)
            if let interval { yaml.member("interval", plain: interval.description) }
            yaml.sequence("rules") { yaml in
                for rule in rules { yaml.item { Self.write(rule, &$0) } }
            }
        }
    }

    private static func write(_ rule: GeneratedRule, _ yaml: inout YAMLWriter) {
        switch rule {
        case .record(let name, let expression, let labels):
            yaml.member("record", name)
            yaml.member("expr", expression)
            write("labels", labels, &yaml)
        case .alert(let name, let expression, let hold, let labels, let annotations):
            yaml.member("alert", name)
            yaml.member("expr", expression)
            if hold > .zero { yaml.member("for", plain: hold.description) }
            write("labels", labels, &yaml)
            write("annotations", annotations, &yaml)
        }
    }

    private static func write(_ key: String, _ pairs: [TextPair], _ yaml: inout YAMLWriter) {
        guard !pairs.isEmpty else { return }
        yaml.mapping(key) { yaml in
            for pair in pairs { yaml.member(pair.name, pair.value) }
        }
    }
}
