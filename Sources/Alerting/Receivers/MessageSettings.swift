// What each kind of receiver is configured with. Texts are templates (docs/receivers.md) unless a
// comment says otherwise; the defaults are those of Alertmanager.

/// One of Alertmanager's `slack_configs`.
public struct SlackSettings: Hashable, Sendable {
    /// A field of the attachment.
    public struct Field: Hashable, Sendable {
        /// Its heading.
        public var title: String
        /// What it says.
        public var value: String
        /// Whether two may stand side by side.
        public var isShort: Bool

        /// A field as configured.
        public init(title: String, value: String, isShort: Bool) {
            self.title = title
            self.value = value
            self.isShort = isShort
        }
    }

    /// A link under the message, as a button.
    public struct Action: Hashable, Sendable {
        /// `button`.
        public var type: String
        /// What stands on it.
        public var text: String
        /// Where it leads.
        public var url: String
        /// `primary`, `danger` or empty.
        public var style: String

        /// An action as configured.
        public init(type: String, text: String, url: String, style: String) {
            self.type = type
            self.text = text
            self.url = url
            self.style = style
        }
    }

    /// The incoming webhook, or `chat.postMessage` of the API for a bot.
    public var url: SecretText
    /// Whether `url` is that of the API, which answers where the message stands.
    public var isBot = false
    /// Whether the message is changed as its group changes, in place of a new one each time.
    public var updatesMessage = false
    /// Where the message goes; empty is where the webhook belongs.
    public var channel = ""
    /// Who the message is from.
    public var username = #"{{ template "slack.default.username" . }}"#
    /// `good`, `warning`, `danger` or a code.
    public var color = #"{{ template "slack.default.color" . }}"#
    /// The heading.
    public var title = #"{{ template "slack.default.title" . }}"#
    /// Where the heading leads.
    public var titleLink = #"{{ template "slack.default.titlelink" . }}"#
    /// What stands above.
    public var pretext = #"{{ template "slack.default.pretext" . }}"#
    /// What it says.
    public var text = #"{{ template "slack.default.text" . }}"#
    /// What shows where attachments do not.
    public var fallback = #"{{ template "slack.default.fallback" . }}"#
    /// Names the attachment.
    public var callbackID = #"{{ template "slack.default.callbackid" . }}"#
    /// What stands below.
    public var footer = #"{{ template "slack.default.footer" . }}"#
    /// The picture, as an emoji.
    public var iconEmoji = #"{{ template "slack.default.iconemoji" . }}"#
    /// The picture.
    public var iconURL = #"{{ template "slack.default.iconurl" . }}"#
    /// An image below.
    public var imageURL = ""
    /// An image beside.
    public var thumbURL = ""
    /// Whether `@name` and `#channel` become links.
    public var linksNames = false
    /// The parts that are written in Slack's markup.
    public var mrkdwnIn = ["fallback", "pretext", "text"]
    /// Pairs below the text.
    public var fields: [Field] = []
    /// Buttons below.
    public var actions: [Action] = []

    /// With Alertmanager's default texts.
    public init(url: SecretText) { self.url = url }
}

/// One of Alertmanager's `pagerduty_configs` with a `routing_key`.
public struct PagerDutySettings: Hashable, Sendable {
    /// A link or image of an event.
    public struct Link: Hashable, Sendable {
        /// The address.
        public var href: String
        /// What stands for it.
        public var text: String

        /// A link as configured.
        public init(href: String, text: String) {
            self.href = href
            self.text = text
        }
    }

    /// Not a template.
    public var url = "https://events.pagerduty.com/v2/enqueue"
    /// The key of the service's integration.
    public var routingKey: SecretSource
    /// Whether a notification is a change event: a deploy, a rollback. It is never resolved.
    public var isChange = false
    /// Who sends.
    public var client = #"{{ template "pagerduty.default.client" . }}"#
    /// Where to read more.
    public var clientURL = #"{{ template "pagerduty.default.clientURL" . }}"#
    /// What happened.
    public var description = #"{{ template "pagerduty.default.description" . }}"#
    /// `critical`, `error`, `warning` or `info`.
    public var severity = "error"
    /// What is affected, or who says so.
    public var source = #"{{ template "pagerduty.default.client" . }}"#
    /// The part that is affected.
    public var component = ""
    /// A group of parts.
    public var group = ""
    /// The kind of event.
    public var eventClass = ""
    /// What else is told.
    public var details: [Detail] = []
    /// Links of the incident.
    public var links: [Link] = []
    /// Images of the incident.
    public var images: [Link] = []

    /// One member of `custom_details`. A value that is JSON is sent as it is.
    public struct Detail: Hashable, Sendable {
        /// Not a template.
        public var name: String
        /// What it says.
        public var value: String

        /// A detail as configured.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What is sent in the details unless the configuration says the same name otherwise.
    public static let standardDetails = [
        Detail("firing", "{{ .Alerts.Firing | toJson }}"),
        Detail("resolved", "{{ .Alerts.Resolved | toJson }}"),
        Detail("num_firing", "{{ .Alerts.Firing | len }}"),
        Detail("num_resolved", "{{ .Alerts.Resolved | len }}"),
    ]

    /// With Alertmanager's default texts.
    public init(routingKey: SecretSource) { self.routingKey = routingKey }
}

/// One of Alertmanager's `opsgenie_configs`.
public struct OpsgenieSettings: Hashable, Sendable {
    /// Someone who is to respond.
    public struct Responder: Hashable, Sendable {
        /// `id`, `name` or `username`; not a template.
        public var key: String
        /// Who it is.
        public var value: String
        /// `team`, `user`, `escalation` or `schedule`.
        public var type: String

        /// A responder as configured.
        public init(key: String, value: String, type: String) {
            self.key = key
            self.value = value
            self.type = type
        }
    }

    /// The base, with a slash at its end; not a template.
    public var url = "https://api.opsgenie.com/"
    /// The key of the API integration.
    public var key: SecretSource
    /// The heading.
    public var message = #"{{ template "opsgenie.default.message" . }}"#
    /// What happened.
    public var description = #"{{ template "opsgenie.default.description" . }}"#
    /// What is affected, or who says so.
    public var source = #"{{ template "opsgenie.default.source" . }}"#
    /// Added to the common labels.
    public var details: [PagerDutySettings.Detail] = []
    /// Who is to respond.
    public var responders: [Responder] = []
    /// Separated by commas.
    public var tags = ""
    /// Buttons below.
    public var actions = ""
    /// Added to the alert.
    public var note = ""
    /// `P1` to `P5`.
    public var priority = ""
    /// What is affected.
    public var entity = ""
    /// Whether a change of the group also changes message and description.
    public var updatesAlerts = false

    /// With Alertmanager's default texts.
    public init(key: SecretSource) { self.key = key }
}

/// One of Alertmanager's `msteamsv2_configs` or `msteams_configs`: a workflow of Microsoft Teams.
public struct TeamsSettings: Hashable, Sendable {
    /// Where to POST.
    public var url: SecretText
    /// The heading.
    public var title = #"{{ template "msteamsv2.default.title" . }}"#
    /// What it says.
    public var text = #"{{ template "msteamsv2.default.text" . }}"#

    /// With Alertmanager's default texts.
    public init(url: SecretText) { self.url = url }
}

/// A space of Google Chat.
public struct GoogleChatSettings: Hashable, Sendable {
    /// With key and token, as the space gives it.
    public var url: SecretText
    /// The heading.
    public var title = #"{{ template "googlechat.default.title" . }}"#
    /// What it says.
    public var text = #"{{ template "googlechat.default.text" . }}"#
    /// Whether the messages of a group stand in one thread.
    public var isThreaded = true

    /// With our own default texts.
    public init(url: SecretText) { self.url = url }
}

/// One of Alertmanager's `email_configs`.
public struct EmailSettings: Hashable, Sendable {
    /// Addresses, separated by commas.
    public var to: String
    /// The sender's address.
    public var from = ""
    /// `host:port`; not a template.
    public var smarthost = ""
    /// What we call ourselves; not a template.
    public var hello = "localhost"
    /// Not templates.
    public var username = ""
    /// For PLAIN.
    public var identity = ""
    /// Of `username`.
    public var password: SecretSource?
    /// Whether it is an error when the server has no TLS.
    public var requiresTLS = true
    /// How the server is checked.
    public var tls = TLSSettings()
    /// Added to, or in place of, those that every message has.
    public var headers: [PagerDutySettings.Detail] = []
    /// The message as HTML; empty for none.
    public var html = #"{{ template "email.default.html" . }}"#
    /// What it says.
    public var text = ""

    /// With Alertmanager's default texts.
    public init(to: String) { self.to = to }
}
