import Alerting
import Model
import Query
public import Text

// `GET /api/v1/rules` and `/api/v1/alerts` in Prometheus' JSON, field by field in its order.

/// Which rules are asked for. Empty lists and nil ask for all.
public struct RuleFilter: Sendable {
    /// Whether alerting, or recording rules alone.
    public var isAlerting: Bool?
    public var names: Set<String> = []
    public var groups: Set<String> = []
    public var files: Set<String> = []
    /// A rule's own labels satisfy one of them.
    public var selectors: [Selector] = []
    /// Leaves the alerts of alerting rules out.
    public var hidesAlerts = false
    /// Groups on a page at most.
    public var pageSize: Int?
    /// Where the page begins; empty for the first.
    public var token = ""

    /// All rules.
    public init() {}
}

extension AgentCore {
    /// The groups and their rules as JSON; nil when the page's token names no group.
    public func rulesJSON(_ filter: RuleFilter) -> [UInt8]? {
        var groups = ruleSchedule.groups.filter { group in
            (filter.groups.isEmpty || filter.groups.contains(group.group.name))
                && (filter.files.isEmpty || filter.files.contains(group.group.file))
        }
        if !filter.token.isEmpty {
            guard let first = groups.firstIndex(where: { $0.token == filter.token }) else {
                return nil
            }
            groups.removeFirst(first)
        }
        var page = groups.map { ($0, $0.rules(filter)) }.filter { !$0.1.isEmpty }
        var next: String?
        if let size = filter.pageSize, page.count > size {
            next = page[size].0.token
            page.removeLast(page.count - size)
        }
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.key("groups")
                json.array { json in
                    for (group, rules) in page { group.write(rules, filter, into: &json) }
                }
                if let next { json.member("groupNextToken", next) }
            }
        }
        return json.bytes
    }

    /// The alerts that are pending or firing: those of rules in the order of their rules, then
    /// those of SLOs by labels.
    public func alertsJSON() -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.key("alerts")
                json.array { json in
                    for group in ruleSchedule.groups {
                        for rule in group.rules { rule.writeAlerts(into: &json) }
                    }
                    notifier.book.writeAlerts(into: &json) { ruleSchedule.firing[$0] == nil }
                }
            }
        }
        return json.bytes
    }
}

extension ScheduledGroup {
    /// Names the group to a client that reads page after page.
    fileprivate var token: String {
        var hash = FNV1a64()
        hash.combine(group.file.utf8)
        hash.combine(UInt8(ascii: ";"))
        hash.combine(group.name.utf8)
        return hexadecimal(hash.value)
    }

    fileprivate func rules(_ filter: RuleFilter) -> [Int] {
        group.rules.indices.filter { place in
            let rule = group.rules[place]
            if let isAlerting = filter.isAlerting, rule.isAlerting != isAlerting { return false }
            guard filter.names.isEmpty || filter.names.contains(rule.name) else { return false }
            guard !filter.selectors.isEmpty else { return true }
            let labels = Labels(rule.labels.map { ($0.name, $0.value) })
            return filter.selectors.contains { $0.matches(labels) }
        }
    }

    fileprivate func write(_ places: [Int], _ filter: RuleFilter, into json: inout JSONWriter) {
        json.object { json in
            json.member("name", group.name)
            json.member("file", group.file)
            json.key("rules")
            json.array { json in
                for place in places {
                    write(group.rules[place], rules[place], filter, into: &json)
                }
            }
            json.seconds("interval", interval)
            json.member("limit", integer: group.limit)
            json.evaluation(evaluatedAt, nanoseconds)
        }
    }

    private func write(
        _ rule: Rule, _ state: ScheduledRule, _ filter: RuleFilter, into json: inout JSONWriter
    ) {
        json.object { json in
            switch rule.kind {
            case .record:
                json.member("name", rule.name)
                json.member("query", rule.printed)
                if !rule.labels.isEmpty { json.member("labels", pairs: rule.labels) }
            case .alert(_, let hold, let keep):
                json.member("state", state.maxState)
                json.member("name", rule.name)
                json.member("query", rule.printed)
                json.seconds("duration", hold)
                json.seconds("keepFiringFor", keep)
                json.member("labels", pairs: rule.labels)
                json.member("annotations", pairs: rule.annotations)
                json.key("alerts")
                if filter.hidesAlerts {
                    json.null()
                } else {
                    json.array { state.writeAlerts(into: &$0) }
                }
            }
            let wasEvaluated = state.evaluatedAt != .distantPast
            json.member(
                "health", state.error != nil ? "err" : wasEvaluated ? "ok" : "unknown")
            if let error = state.error { json.member("lastError", error) }
            json.evaluation(state.evaluatedAt, state.nanoseconds)
            json.member("type", rule.isAlerting ? "alerting" : "recording")
        }
    }
}

extension ScheduledRule {
    fileprivate var maxState: String {
        if alerts.contains(where: { $0.state.isFiring }) { return "firing" }
        return alerts.contains { $0.state.isActive } ? "pending" : "inactive"
    }

    fileprivate func writeAlerts(into json: inout JSONWriter) {
        for alert in alerts {
            guard alert.state.isActive, let activeAt = alert.state.activeAt else { continue }
            json.object { json in
                json.member("labels", pairs: alert.labels.pairs)
                let names = alert.annotations.keys.sorted()
                json.member(
                    "annotations", pairs: names.map { ($0, alert.annotations[$0] ?? "") })
                json.member("state", alert.state.name)
                json.member("activeAt", goText(activeAt))
                if let since = alert.state.keptSince {
                    json.member("keepFiringSince", goText(since))
                }
                json.member("value", goExponentText(alert.value))
            }
        }
    }
}

extension Rule {
    fileprivate var isAlerting: Bool {
        switch kind {
        case .alert: true
        case .record: false
        }
    }
}

extension JSONWriter {
    fileprivate mutating func seconds(_ name: String, _ span: TimeSpan) {
        key(name)
        literal(plainNumber(span.seconds))
    }

    /// How long it took and when it was; Go's zero time for never.
    fileprivate mutating func evaluation(_ time: Timestamp, _ nanoseconds: Int64) {
        key("evaluationTime")
        literal(plainNumber(Double(nanoseconds) / 1e9))
        member("lastEvaluation", time == .distantPast ? goZeroTime : goText(time))
    }
}
