import Alerting
import Model
import Text

/// Reads one element of `slack_configs` and its like.
struct IntegrationReader {
    private var fields: FieldReader
    private let global: GlobalSettings
    private let templates: NotificationTemplates

    init(_ fields: FieldReader, _ global: GlobalSettings, _ templates: NotificationTemplates) {
        self.fields = fields
        self.global = global
        self.templates = templates
    }

    mutating func finish() -> [Diagnostic] { fields.finish() }

    /// Nil when something that it cannot do without is missing, which `finish` reports.
    mutating func read(_ kind: IntegrationKind, index: Int) -> IntegrationSettings? {
        // As Alertmanager: chats and mail are not told the end unless asked to.
        let isToldEnd = kind != .slack && kind != .email
        let sendResolved = fields.optionalBool("send_resolved") ?? isToldEnd
        var http = global.http
        if kind != .email, let node = fields.optionalNode("http_config") {
            http = HTTPSettings.read(node, &fields)
        }
        if kind != .email, let timeout = fields.optionalDuration("timeout"), timeout > .zero {
            http.timeout = timeout
        }
        let message: IntegrationMessage? =
            switch kind {
            case .webhook: webhook(sendResolved).map { .webhook($0) }
            case .slack: slack(&http).map { .slack($0) }
            case .pagerduty: pagerduty().map { .pagerduty($0) }
            case .opsgenie: opsgenie().map { .opsgenie($0) }
            case .msteams: teams().map { .msteams($0) }
            case .googleChat: googleChat().map { .googleChat($0) }
            case .email: email().map { .email($0) }
            }
        guard let message else { return nil }
        for text in message.templates {
            guard let fault = templates.fault(in: text) else { continue }
            fields.fail(
                at: position(of: text), "not a template: \(fault.what)",
                expected: "Go's template notation, as in Alertmanager")
            break
        }
        return IntegrationSettings(
            index: index, sendResolved: sendResolved, http: http, message: message)
    }

    /// Where a text stands that is a value of this mapping.
    private func position(of text: String) -> SourcePosition {
        guard case .mapping(let pairs) = fields.node.content else { return fields.position }
        return pairs.first { $0.value.asString == text }?.value.textPosition ?? fields.position
    }

    private mutating func text(_ key: String, into value: inout String) {
        guard let node = fields.optionalNode(key) else {
            // `title: ""` is a text, not nothing.
            return
        }
        if let text = node.asString {
            value = text
        } else {
            fields.fail(at: node, "\"\(key)\" is \(node.summary)", expected: "text")
        }
    }

    private mutating func details(_ key: String) -> [PagerDutySettings.Detail] {
        fields.pairs(key).map { PagerDutySettings.Detail($0.name, $0.value) }
    }

    private mutating func missing(_ what: String, _ hint: String) {
        fields.fail(at: fields.node, "no \(what) here", expected: hint)
    }

    // MARK: Webhook

    private mutating func webhook(_ sendResolved: Bool) -> WebhookSettings? {
        guard let url = fields.secretURL("url", ["url_file"]) else {
            _ = fields.string("url")
            return nil
        }
        var webhook = WebhookSettings(url: url, sendResolved: sendResolved)
        webhook.maxAlerts = fields.optionalInteger("max_alerts") ?? 0
        if webhook.maxAlerts < 0 {
            fields.fail(
                at: fields.position(of: "max_alerts"), "max_alerts is negative",
                expected: "0 for all, or a number of alerts")
        }
        webhook.body = fields.optionalString("body")
        if let type = fields.optionalString("content_type") { webhook.contentType = type }
        if let method = fields.optionalString("method") {
            webhook.method = method
            if method != "POST" && method != "PUT" {
                fields.fail(
                    at: fields.position(of: "method"), "the method \(method)",
                    expected: "POST or PUT")
            }
        }
        if let node = fields.optionalNode("payload") {
            if webhook.body != nil {
                fields.fail(at: node, "both body and payload", expected: "one of them")
            }
            webhook.body = PayloadTemplate.text(of: node)
        }
        webhook.headers = headers()
        if let node = fields.optionalNode("signing") { webhook.signing = signing(node) }
        return webhook
    }

    private mutating func headers() -> [DeliveryHeader] {
        fields.pairs("headers").map { pair in
            switch SecretMark.source(pair.value) {
            case .given(let text): return DeliveryHeader(pair.name, text)
            case let source: return DeliveryHeader(pair.name, SecretText(source))
            }
        }
    }

    private mutating func signing(_ node: YAMLNode) -> SigningSettings? {
        var inner = FieldReader(node, of: "signing section")
        let word = inner.string("scheme")
        let scheme = word.flatMap(SigningSettings.Scheme.init)
        if let word, scheme == nil {
            inner.fail(
                at: inner.position(of: "scheme"), "the scheme \"\(word)\"",
                expected: SigningSettings.Scheme.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let secret = inner.secret("secret", ["secret_file"])
        if secret == nil {
            inner.fail(at: node, "no key to sign with", expected: "secret_file or secret")
        }
        var signing = SigningSettings(scheme: scheme ?? .github, secret: secret ?? .given(""))
        signing.previousSecret = inner.secret("previous_secret", ["previous_secret_file"])
        signing.header = inner.optionalString("header") ?? ""
        signing.timestampHeader = inner.optionalString("timestamp_header") ?? ""
        if !signing.timestampHeader.isEmpty && signing.scheme != .grafana {
            inner.fail(
                at: inner.position(of: "timestamp_header"), "timestamp_header",
                expected: "it with the scheme grafana only")
        }
        fields.add(inner.finish())
        return signing
    }

    // MARK: Slack

    private mutating func slack(_ http: inout HTTPSettings) -> SlackSettings? {
        let url = fields.secretURL("api_url", ["api_url_file"])
        let appURL = fields.plainURL("app_url")
        var token = fields.secret("app_token", ["app_token_file"])
        if token == nil && url == nil && http.authorization == nil { token = global.slackToken }
        guard
            let address = token != nil
                ? SecretText(appURL ?? global.slackAppURL)
                : url ?? global.slackURL
        else {
            missing("address of Slack", "api_url, api_url_file, app_token or global slack_api_url")
            return nil
        }
        var slack = SlackSettings(url: address)
        if let token {
            slack.isBot = true
            http.authorization = SecretText([.text("Bearer "), .secret(token)])
        } else if http.authorization != nil {
            // Alertmanager's older way to be a bot: the API's address and a token.
            slack.isBot = true
            slack.url = SecretText(appURL ?? global.slackAppURL)
        }
        slack.updatesMessage = fields.optionalBool("update_message") ?? false
        if slack.updatesMessage && !slack.isBot {
            fields.fail(
                at: fields.position(of: "update_message"),
                "update_message with an incoming webhook, which does not say where a message is",
                expected: "app_token or app_token_file", hint: "a bot with the scope chat:write")
        }
        slackTexts(&slack)
        if slack.isBot && slack.channel.isEmpty {
            missing("channel", "channel: where the bot is to write")
        }
        return slack
    }

    private mutating func slackTexts(_ slack: inout SlackSettings) {
        text("channel", into: &slack.channel)
        text("username", into: &slack.username)
        text("color", into: &slack.color)
        text("title", into: &slack.title)
        text("title_link", into: &slack.titleLink)
        text("pretext", into: &slack.pretext)
        text("text", into: &slack.text)
        text("fallback", into: &slack.fallback)
        text("callback_id", into: &slack.callbackID)
        text("footer", into: &slack.footer)
        text("icon_emoji", into: &slack.iconEmoji)
        text("icon_url", into: &slack.iconURL)
        text("image_url", into: &slack.imageURL)
        text("thumb_url", into: &slack.thumbURL)
        slack.linksNames = fields.optionalBool("link_names") ?? false
        if let parts = fields.optionalStrings("mrkdwn_in") { slack.mrkdwnIn = parts }
        let isShort = fields.optionalBool("short_fields") ?? false
        for node in fields.sequence("fields") {
            var inner = FieldReader(node, of: "field")
            if let title = inner.string("title"), let value = inner.string("value") {
                slack.fields.append(
                    SlackSettings.Field(
                        title: title, value: value,
                        isShort: inner.optionalBool("short") ?? isShort))
            }
            fields.add(inner.finish())
        }
        for node in fields.sequence("actions") {
            var inner = FieldReader(node, of: "action")
            let type = inner.string("type")
            let text = inner.string("text")
            let url = inner.optionalString("url") ?? ""
            let style = inner.optionalString("style") ?? ""
            inner.allow("name", "value", "confirm")
            if let type, let text {
                slack.actions.append(
                    SlackSettings.Action(type: type, text: text, url: url, style: style))
            }
            fields.add(inner.finish())
        }
    }

    // MARK: PagerDuty

    private mutating func pagerduty() -> PagerDutySettings? {
        let key = fields.secret("routing_key", ["routing_key_file"])
        if fields.optionalNode("service_key") != nil
            || fields.optionalNode("service_key_file") != nil
        {
            fields.fail(
                at: fields.node, "service_key is of PagerDuty's first events API",
                expected: "routing_key or routing_key_file",
                hint: "add the integration \"Events API V2\" to the service")
            return nil
        }
        guard let key else {
            missing("routing key", "routing_key or routing_key_file")
            return nil
        }
        var pager = PagerDutySettings(routingKey: key)
        pager.url = fields.plainURL("url") ?? global.pagerdutyURL
        text("client", into: &pager.client)
        text("client_url", into: &pager.clientURL)
        text("description", into: &pager.description)
        text("severity", into: &pager.severity)
        pager.source = pager.client
        text("source", into: &pager.source)
        text("component", into: &pager.component)
        text("group", into: &pager.group)
        text("class", into: &pager.eventClass)
        pager.details = details("details")
        pager.links = links("links", "href", "text")
        pager.images = links("images", "src", "alt")
        if let event = fields.optionalString("event") {
            pager.isChange = event == "change"
            if event != "change" && event != "alert" {
                fields.fail(
                    at: fields.position(of: "event"), "the event \"\(event)\"",
                    expected: "alert, or change for deploys and rollbacks")
            }
        }
        return pager
    }

    private mutating func links(
        _ key: String, _ address: String, _ words: String
    ) -> [PagerDutySettings.Link] {
        fields.sequence(key).compactMap { node in
            var inner = FieldReader(node, of: "link")
            let href = inner.optionalString(address) ?? inner.optionalString("href")
            let text = inner.optionalString(words) ?? ""
            fields.add(inner.finish())
            return href.map { PagerDutySettings.Link(href: $0, text: text) }
        }
    }

    // MARK: Opsgenie

    private mutating func opsgenie() -> OpsgenieSettings? {
        guard let key = fields.secret("api_key", ["api_key_file"]) ?? global.opsgenieKey else {
            missing("API key", "api_key, api_key_file or global opsgenie_api_key")
            return nil
        }
        var alert = OpsgenieSettings(key: key)
        alert.url = fields.plainURL("api_url") ?? global.opsgenieURL
        text("message", into: &alert.message)
        text("description", into: &alert.description)
        text("source", into: &alert.source)
        text("tags", into: &alert.tags)
        text("actions", into: &alert.actions)
        text("note", into: &alert.note)
        text("priority", into: &alert.priority)
        text("entity", into: &alert.entity)
        alert.details = details("details")
        alert.updatesAlerts = fields.optionalBool("update_alerts") ?? false
        for node in fields.sequence("responders") {
            var inner = FieldReader(node, of: "responder")
            let keys = ["id", "name", "username"]
            let named = keys.compactMap { key in inner.optionalString(key).map { (key, $0) } }
            if let type = inner.string("type"), let (key, value) = named.first {
                alert.responders.append(
                    OpsgenieSettings.Responder(key: key, value: value, type: type))
            } else if named.isEmpty {
                inner.fail(at: node, "nobody is named", expected: "id, name or username")
            }
            fields.add(inner.finish())
        }
        return alert
    }

    // MARK: Chats

    private mutating func teams() -> TeamsSettings? {
        guard let url = fields.secretURL("webhook_url", ["webhook_url_file"]) else {
            missing("address of a workflow", "webhook_url or webhook_url_file")
            return nil
        }
        var card = TeamsSettings(url: url)
        text("title", into: &card.title)
        text("text", into: &card.text)
        fields.allow("summary")
        return card
    }

    private mutating func googleChat() -> GoogleChatSettings? {
        guard let url = fields.secretURL("url", ["url_file"]) else {
            missing("address of a space", "url or url_file, with key and token")
            return nil
        }
        var chat = GoogleChatSettings(url: url)
        text("title", into: &chat.title)
        text("text", into: &chat.text)
        chat.isThreaded = fields.optionalBool("threads") ?? true
        return chat
    }

    // MARK: Mail

    private mutating func email() -> EmailSettings? {
        guard let to = fields.string("to") else { return nil }
        var mail = global.mail
        mail.to = to
        text("from", into: &mail.from)
        text("smarthost", into: &mail.smarthost)
        text("hello", into: &mail.hello)
        text("auth_username", into: &mail.username)
        text("auth_identity", into: &mail.identity)
        mail.password =
            fields.secret("auth_password", ["auth_password_file"])
            ?? fields.secret("auth_secret", ["auth_secret_file"]) ?? mail.password
        mail.requiresTLS = fields.optionalBool("require_tls") ?? mail.requiresTLS
        if let tls = fields.optionalNode("tls_config") { mail.tls = TLSSettings.read(tls, &fields) }
        text("html", into: &mail.html)
        text("text", into: &mail.text)
        mail.headers = details("headers")
        for (value, key) in [(mail.from, "from"), (mail.smarthost, "smarthost")] where value.isEmpty
        {
            missing("\(key) for mail", "\(key), or smtp_\(key) under global")
        }
        let parts = mail.smarthost.split(separator: ":")
        if !mail.smarthost.isEmpty && (parts.count < 2 || Int(parts.last ?? "") == nil) {
            fields.fail(
                at: fields.position(of: "smarthost"), "\"\(mail.smarthost)\" has no port",
                expected: "host:port, such as mail.example:587")
        }
        return mail
    }
}
