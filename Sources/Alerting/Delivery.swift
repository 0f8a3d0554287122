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
    /// A receiver's name, the kind of integration, and which of that kind.
    case receiver(String, IntegrationKind, Int)

    /// The word that metrics and people use for the kind.
    public var integration: String {
        switch self {
        case .alertmanager: "alertmanager"
        case .receiver(_, let kind, _): kind.rawValue
        }
    }

    /// The receiver's name; empty for an Alertmanager.
    public var receiver: String {
        switch self {
        case .alertmanager: ""
        case .receiver(let name, _, _): name
        }
    }

    /// Which of the receiver's integrations of this kind.
    public var index: Int {
        switch self {
        case .alertmanager: 0
        case .receiver(_, _, let index): index
        }
    }

    /// For people: `pager/pagerduty`, `chat/slack#1`, `http://am:9093`. No secrets.
    public var name: String {
        switch self {
        case .alertmanager(let url): withoutUser(url)
        case .receiver(let name, let kind, let index):
            "\(name)/\(kind.rawValue)" + (index > 0 ? "#\(index)" : "")
        }
    }

    private var sortKey: (String, String, String, Int) {
        switch self {
        case .alertmanager(let url): ("alertmanager", url, "", 0)
        case .receiver(let name, let kind, let index): ("receiver", name, kind.rawValue, index)
        }
    }
}

extension Destination: Comparable {
    /// A total order that is the same in every process: by kind, receiver, URL.
    public static func < (left: Self, right: Self) -> Bool {
        let (a, b) = (left.sortKey, right.sortKey)
        for (one, other) in [(a.0, b.0), (a.1, b.1), (a.2, b.2)] where one != other {
            return one.utf8.lexicographicallyPrecedes(other.utf8)
        }
        return a.3 < b.3
    }
}

/// An address without the user and password in front of its host.
func withoutUser(_ url: String) -> String {
    guard let scheme = url.firstRange(of: "://") else { return url }
    let rest = url[scheme.upperBound...]
    let host = rest.prefix { $0 != "/" && $0 != "?" }
    guard let mark = host.lastIndex(of: "@") else { return url }
    return String(url[..<scheme.upperBound]) + rest[rest.index(after: mark)...]
}

/// One header of a request.
public struct DeliveryHeader: Hashable, Sendable {
    /// The field's name.
    public let name: String
    /// The field's value, one line.
    public let value: SecretText

    /// A header as it stands.
    public init(_ name: String, _ value: String) { self.init(name, SecretText(value)) }

    /// A header with a secret in it.
    public init(_ name: String, _ value: SecretText) {
        self.name = name
        self.value = value
    }
}

/// How an answer is read.
public enum AnswerRule: String, Hashable, Sendable {
    /// By its status alone.
    case status = "status"
    /// Slack's API: 200 and `{"ok":false}` is a refusal; the message's place is remembered.
    case slack = "slack"
    /// A mail server's reply code.
    case mail = "mail"
}

/// Whom a mail server is told the message is from and for.
public struct MailEnvelope: Hashable, Sendable {
    /// The sender's bare address.
    public var from = ""
    /// The bare addresses of all who get it.
    public var recipients: [String] = []
    /// Empty for no login.
    public var username = ""
    /// For PLAIN; empty for none.
    public var identity = ""
    /// Of `username`.
    public var password = SecretText.blank
    /// Whether it is an error when the server has no TLS.
    public var requiresTLS = true

    /// Nobody.
    public init() {}
}

/// One request to make. A retry has the same id and body and the next `attempt`.
public struct Delivery: Hashable, Sendable {
    /// The same on every attempt.
    public let id: DeliveryID
    /// Whose queue it is in.
    public let destination: Destination
    /// Where to; `smtp://host:port` for mail.
    public var url: SecretText
    /// `POST`, `PUT`, `PATCH`; of no meaning for mail.
    public var method = "POST"
    /// The body's media type.
    public let contentType: String
    /// Besides `Content-Type`: what lets a receiver know a retry.
    public let headers: [DeliveryHeader]
    /// What stands before `body` in what is sent: secrets, and what is known only then.
    public var opening = SecretText.blank
    /// The exact bytes to send, behind `opening`.
    public let body: [UInt8]
    /// How the body is signed; nil for not.
    public var signing: SigningSettings?
    /// How the server is spoken to.
    public var http = HTTPSettings()
    /// Whom mail is for; nil for HTTP.
    public var mail: MailEnvelope?
    /// How the answer is read.
    public var answer = AnswerRule.status
    /// Lets a receiver know a retry: the same on every attempt.
    public var key = ""
    /// 1 for the first.
    public internal(set) var attempt: Int

    /// A request with a body and headers, and nothing special about it.
    public init(
        id: DeliveryID, destination: Destination, url: SecretText, contentType: String,
        headers: [DeliveryHeader], body: [UInt8], attempt: Int = 1
    ) {
        self.id = id
        self.destination = destination
        self.url = url
        self.contentType = contentType
        self.headers = headers
        self.body = body
        self.attempt = attempt
    }
}

/// What became of a delivery, as the shell saw it.
public enum Outcome: Hashable, Sendable {
    /// Any 2xx.
    case delivered(status: Int)
    /// A 2xx that says where the message stands, for changing it later.
    case posted(status: Int, reference: String)
    /// Refused for good whatever the status says, with the receiver's own word for why.
    case rejected(status: Int, word: String)
    /// Any other answer, with its `Retry-After` if there was one.
    case refused(status: Int, retryAfter: TimeSpan?)
    /// There was no answer.
    case failed(reason: FailureReason)
}

/// Why there was no answer. The raw value is the label in /metrics.
public enum FailureReason: String, Hashable, Sendable, CaseIterable {
    case badURL = "bad_url"
    /// A secret that the request needs cannot be read now.
    case secretMissing = "secret_missing"
    /// The server does not take our login.
    case loginDenied = "login_denied"
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
    /// Newer word of the same alerts, or of the same group, goes to the same destination.
    case superseded = "superseded"
    /// Nothing is sent: `notify.dryRun`.
    case dryRun = "dry_run"
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
    /// The receiver's own word for why; empty when it gave none.
    public var word = ""
    /// What receivers know the notification by.
    public var key = ""
    /// How often it was tried.
    public let attempts: Int
    /// When it died, by the agent's clock.
    public let at: Timestamp
}
