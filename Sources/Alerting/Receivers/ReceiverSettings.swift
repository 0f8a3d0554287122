public import Model

/// Someone who is told: a name that routes use, and where that goes.
public struct ReceiverSettings: Hashable, Sendable {
    /// What routes call it.
    public var name: String
    /// Each way to reach it, in the order of the file within a kind.
    public var integrations: [IntegrationSettings]

    /// A receiver as configured.
    public init(name: String, integrations: [IntegrationSettings]) {
        self.name = name
        self.integrations = integrations
    }

    /// A receiver with nothing but webhooks.
    public init(name: String, webhooks: [WebhookSettings]) {
        self.name = name
        integrations = webhooks.enumerated().map { index, webhook in
            IntegrationSettings(
                index: index, sendResolved: webhook.sendResolved, message: .webhook(webhook))
        }
    }

    /// Where its notifications go.
    var destinations: [Destination] { integrations.map { $0.destination(of: name) } }
}

/// What kind of receiver it is. The raw value is the word that metrics and people use.
public enum IntegrationKind: String, Hashable, Sendable, CaseIterable {
    case webhook = "webhook"
    case slack = "slack"
    case pagerduty = "pagerduty"
    case opsgenie = "opsgenie"
    case msteams = "msteams"
    case googleChat = "googlechat"
    case email = "email"

    /// How long it wants between two messages.
    var pace: TimeSpan {
        switch self {
        // Slack: one message a second and channel; Google Chat: one request a second and space.
        case .slack, .googleChat: .seconds(1)
        case .msteams: .milliseconds(250)
        case .webhook, .pagerduty, .opsgenie, .email: .zero
        }
    }
}

/// One way to reach a receiver.
public struct IntegrationSettings: Hashable, Sendable {
    /// Its place among those of its kind; with kind and receiver it names the destination.
    public var index: Int
    /// Whether it hears that alerts ended.
    public var sendResolved: Bool
    /// Of what goes over HTTP.
    public var http: HTTPSettings
    /// What is said, and whereto.
    public var message: IntegrationMessage

    /// An integration as configured.
    public init(
        index: Int, sendResolved: Bool, http: HTTPSettings = HTTPSettings(),
        message: IntegrationMessage
    ) {
        self.index = index
        self.sendResolved = sendResolved
        self.http = http
        self.message = message
    }

    /// What kind it is of.
    public var kind: IntegrationKind {
        switch message {
        case .webhook: .webhook
        case .slack: .slack
        case .pagerduty: .pagerduty
        case .opsgenie: .opsgenie
        case .msteams: .msteams
        case .googleChat: .googleChat
        case .email: .email
        }
    }

    /// Where it goes, as part of a receiver.
    public func destination(of receiver: String) -> Destination {
        .receiver(receiver, kind, index)
    }
}

/// What is said, and whereto, by kind of receiver.
public enum IntegrationMessage: Hashable, Sendable {
    case webhook(WebhookSettings)
    case slack(SlackSettings)
    case pagerduty(PagerDutySettings)
    case opsgenie(OpsgenieSettings)
    case msteams(TeamsSettings)
    case googleChat(GoogleChatSettings)
    case email(EmailSettings)
}

/// Alertmanager's `http_config`, as far as requests of ours use it.
public struct HTTPSettings: Hashable, Sendable {
    /// The value of `Authorization`; nil for none.
    public var authorization: SecretText?
    /// Empty for none.
    public var proxyURL = SecretText.blank
    /// Hosts that are reached without the proxy, as curl reads them.
    public var noProxy = ""
    /// Whether an answer that says "elsewhere" is followed.
    public var followsRedirects = false
    /// How the server is checked.
    public var tls = TLSSettings()
    /// How long a request may take; nil is the courier's.
    public var timeout: TimeSpan?

    /// Nothing special.
    public init() {}
}

/// Alertmanager's `tls_config`. Paths, not contents.
public struct TLSSettings: Hashable, Sendable {
    /// Whom to trust; empty for the system's.
    public var caFile = ""
    /// Who we are; empty for nobody.
    public var certFile = ""
    /// The key of `certFile`.
    public var keyFile = ""
    /// Expected in the server's certificate in place of the host; empty for the host.
    public var serverName = ""
    /// Whether any certificate is taken.
    public var skipsVerification = false

    /// The system's trust, nobody's certificate.
    public init() {}
}

/// One of Alertmanager's `webhook_configs`, and what others ask of webhooks.
public struct WebhookSettings: Hashable, Sendable {
    /// Where to POST.
    public var url: SecretText
    /// Whether it hears that alerts ended.
    public var sendResolved: Bool
    /// The most alerts in one message; 0 is all.
    public var maxAlerts: Int
    /// `POST` or `PUT`.
    public var method = "POST"
    /// A template of the whole body; nil for version 4 of Alertmanager's.
    public var body: String?
    /// The media type of `body`.
    public var contentType = "application/json"
    /// Headers to add; the values are templates unless they are secrets.
    public var headers: [DeliveryHeader] = []
    /// How the body is signed; nil for not.
    public var signing: SigningSettings?

    /// A webhook with Alertmanager's defaults.
    public init(url: SecretText, sendResolved: Bool = true, maxAlerts: Int = 0) {
        self.url = url
        self.sendResolved = sendResolved
        self.maxAlerts = maxAlerts
    }

    /// A webhook at an address without secrets.
    public init(url: String, sendResolved: Bool = true, maxAlerts: Int = 0) {
        self.init(url: SecretText(url), sendResolved: sendResolved, maxAlerts: maxAlerts)
    }
}

/// How a webhook's body is signed.
public struct SigningSettings: Hashable, Sendable {
    /// Whose form the signature has.
    public enum Scheme: String, Hashable, Sendable, CaseIterable {
        case grafana = "grafana"
        case github = "github"
        case standardWebhooks = "standard-webhooks"
    }

    /// Whose form the signature has.
    public var scheme: Scheme
    /// The key.
    public var secret: SecretSource
    /// The key before, while receivers still have it: both sign.
    public var previousSecret: SecretSource?
    /// The header of the signature; empty for the scheme's own.
    public var header = ""
    /// `grafana`: the header of the time, which is signed too; empty for none.
    public var timestampHeader = ""

    /// Signed with one key.
    public init(scheme: Scheme, secret: SecretSource) {
        self.scheme = scheme
        self.secret = secret
    }
}
