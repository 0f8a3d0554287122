internal import Model
internal import Text

// As Prometheus' notifier sends: a change at once, everything again each resendDelay while it
// fires and 15 minutes beyond its end. One tick serves all alerts, where Prometheus keeps a time
// per alert: none waits longer than resendDelay, and N alerts make N/64 requests, not N.

/// One body for `POST /api/v2/alerts` and the alerts it speaks of.
struct AlertmanagerBatch {
    let alerts: [Labels]
    let body: [UInt8]
}

/// Decides which alerts the Alertmanagers hear of, and when.
struct AlertmanagerFeed: Sendable {
    /// The most alerts in one request (Prometheus' `maxBatchSize`).
    static let batchMax = 64

    private var changed: Set<Labels> = []
    private var nextResend: Timestamp?

    /// When `batches` has something to say, given that it is `now`.
    func nextDeadline(at now: Timestamp) -> Timestamp? { changed.isEmpty ? nextResend : now }

    /// An alert fired or resolved: it is sent with the next batches.
    mutating func note(_ key: Labels) { changed.insert(key) }

    /// The Alertmanagers are others now: they hear of everything at once.
    mutating func startOver(at now: Timestamp) { nextResend = now }

    /// What to send now; empty if nothing is due.
    mutating func batches(
        of book: AlertBook, _ settings: NotifierSettings, at now: Timestamp
    ) -> [AlertmanagerBatch] {
        guard !settings.alertmanagers.isEmpty else {
            self = AlertmanagerFeed()
            return []
        }
        let isResend = nextResend.map { $0 <= now } ?? false
        guard isResend || !changed.isEmpty else { return [] }
        let sent =
            isResend
            ? book.alerts.filter(\.isFed)
            : changed.sorted().compactMap { book[$0] }.filter(\.isFed)
        changed = []
        schedule(isResend: isResend, isIdle: sent.isEmpty, settings.resendDelay, at: now)
        let validUntil = now + max(settings.evaluationInterval, settings.resendDelay) * 4
        return stride(from: 0, to: sent.count, by: Self.batchMax).map { start in
            let part = sent[start..<min(start + Self.batchMax, sent.count)]
            return AlertmanagerBatch(
                alerts: part.map(\.labels),
                body: Self.body(of: part, settings.externalLabels, validUntil: validUntil))
        }
    }

    private mutating func schedule(
        isResend: Bool, isIdle: Bool, _ delay: TimeSpan, at now: Timestamp
    ) {
        let delay = max(delay, .seconds(1))
        guard isResend, let due = nextResend else {
            if nextResend == nil && !isIdle { nextResend = now + delay }
            return
        }
        if isIdle {
            nextResend = nil
        } else {
            nextResend = due + delay > now ? due + delay : now + delay
        }
    }

    private static func body(
        of alerts: ArraySlice<Alert>, _ externalLabels: Labels, validUntil: Timestamp
    ) -> [UInt8] {
        var json = JSONWriter()
        json.array { list in
            for alert in alerts {
                guard let startsAt = alert.startsAt else { continue }
                list.object { member in
                    member.member("labels", pairs: externalLabels.merging(alert.labels).pairs)
                    member.member("annotations", pairs: alert.details.annotationPairs)
                    member.member("startsAt", millisText(startsAt))
                    member.member("endsAt", millisText(alert.endsAt ?? validUntil))
                    member.member("generatorURL", alert.details.generatorURL)
                }
            }
        }
        return json.bytes
    }
}

extension Alert {
    /// Whether Alertmanagers hear of it. What others posted they may post there too.
    fileprivate var isFed: Bool { startsAt != nil && !isPosted }
}

extension AlertmanagerFeed {
    mutating func archive(_ archive: inout Archive) {
        archive.time(&nextResend)
        archive.labels(&changed)
    }
}
