import Text

// SLI plugins of Sloth are Go code that returns a query. What those of its common collection ask
// is known (github.com/slok/sloth-common-sli-plugins): which counter, which of its series are bad,
// and which options narrow it down. Latency plugins, and everybody's own, are left to their rules.

/// A plugin whose meaning is known.
struct SlothPlugin {
    private let metric: String
    /// Matchers of all events whose values are options, all required.
    private let total: [(label: String, op: String, option: String)]
    /// Matchers of all events that are always there, and what makes an event bad.
    private let fixed: String
    private let bad: String
    private var needsFilter = false
    /// Its query is 0 while there is no series.
    private var isGuarded = false

    private static let known: [String: SlothPlugin] = [
        "sloth-common/istio/v1/availability": SlothPlugin(
            metric: "istio_requests_total",
            total: [
                ("destination_service_name", "=", "service"),
                ("destination_service_namespace", "=", "namespace"),
            ], fixed: "", bad: #"response_code=~"(5..|429)""#, isGuarded: true),
        "sloth-common/coredns/availability": SlothPlugin(
            metric: "coredns_dns_responses_total", total: [], fixed: "", bad: "rcode"),
        "sloth-common/kubernetes/nginx-ingress/availability": SlothPlugin(
            metric: "nginx_ingress_controller_requests", total: [], fixed: "",
            bad: #"status=~"(5..|429)""#),
        "sloth-common/kubernetes/apiserver/availability": SlothPlugin(
            metric: "apiserver_request_total", total: [], fixed: "",
            bad: #"code=~"(5..|429)""#),
        "sloth-common/traefik/v2/availability": SlothPlugin(
            metric: "traefik_service_requests_total",
            total: [("service", "=~", "service_name_regex")], fixed: "", bad: #"code=~"(5..)""#,
            isGuarded: true),
        "sloth-common/linkerd/v2/availability": SlothPlugin(
            metric: "response_total", total: [], fixed: #"direction="inbound""#,
            bad: #"classification="failure""#, needsFilter: true, isGuarded: true),
    ]

    /// What a plugin node asks; nil when the plugin is not known. An option that it needs and that
    /// is missing is an error.
    static func shape(_ node: YAMLNode) throws(Diagnostic) -> RatioShape? {
        let id = node["id"]?.asString ?? ""
        guard let plugin = known[id] else { return nil }
        let options = node["options"]
        var matchers: [String] = []
        let filter = trimmed(options?["filter"]?.asString ?? "")
        if !filter.isEmpty { matchers.append(filter) }
        if filter.isEmpty && plugin.needsFilter { throw missing("filter", id, node) }
        for part in plugin.total {
            guard let value = options?[part.option]?.asString, !value.isEmpty else {
                throw missing(part.option, id, node)
            }
            matchers.append("\(part.label)\(part.op)\"\(value)\"")
        }
        if !plugin.fixed.isEmpty { matchers.append(plugin.fixed) }
        var bad = plugin.bad
        if bad == "rcode" {
            bad = "rcode=~\"\(options?["custom_rcode_regex"]?.asString ?? "SERVFAIL")\""
        }
        let total = matchers.isEmpty ? "" : "{" + matchers.joined(separator: ", ") + "}"
        let selector = "{" + (matchers + [bad]).joined(separator: ", ") + "}"
        var shape = RatioShape(
            sli: .events(
                counted: "bad", selector: plugin.metric + selector, total: plugin.metric + total),
            by: [], isUnguarded: !plugin.isGuarded)
        shape.differences.append(
            Difference(
                .sli, "the plugin \(id) is Go code; what it asks for is known and written out here")
        )
        return shape
    }

    private static func missing(_ option: String, _ id: String, _ node: YAMLNode) -> Diagnostic {
        .error(
            at: node.place("options"), "the plugin \"\(id)\" lacks the option \"\(option)\"",
            expected: "options.\(option), which Sloth asks for too")
    }

    private static func trimmed(_ filter: String) -> String {
        var rest = filter[...]
        while let last = rest.last, "{}, ".contains(last) { rest.removeLast() }
        return String(rest.drop { "{}, ".contains($0) })
    }
}
