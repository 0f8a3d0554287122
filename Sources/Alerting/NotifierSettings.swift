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
    /// Files that define templates, in their order.
    public var templates: [TemplateSource] = []
    /// How notifications are sent.
    public var delivery = DeliverySettings()
    /// What routes call by their `mute_time_intervals` and `active_time_intervals`.
    public var timeIntervals: [NamedTimeInterval] = []
    /// How long an alert goes on firing after it cleared, so that a short lull is no end.
    public var resolveHold = TimeSpan.zero
    /// nil: every change is told.
    public var flapping: FlapSettings?
    /// nil: there is none.
    public var watchdog: WatchdogSettings?
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
    /// Names of the intervals in which it tells nothing; its own, not those below it.
    public var muteTimeIntervals: [String] = []
    /// Names of the intervals outside which it tells nothing; none is always.
    public var activeTimeIntervals: [String] = []
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

/// How notifications are sent.
public struct DeliverySettings: Hashable, Sendable {
    /// Whether they are decided and shown, and not sent.
    public var isDryRun = false
    /// The longest wait between two attempts that the receiver did not ask for.
    public var backoffMax = TimeSpan.minutes(5)
    /// How long attempts fail until `NotificationsFailing` fires.
    public var failingAfter = TimeSpan.minutes(5)
    /// What `NotificationsFailing` has for its label `severity`.
    public var failingSeverity = "page"

    /// The defaults.
    public init() {}
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
