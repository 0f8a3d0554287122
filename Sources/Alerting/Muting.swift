public import Model

/// What keeps alerts from their receivers at one moment.
struct Muting: Sendable {
    let inhibition: Inhibition
    let silences: ActiveSilences
    let flaps: FlapBook
    let timeIntervals: [NamedTimeInterval]
    /// What nothing keeps from its receiver.
    let watchdog: Labels?
    let now: Timestamp

    /// Whether an alert is not to be told.
    func mutes(_ outward: OutwardAlert) -> Bool {
        if outward.alert.labels == watchdog { return false }
        return inhibition.inhibits(outward.labels) || silences.silences(outward.labels)
    }

    /// Whether a route tells nothing.
    func mutes(_ route: RouteSettings) -> Bool {
        !route.muted(by: timeIntervals, at: now).isEmpty
    }

    /// A member of a group as it is to be told. One that fires may say something newer by now, but
    /// for one that flaps.
    func shown(_ member: Alert, _ book: AlertBook) -> Alert {
        guard member.isFiring, !flaps.isFlapping(member.labels) else { return member }
        return book[member.labels] ?? member
    }
}

/// A firing alert as Alertmanager's API shows it.
public struct AlertStanding: Sendable {
    /// With the external labels.
    public let labels: Labels
    /// As kept.
    public let alert: Alert
    /// When it ends if nobody speaks of it again.
    public let endsAt: Timestamp
    /// Names of the receivers, in the order of the routes.
    public let receivers: [String]
    /// Identities of the silences that match.
    public let silencedBy: [String]
    /// Fingerprints of the alerts that inhibit it.
    public let inhibitedBy: [String]
    /// Names of the time intervals that mute routes it takes.
    public let mutedBy: [String]

    /// Whether nobody is told.
    public var isSuppressed: Bool { !silencedBy.isEmpty || !inhibitedBy.isEmpty }
    /// Alertmanager's, of the outward labels: 16 hexadecimal digits.
    public var fingerprint: String { hexadecimal(labels.fingerprint) }
}

/// Alerts that are told together, as Alertmanager's API shows them.
public struct AlertGroupStanding: Sendable {
    /// Whom.
    public let receiver: String
    /// What they share.
    public let labels: Labels
    /// The labels of the alerts, as `AlertStanding.alert` has them, sorted.
    public let members: [Labels]
    /// Names of the time intervals that mute its route.
    public let mutedBy: [String]
}

extension Notifier {
    /// The firing alerts with what becomes of them, by fingerprint. O(alerts * (rules + routes)).
    public func standings(at now: Timestamp) -> [AlertStanding] {
        let muting = muting(at: now)
        let life = max(settings.evaluationInterval, settings.resendDelay) * 4
        let standings = alerts.filter(\.isFiring).map { alert in
            let labels = settings.outward(alert)
            let isExempt = alert.labels == settings.watchdog?.key
            let source = isExempt ? nil : muting.inhibition.source(of: labels)
            let routes = router?.routes(for: labels).map(\.route) ?? []
            return AlertStanding(
                labels: labels, alert: alert,
                endsAt: alert.isPosted ? endings[alert.labels] ?? now : now + life,
                receivers: routes.map(\.receiver),
                silencedBy: isExempt ? [] : muting.silences.silencing(labels),
                inhibitedBy: source.map { [hexadecimal($0.fingerprint)] } ?? [],
                mutedBy: Set(routes.flatMap { $0.muted(by: settings.timeIntervals, at: now) })
                    .sorted())
        }
        return standings.map { ($0.labels.fingerprint, $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// The notification groups that have firing alerts, by labels and receiver.
    public func groupStandings(at now: Timestamp) -> [AlertGroupStanding] {
        groups.sorted.compactMap { group in
            let members = group.members.values.filter { book.state(of: $0.labels).isFiring }
            guard !members.isEmpty else { return nil }
            return AlertGroupStanding(
                receiver: group.route.receiver, labels: group.id.labels,
                members: members.map(\.labels).sorted(),
                mutedBy: group.route.muted(by: settings.timeIntervals, at: now))
        }.sorted { ($0.labels, $0.receiver) < ($1.labels, $1.receiver) }
    }
}
