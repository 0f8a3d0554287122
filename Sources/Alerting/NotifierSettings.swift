public import Model

/// How alerts leave: what `alertmanagers`, `route`, `receivers` and their kin say in pitot.yaml.
public struct NotifierSettings: Hashable, Sendable {
    /// Base URLs, sent to as Prometheus does. They bypass the route.
    public var alertmanagers: [String] = []
    /// How often a firing or lately resolved alert is sent again to the Alertmanagers.
    public var resendDelay = TimeSpan.minutes(1)
    /// With `resendDelay` it sets how long an Alertmanager believes a firing alert.
    public var evaluationInterval = TimeSpan.seconds(15)
    /// nil: there are no receivers of our own.
    public var route: RouteSettings?
    /// What keeps what from being told.
    public var inhibitRules: [InhibitRule] = []
    /// Whom the route can name. A name that is not here tells nobody.
    public var receivers: [ReceiverSettings] = []
    /// Pitot's own address, as receivers are told it.
    public var externalURL = ""
    /// Added to every alert that leaves; the alert's own labels win.
    public var externalLabels = Labels.empty
    /// The bounds.
    public var limits = NotifierLimits()

    /// No receivers, no Alertmanagers, Prometheus' timings.
    public init() {}
}

/// One route: which alerts, which receiver, how they are grouped and paced, and the routes below.
/// What a child does not say it has from its parent; whoever reads a file fills that in.
public struct RouteSettings: Hashable, Sendable {
    /// The name of one of the receivers.
    public var receiver: String
    /// Which alerts are told together.
    public var grouping: AlertGrouping
    /// How long the first notification of a new group waits for more alerts; 0 is at once.
    public var groupWait: TimeSpan
    /// How often a group is looked at after that. Taken as at least one second.
    public var groupInterval: TimeSpan
    /// After how long an unchanged group is notified again.
    public var repeatInterval: TimeSpan
    /// What its alerts match, all of it; those of the root match nothing in particular.
    public var matchers: [Matcher] = []
    /// Whether the siblings behind it are looked at too when it matches.
    public var continues = false
    /// The routes below, in their order.
    public var children: [RouteSettings] = []

    /// `groupBy` as Alertmanager writes it: `[]` is one group for all, `["..."]` by all labels.
    public init(
        receiver: String, groupBy: [String] = [], groupWait: TimeSpan = .seconds(30),
        groupInterval: TimeSpan = .minutes(5), repeatInterval: TimeSpan = .hours(4)
    ) {
        self.receiver = receiver
        grouping = groupBy.contains("...") ? .byAllLabels : .byLabels(groupBy)
        self.groupWait = groupWait
        self.groupInterval = groupInterval
        self.repeatInterval = repeatInterval
    }
}

/// Which labels make a group.
public enum AlertGrouping: Hashable, Sendable {
    case byLabels([String])
    case byAllLabels
}

/// Someone who is told: a name that routes use, and where that goes.
public struct ReceiverSettings: Hashable, Sendable {
    /// What routes call it.
    public var name: String
    /// Each URL once.
    public var webhooks: [WebhookSettings]

    /// A receiver as configured.
    public init(name: String, webhooks: [WebhookSettings]) {
        self.name = name
        self.webhooks = webhooks
    }
}

/// One of Alertmanager's `webhook_configs`.
public struct WebhookSettings: Hashable, Sendable {
    /// Where to POST.
    public var url: String
    /// Whether it hears that alerts ended.
    public var sendResolved: Bool
    /// The most alerts in one message; 0 is all.
    public var maxAlerts: Int

    /// A webhook with Alertmanager's defaults.
    public init(url: String, sendResolved: Bool = true, maxAlerts: Int = 0) {
        self.url = url
        self.sendResolved = sendResolved
        self.maxAlerts = maxAlerts
    }
}

/// The bounds of everything the notifier keeps. Reaching one is counted, never fatal.
public struct NotifierLimits: Hashable, Sendable {
    /// Pending, firing and lately resolved alerts.
    public var alerts = 10_000
    /// Alerts in notification groups, those included whose end is not yet told.
    public var groupedAlerts = 20_000
    /// Deliveries waiting for one destination.
    public var deliveriesPerDestination = 1_000
    /// Bytes of bodies waiting for one destination.
    public var bytesPerDestination = 32 << 20
    /// Dead letters kept for a person to see.
    public var deadLetters = 100

    /// The defaults.
    public init() {}
}
