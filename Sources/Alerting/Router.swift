internal import Model

/// Which route an alert takes. Answers with a list, as a tree of routes will.
struct Router: Hashable, Sendable {
    let root: RouteSettings

    /// The routes of an alert, each with the key that names it in group keys.
    func routes(for labels: Labels) -> [(key: String, route: RouteSettings)] {
        [("{}", root)]
    }

    /// The route that a group key names, nil when there is none.
    func route(named key: String) -> RouteSettings? { key == "{}" ? root : nil }
}

/// A group's identity: its route and the labels its alerts share.
struct GroupID: Hashable, Comparable, Sendable {
    let routeKey: String
    let labels: Labels

    init(routeKey: String, labels: Labels) {
        self.routeKey = routeKey
        self.labels = labels
    }

    init(routeKey: String, grouping: AlertGrouping, of alert: Labels) {
        self.routeKey = routeKey
        switch grouping {
        case .byAllLabels: labels = alert
        case .byLabels(let names): labels = alert.keeping(names)
        }
    }

    /// Alertmanager's group key: `{}:{alertname="x", slo="y"}`.
    var text: String {
        let list = labels.pairs.map { "\($0.name)=\(quoted($0.value))" }
        return routeKey + ":{" + list.joined(separator: ", ") + "}"
    }

    static func < (left: Self, right: Self) -> Bool {
        if left.routeKey == right.routeKey { return left.labels < right.labels }
        return left.routeKey.utf8.lexicographicallyPrecedes(right.routeKey.utf8)
    }
}
