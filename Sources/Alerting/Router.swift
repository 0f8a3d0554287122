internal import Model
internal import Text

// Alertmanager's tree of routes (dispatch/route.go): an alert takes the deepest route that matches
// on each branch; the siblings behind a match are looked at only if it says `continue`.

/// Which routes an alert takes. Compiled once per configuration.
struct Router: Sendable {
    private struct Node: Sendable {
        let key: String
        let route: RouteSettings
        /// nil matches every alert.
        let selector: Selector?
        /// Places of the children, in the order of the file.
        var children: [Int] = []
    }

    /// The root first.
    private var nodes: [Node] = []

    init(root: RouteSettings) { _ = add(root, key: "{}") }

    /// Adds a route and what is below it; the depth is that of the YAML it was read from.
    private mutating func add(_ route: RouteSettings, key: String) -> Int {
        let place = nodes.count
        // A configuration whose expressions do not compile was refused when it was read.
        let selector = route.matchers.isEmpty ? nil : try? Selector(route.matchers)
        nodes.append(Node(key: key, route: route, selector: selector))
        var seen: [String: Int] = [:]
        for child in route.children {
            var childKey = key + "/" + Self.text(of: child.matchers)
            // Siblings that match alike are told apart; Alertmanager's key of the first stays.
            let count = seen[childKey, default: 0]
            seen[childKey] = count + 1
            if count > 0 { childKey += "#\(count)" }
            let added = add(child, key: childKey)
            nodes[place].children.append(added)
        }
        return place
    }

    private static func text(of matchers: [Matcher]) -> String {
        let sorted = matchers.sorted {
            ($0.name, $0.op.rawValue, $0.value) < ($1.name, $1.op.rawValue, $1.value)
        }
        return "{" + sorted.map(\.description).joined(separator: ",") + "}"
    }

    /// The routes of an alert, each with the key that names it in group keys. O(routes).
    func routes(for labels: Labels) -> [(key: String, route: RouteSettings)] {
        var found: [(key: String, route: RouteSettings)] = []
        collect(0, labels, &found)
        return found
    }

    private func collect(
        _ place: Int, _ labels: Labels, _ found: inout [(key: String, route: RouteSettings)]
    ) {
        let before = found.count
        for child in nodes[place].children {
            if let selector = nodes[child].selector, !selector.matches(labels) { continue }
            collect(child, labels, &found)
            if !nodes[child].route.continues { break }
        }
        if found.count == before { found.append((nodes[place].key, nodes[place].route)) }
    }

    /// The route that a group key names, nil when there is none.
    func route(named key: String) -> RouteSettings? { nodes.first { $0.key == key }?.route }

    /// All routes with their keys, parents first.
    var all: [(key: String, route: RouteSettings)] { nodes.map { ($0.key, $0.route) } }
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

    /// Alertmanager's group key: `{}/{severity="page"}:{alertname="x", slo="y"}`.
    var text: String {
        let list = labels.pairs.map { "\($0.name)=\(quoted($0.value))" }
        return routeKey + ":{" + list.joined(separator: ", ") + "}"
    }

    static func < (left: Self, right: Self) -> Bool {
        if left.routeKey == right.routeKey { return left.labels < right.labels }
        return left.routeKey.utf8.lexicographicallyPrecedes(right.routeKey.utf8)
    }
}
