public import Model

/// Where alerts would go: the tree of routes without alerts, for tools.
public struct Routing: Sendable {
    private let router: Router?
    private let externalLabels: Labels
    private let timeIntervals: [NamedTimeInterval]

    /// Compiles the tree of the settings.
    public init(_ settings: NotifierSettings) {
        router = settings.route.map(Router.init)
        externalLabels = settings.externalLabels
        timeIntervals = settings.timeIntervals
    }

    /// The routes that an alert takes, in the order of the file; none without a tree.
    public func routes(for labels: Labels) -> [RouteSettings] {
        router?.routes(for: externalLabels.merging(labels)).map(\.route) ?? []
    }

    /// The names of the time intervals that mute a route at a time.
    public func muting(_ route: RouteSettings, at now: Timestamp) -> [String] {
        route.muted(by: timeIntervals, at: now)
    }

    /// All routes with the keys that name them in group keys, parents first.
    public var all: [(key: String, route: RouteSettings)] { router?.all ?? [] }
}
