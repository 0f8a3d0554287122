public import Model

/// A delivery's number: counted from 1 in a data directory, never reused.
public struct DeliveryID: Hashable, Comparable, Sendable {
    /// The count itself, as the log and the API write it.
    public let number: UInt64

    /// A number read back from a log or an API.
    public init(_ number: UInt64) { self.number = number }
    /// Older first.
    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

/// Where deliveries go. Each destination has a queue of its own.
public enum Destination: Hashable, Sendable {
    /// `url` is the configured base, without `/api/v2/alerts`.
    case alertmanager(url: String)
    case webhook(receiver: String, url: String)

    /// The word that metrics and people use for the kind.
    public var integration: String {
        switch self {
        case .alertmanager: "alertmanager"
        case .webhook: "webhook"
        }
    }

    private var sortKey: [String] {
        switch self {
        case .alertmanager(let url): ["alertmanager", url]
        case .webhook(let receiver, let url): ["webhook", receiver, url]
        }
    }
}

extension Destination: Comparable {
    /// A total order that is the same in every process: by kind, receiver, URL.
    public static func < (left: Self, right: Self) -> Bool {
        left.sortKey.lexicographicallyPrecedes(right.sortKey) {
            $0.utf8.lexicographicallyPrecedes($1.utf8)
        }
    }
}

/// One header of a request.
public struct DeliveryHeader: Hashable, Sendable {
    /// The field's name.
    public let name: String
    /// The field's value, one line.
    public let value: String

    /// A header as it stands.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One POST to make. A retry has the same id and body and the next `attempt`.
public struct Delivery: Hashable, Sendable {
    /// The same on every attempt.
    public let id: DeliveryID
    /// Whose queue it is in.
    public let destination: Destination
    /// Where to POST; may hold a secret, so it is not for logs.
    public let url: String
    /// The body's media type.
    public let contentType: String
    /// Besides `Content-Type`: what lets a receiver know a retry.
    public let headers: [DeliveryHeader]
    /// The exact bytes to send.
    public let body: [UInt8]
    /// 1 for the first.
    public internal(set) var attempt: Int
}

/// What became of a delivery, as the shell saw it.
public enum Outcome: Hashable, Sendable {
    /// Any 2xx.
    case delivered(status: Int)
    /// Any other answer, with its `Retry-After` if there was one.
    case refused(status: Int, retryAfter: TimeSpan?)
    /// There was no answer.
    case failed(reason: FailureReason)
}

/// Why there was no answer. The raw value is the label in /metrics.
public enum FailureReason: String, Hashable, Sendable, CaseIterable {
    case badURL = "bad_url"
    case unresolved = "unresolved"
    case unreachable = "unreachable"
    case tls = "tls"
    case timedOut = "timed_out"
    case connectionLost = "connection_lost"
    case other = "other"
}

/// Why a delivery left the queue undelivered. The raw value is the label in /metrics.
public enum DropReason: String, Hashable, Sendable, CaseIterable {
    /// The receiver said no for good: an answer that is not 2xx, 408, 429 or 5xx.
    case refused = "refused"
    /// The queue was full and this was the oldest that waited.
    case queueFull = "queue_full"
    /// A newer batch tells the same Alertmanager the newer state of all its alerts.
    case superseded = "superseded"
    /// The destination is no longer configured.
    case destinationRemoved = "destination_removed"
}

/// A delivery that will never arrive, for a person to see.
public struct DeadLetter: Hashable, Sendable {
    /// The delivery's number.
    public let id: DeliveryID
    /// Whom it would have reached.
    public let destination: Destination
    /// What it was about: the group key, or how many alerts.
    public let subject: String
    /// Why it died.
    public let reason: DropReason
    /// The refusing answer's status; nil for the other reasons.
    public let status: Int?
    /// How often it was tried.
    public let attempts: Int
    /// When it died, by the agent's clock.
    public let at: Timestamp
}
