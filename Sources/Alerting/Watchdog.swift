public import Model

/// A dead man's switch: an alert that always fires, told to one receiver again and again, so that
/// a service outside notices when Pitot, or the way out of it, is gone.
public struct WatchdogSettings: Hashable, Sendable {
    /// Who is told.
    public var receiver: String
    /// How often.
    public var interval: TimeSpan

    /// As configured.
    public init(receiver: String, interval: TimeSpan) {
        self.receiver = receiver
        self.interval = interval
    }

    /// The alert's labels.
    public let key = Labels([("alertname", "Watchdog"), ("severity", "none")])

    /// What it says.
    public let details = AlertDetails(annotations: [
        ("summary", "Pitot is alive"),
        (
            "description",
            "This alert always fires. When it is not heard of any more, Pitot or its way to you is "
                + "gone."
        ),
    ])

    /// The route that comes before all others.
    public var route: RouteSettings {
        var route = RouteSettings(
            receiver: receiver, groupBy: ["alertname"], groupWait: .zero, groupInterval: interval,
            repeatInterval: interval)
        route.matchers = [Matcher("alertname", .equal, "Watchdog")]
        return route
    }
}
