import Text

// Alertmanager's `payload` of a webhook: a YAML value whose texts are templates. As one template of
// the JSON text: each text becomes `{{ ... | toJson }}` of what it expands to, so that nothing that
// stands in an alert can end it.

/// A YAML value as the template of a JSON text.
enum PayloadTemplate {
    /// The depth is bounded by that of YAML.
    static func text(of node: YAMLNode) -> String {
        var defined = ""
        let body = value(node, &defined)
        return defined + body
    }

    private static func value(_ node: YAMLNode, _ defined: inout String) -> String {
        switch node.content {
        case .sequence(let elements):
            return "[" + elements.map { value($0, &defined) }.joined(separator: ",") + "]"
        case .mapping(let pairs):
            let members = pairs.map { pair in
                quoted(pair.key.asString ?? "") + ":" + value(pair.value, &defined)
            }
            return "{" + members.joined(separator: ",") + "}"
        case .scalar(let text, _):
            if node.isNull { return "null" }
            if let flag = node.asBool { return flag ? "true" : "false" }
            if node.asDouble != nil { return text }
            guard text.contains("{{") else { return quoted(text) }
            let name = "__payload\(defined.utf8.count)"
            defined += "{{ define \"\(name)\" }}\(text){{ end }}"
            return "{{ tmpl \"\(name)\" . | toJson }}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var json = JSONWriter()
        json.string(text)
        // Braces of a template cannot stand in a plain text: it would be run.
        return json.text
    }
}
