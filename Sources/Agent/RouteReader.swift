import Alerting
import Model
import Text

// Alertmanager's `route` and `inhibit_rules` (config/config.go, dispatch/route.go): what a child
// does not say it has from its parent, `group_by` included.

/// Reads `route` and `inhibit_rules`.
struct RouteReader {
    /// The most routes of a tree.
    static let routesMax = 1000

    private(set) var diagnostics: [Diagnostic] = []
    /// The receivers' names.
    private let receivers: Set<String>
    /// The time intervals' names.
    private let intervals: Set<String>
    private var count = 0

    init(receivers: Set<String>, intervals: Set<String> = []) {
        self.receivers = receivers
        self.intervals = intervals
    }

    /// The tree; the standard one when there is none but receivers, nil when its root is wrong.
    mutating func readRoute(
        _ outer: inout FieldReader, standard names: [String]
    ) -> RouteSettings? {
        guard let node = outer.optionalNode("route") else { return .standard(names) }
        return route(node, below: nil)
    }

    /// The depth is bounded by that of YAML.
    private mutating func route(_ node: YAMLNode, below parent: RouteSettings?) -> RouteSettings? {
        count += 1
        var fields = FieldReader(node, of: "route")
        let receiver =
            parent == nil ? fields.string("receiver") : fields.optionalString("receiver")
        let standard = parent ?? RouteSettings(receiver: receiver ?? "")
        var route = standard
        route.children = []
        route.receiver = receiver ?? standard.receiver
        if let names = fields.optionalStrings("group_by") {
            route.grouping = names.contains("...") ? .byAllLabels : .byLabels(names)
        }
        route.groupWait = fields.optionalDuration("group_wait") ?? standard.groupWait
        route.groupInterval = fields.optionalDuration("group_interval") ?? standard.groupInterval
        route.repeatInterval =
            fields.optionalDuration("repeat_interval") ?? standard.repeatInterval
        route.matchers = matchers(&fields, list: "matchers", equal: "match", regex: "match_re")
        route.continues = fields.optionalBool("continue") ?? false
        route.muteTimeIntervals = intervals(&fields, "mute_time_intervals")
        route.activeTimeIntervals = intervals(&fields, "active_time_intervals")
        check(route, isRoot: parent == nil, &fields)
        for child in fields.sequence("routes") {
            guard count < Self.routesMax else {
                fields.fail(at: child, "more than \(Self.routesMax) routes", expected: "fewer")
                break
            }
            if let read = self.route(child, below: route) { route.children.append(read) }
        }
        diagnostics += fields.finish()
        return parent == nil && receiver == nil ? nil : route
    }

    private func check(_ route: RouteSettings, isRoot: Bool, _ fields: inout FieldReader) {
        if fields.optionalNode("receiver") != nil, !receivers.contains(route.receiver) {
            fields.fail(
                at: fields.position(of: "receiver"),
                "no receiver is called \"\(route.receiver)\"",
                expected: receivers.isEmpty
                    ? "a receiver of this name under \"receivers\""
                    : "one of " + receivers.sorted().joined(separator: ", "))
        }
        for (key, span) in [
            ("group_interval", route.groupInterval), ("repeat_interval", route.repeatInterval),
        ] where span <= .zero && fields.optionalNode(key) != nil {
            fields.fail(at: fields.position(of: key), "\(key) is zero", expected: "more than 0s")
        }
        guard isRoot else { return }
        for key in [
            "matchers", "match", "match_re", "continue", "mute_time_intervals",
            "active_time_intervals",
        ]
        where fields.optionalNode(key) != nil {
            fields.fail(
                at: fields.position(of: key), "\(key) on the root of the routes",
                expected: "a root that takes every alert", hint: "move it to a child route")
        }
    }

    private func intervals(_ fields: inout FieldReader, _ key: String) -> [String] {
        let names = fields.optionalStrings(key) ?? []
        for name in names where !intervals.contains(name) {
            fields.fail(
                at: fields.position(of: key), "no time interval is called \"\(name)\"",
                expected: intervals.isEmpty
                    ? "a time interval of this name under \"time_intervals\""
                    : "one of " + intervals.sorted().joined(separator: ", "))
        }
        return names
    }

    // MARK: Inhibition

    /// The rules; nil when the key is absent.
    mutating func readInhibition(_ outer: inout FieldReader) -> [InhibitRule]? {
        guard outer.optionalNode("inhibit_rules") != nil else { return nil }
        return outer.sequence("inhibit_rules").map { node in
            var fields = FieldReader(node, of: "inhibit_rule")
            let rule = InhibitRule(
                source: matchers(
                    &fields, list: "source_matchers", equal: "source_match",
                    regex: "source_match_re"),
                target: matchers(
                    &fields, list: "target_matchers", equal: "target_match",
                    regex: "target_match_re"),
                equal: .of(fields.optionalStrings("equal") ?? []))
            diagnostics += fields.finish()
            return rule
        }
    }

    // MARK: Matchers

    /// Alertmanager's list and the two mappings that were there before it.
    private mutating func matchers(
        _ fields: inout FieldReader, list: String, equal: String, regex: String
    ) -> [Matcher] {
        var found: [Matcher] = []
        if case .sequence(let nodes)? = fields.optionalNode(list)?.content {
            for node in nodes { found += matchers(of: node, &fields) }
        } else {
            _ = fields.sequence(list)  // Reports what is no sequence.
        }
        found += fields.pairs(equal).map { Matcher($0.name, .equal, $0.value) }
        found += fields.pairs(regex).map { Matcher($0.name, .matches, $0.value) }
        for matcher in found {
            do throws(PatternError) {
                _ = try Selector([matcher])
            } catch {
                fields.fail(
                    at: fields.position(of: list), "\(matcher): \(error)",
                    expected: "an RE2 expression")
            }
        }
        return found
    }

    private func matchers(of node: YAMLNode, _ fields: inout FieldReader) -> [Matcher] {
        guard let text = node.asString else {
            fields.fail(at: node, "a matcher is \(node.summary)", expected: "text")
            return []
        }
        do throws(MatcherFault) {
            return try AlertMatchers.parse(text)
        } catch {
            fields.fail(at: node, error.what, expected: error.expected)
            return []
        }
    }
}

extension RouteSettings {
    /// Where alerts go when the configuration has receivers and no `route`: pages to the receiver
    /// called `page`, tickets to `ticket`, all else to `default` or else to the first, grouped by
    /// the model's endpoint. nil without receivers.
    static func standard(_ receivers: [String]) -> RouteSettings? {
        guard let first = receivers.first else { return nil }
        let root = receivers.contains("default") ? "default" : first
        let groupBy = ["namespace", "inference_service", "service"]
        var route = RouteSettings(receiver: root, groupBy: groupBy)
        let tiers: [(name: String, wait: TimeSpan, repeating: TimeSpan)] = [
            ("page", .zero, .hours(4)), ("ticket", .seconds(30), .hours(24)),
        ]
        route.children = tiers.map { tier in
            var child = RouteSettings(
                receiver: receivers.contains(tier.name) ? tier.name : root, groupBy: groupBy,
                groupWait: tier.wait, repeatInterval: tier.repeating)
            child.matchers = [Matcher("severity", .equal, tier.name)]
            return child
        }
        return route
    }
}
