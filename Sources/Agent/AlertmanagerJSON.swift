import Alerting
public import Model
public import Text

// What Alertmanager's API v2 says of the agent's state, in the shapes of its openapi.yaml as
// versions 0.25 to 0.28 have it. `mutedBy` came with 0.28; clients of before pass over it.

/// Which alerts `GET /api/v2/alerts` shows.
public struct AlertFilter: Sendable {
    /// All of them must match.
    public var matchers: [Matcher] = []
    /// Those that are told.
    public var showsActive = true
    /// Those that a silence keeps from being told.
    public var showsSilenced = true
    /// Those that another alert does.
    public var showsInhibited = true
    /// Of `alerts/groups`: those whose route a time interval mutes.
    public var showsMuted = true
    /// An expression that the name of a receiver must match as a whole; nil is any.
    public var receiver: String?

    /// All of them.
    public init() {}

    /// The faults of the expressions in it.
    public func check() throws(PatternError) {
        _ = try Selector(matchers)
        if let receiver { _ = try Selector([Matcher("receiver", .matches, receiver)]) }
    }
}

/// A filter whose expressions are compiled.
private struct CompiledAlertFilter {
    let filter: AlertFilter
    let selector: Selector?
    let receiver: Selector?

    init(_ filter: AlertFilter) {
        self.filter = filter
        selector = filter.matchers.isEmpty ? nil : try? Selector(filter.matchers)
        receiver = filter.receiver.flatMap {
            try? Selector([Matcher("receiver", .matches, $0)])
        }
    }

    func takes(_ alert: AlertStanding) -> Bool {
        if !filter.showsActive && !alert.isSuppressed { return false }
        if !filter.showsSilenced && !alert.silencedBy.isEmpty { return false }
        if !filter.showsInhibited && !alert.inhibitedBy.isEmpty { return false }
        return selector?.matches(alert.labels) ?? true
    }

    func takes(receiver name: String) -> Bool {
        receiver?.matches(Labels([("receiver", name)])) ?? true
    }
}

extension AgentCore {
    /// `GET /api/v2/silences`: those that every filter stands in.
    public func silencesJSON(_ filters: [Matcher], now: Timestamp) -> [UInt8] {
        var json = JSONWriter()
        json.array { list in
            for silence in notifier.silences.all(at: now) where silence.passes(filters) {
                silence.write(into: &list, at: now)
            }
        }
        return json.bytes
    }

    /// `GET /api/v2/silence/<id>`; nil when there is none.
    public func silenceJSON(_ id: String, now: Timestamp) -> [UInt8]? {
        guard let silence = notifier.silences[id] else { return nil }
        var json = JSONWriter()
        silence.write(into: &json, at: now)
        return json.bytes
    }

    /// `GET /api/v2/alerts`.
    public func alertStandingsJSON(_ filter: AlertFilter, now: Timestamp) -> [UInt8] {
        let filter = CompiledAlertFilter(filter)
        var json = JSONWriter()
        json.array { list in
            for alert in notifier.standings(at: now)
            where filter.takes(alert)
                && (filter.receiver == nil
                    || alert.receivers.contains { filter.takes(receiver: $0) })
            {
                alert.write(into: &list)
            }
        }
        return json.bytes
    }

    /// `GET /api/v2/alerts/groups`.
    public func alertGroupsJSON(_ filter: AlertFilter, now: Timestamp) -> [UInt8] {
        let filter = CompiledAlertFilter(filter)
        var standings: [Labels: AlertStanding] = [:]
        for alert in notifier.standings(at: now) where filter.takes(alert) {
            standings[alert.alert.labels] = alert
        }
        var json = JSONWriter()
        json.array { list in
            for group in notifier.groupStandings(at: now)
            where filter.takes(receiver: group.receiver)
                && (filter.filter.showsMuted || group.mutedBy.isEmpty)
            {
                let members = group.members.compactMap { standings[$0] }
                if members.isEmpty { continue }
                list.object { member in
                    member.key("alerts")
                    member.array { list in for alert in members { alert.write(into: &list) } }
                    member.member("labels", pairs: group.labels.pairs)
                    member.key("receiver")
                    member.object { $0.member("name", group.receiver) }
                }
            }
        }
        return json.bytes
    }

    /// `GET /api/v2/receivers`.
    public func receiversJSON() -> [UInt8] {
        var json = JSONWriter()
        json.array { list in
            for receiver in configuration.notifier.receivers {
                list.object { $0.member("name", receiver.name) }
            }
        }
        return json.bytes
    }

    /// `GET /api/v2/status`. There is no cluster: one agent decides.
    public func alertmanagerStatusJSON(version: String, startedAt: Timestamp) -> [UInt8] {
        var json = JSONWriter()
        json.object { member in
            member.key("cluster")
            member.object { cluster in
                cluster.key("peers")
                cluster.array { _ in }
                cluster.member("status", "disabled")
            }
            member.key("config")
            member.object { $0.member("original", AlertmanagerConfiguration.text(of: self)) }
            member.member("uptime", startedAt.rfc3339)
            member.key("versionInfo")
            member.object { info in
                info.member("branch", "")
                info.member("buildDate", "")
                info.member("buildUser", "")
                info.member("goVersion", "")
                info.member("revision", "")
                info.member("version", version)
            }
        }
        return json.bytes
    }
}
