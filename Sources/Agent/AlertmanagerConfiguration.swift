import Alerting
import Model
import Text

// The routes and receivers in force, in Alertmanager's YAML, as `amtool config` shows and reads
// them. Routes are those that hold, defaults filled in; the rest is as its file has it, without
// secrets.

enum AlertmanagerConfiguration {
    /// The text of an agent's configuration.
    static func text(of agent: AgentCore) -> String {
        var out = YAMLWriter()
        let settings = agent.configuration.notifier
        guard let route = settings.route else {
            // What reads this wants a route; there is nobody to tell.
            out.mapping("route") { $0.member("receiver", "none") }
            out.sequence("receivers") { $0.item { $0.member("name", "none") } }
            return out.text
        }
        out.mapping("route") { write(route, isRoot: true, into: &$0) }
        let document = agent.files.config.flatMap {
            try? YAML.parse($0.bytes, file: $0.path).first
        }
        for key in [
            "global", "inhibit_rules", "receivers", "mute_time_intervals", "time_intervals",
        ] {
            guard let node = document?[key], !node.isNull else { continue }
            write(key, node, isSecret: false, into: &out)
        }
        return out.text
    }

    /// The depth is that of the YAML it was read from.
    private static func write(
        _ route: RouteSettings, isRoot: Bool, into out: inout YAMLWriter
    ) {
        out.member("receiver", route.receiver)
        switch route.grouping {
        case .byAllLabels: out.member("group_by", flow: ["..."])
        case .byLabels(let names): if !names.isEmpty { out.member("group_by", flow: names) }
        }
        if !isRoot {
            out.sequence("matchers") { list in
                for matcher in route.matchers { list.item(matcher.description) }
            }
            out.member("continue", plain: route.continues ? "true" : "false")
        }
        out.member("group_wait", plain: route.groupWait.description)
        out.member("group_interval", plain: route.groupInterval.description)
        out.member("repeat_interval", plain: route.repeatInterval.description)
        for (key, names) in [
            ("mute_time_intervals", route.muteTimeIntervals),
            ("active_time_intervals", route.activeTimeIntervals),
        ] where !names.isEmpty {
            out.sequence(key) { list in for name in names { list.item(name) } }
        }
        if route.children.isEmpty { return }
        out.sequence("routes") { list in
            for child in route.children {
                list.item { write(child, isRoot: false, into: &$0) }
            }
        }
    }

    /// A value of the file, secrets left out. The depth is bounded by that of YAML.
    private static func write(
        _ key: String, _ node: YAMLNode, isSecret: Bool, into out: inout YAMLWriter
    ) {
        let isSecret = isSecret || Self.isSecret(key)
        switch node.content {
        case .scalar(let text, let isPlain):
            if isSecret {
                out.member(key, "<secret>")
            } else if key.hasSuffix("url") {
                out.member(key, withoutPath(text))
            } else if isPlain && (node.asDouble != nil || node.asBool != nil || node.isNull) {
                out.member(key, plain: text.isEmpty ? "null" : text)
            } else {
                out.member(key, text)
            }
        case .mapping(let pairs):
            out.mapping(key) { member in
                for pair in pairs {
                    write(pair.key.asString ?? "", pair.value, isSecret: isSecret, into: &member)
                }
            }
        case .sequence(let nodes):
            out.sequence(key) { list in
                for node in nodes {
                    if case .mapping(let pairs) = node.content {
                        list.item { member in
                            for pair in pairs {
                                let name = pair.key.asString ?? ""
                                write(name, pair.value, isSecret: isSecret, into: &member)
                            }
                        }
                    } else if let text = node.asString {
                        list.item(isSecret ? "<secret>" : text)
                    }
                }
            }
        }
    }

    private static func isSecret(_ key: String) -> Bool {
        if key.hasSuffix("_file") { return false }
        let endings = ["key", "token", "secret", "password", "credentials", "headers"]
        return endings.contains { key.hasSuffix($0) }
    }

    /// Whom a URL names, but neither who asks nor for what: a path may be a secret.
    private static func withoutPath(_ url: String) -> String {
        for scheme in ["http://", "https://"] where url.hasPrefix(scheme) {
            let authority = url.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
            let host = authority.split(separator: "@", omittingEmptySubsequences: false).last
            return scheme + (host.map(String.init) ?? "") + "/<secret>"
        }
        // One that was taken out of the configuration; Alertmanager's readers want an address.
        return "https://withheld.invalid/"
    }
}
