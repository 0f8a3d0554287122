internal import Model
internal import Text

// A mail by RFC 5322 and MIME: multipart/alternative in quoted-printable, headers on one line each,
// so that no label can add one. `Message-ID` is the notification's key: a mail that is sent twice
// is one message to its reader's program.

/// A group's state as a mail.
struct EmailMessage {
    private static let subjectMax = 500
    private static let textMax = 1 << 20
    private static let recipientsMax = 100

    let settings: EmailSettings
    let words: MessageWords

    init(_ settings: EmailSettings, _ words: MessageWords) {
        self.settings = settings
        self.words = words
    }

    /// Nil when it is for nobody.
    func request(_ integration: IntegrationSettings) throws(TemplateError) -> OutboxRequest? {
        let to = oneLine(try words.value(settings.to))
        let from = oneLine(try words.value(settings.from))
        let recipients = Self.addresses(to).prefix(Self.recipientsMax)
        guard let sender = Self.addresses(from).first, !recipients.isEmpty else { return nil }
        var envelope = MailEnvelope()
        envelope.from = sender
        envelope.recipients = Array(recipients)
        envelope.username = settings.username
        envelope.identity = settings.identity
        envelope.password = settings.password.map { SecretText($0) } ?? .blank
        envelope.requiresTLS = settings.requiresTLS
        let isImplicit = settings.smarthost.hasSuffix(":465")
        let url = (isImplicit ? "smtps://" : "smtp://") + settings.smarthost + "/" + settings.hello
        var http = HTTPSettings()
        http.tls = settings.tls
        var request = OutboxRequest(
            destination: integration.destination(of: words.notification.receiver),
            url: SecretText(url), body: try message(to: to, from: from, sender: sender),
            subject: words.notification.group.text, alerts: [], contentType: "message/rfc822",
            http: http, key: words.notification.key)
        request.mail = envelope
        request.answer = .mail
        return request
    }

    private func message(
        to: String, from: String, sender: String
    ) throws(TemplateError) -> [UInt8] {
        let notification = words.notification
        let host = sender.split(separator: "@").last.map(String.init) ?? "localhost"
        var headers: [(name: String, value: String)] = [
            ("From", from), ("To", to),
            ("Subject", try words.title(#"{{ template "email.default.subject" . }}"#)),
        ]
        for header in settings.headers {
            let value = try words.value(header.value)
            let known = headers.firstIndex { $0.name.lowercased() == header.name.lowercased() }
            if let known {
                // A subject in plain words stays.
                if words.fault == nil || known != 2 { headers[known].value = value }
            } else {
                headers.append((header.name, value))
            }
        }
        headers.append(("Message-ID", "<\(notification.key)@\(host)>"))
        headers.append(("Date", mailDate(notification.now)))
        headers.append(("MIME-Version", "1.0"))
        // So that answering machines stay silent (RFC 3834).
        headers.append(("Auto-Submitted", "auto-generated"))
        let text = settings.text.isEmpty ? nil : try words.body(settings.text, Self.textMax)
        let html =
            settings.html.isEmpty
            ? nil : try words.body(settings.html, Self.textMax, escapesHTML: true)
        var out = ""
        for header in headers { out += mailHeader(header.name, header.value) }
        out += Self.parts(text, html, boundary: "pitot-" + notification.key)
        return Array(out.utf8)
    }

    private static func parts(_ text: String?, _ html: String?, boundary: String) -> String {
        func part(_ type: String, _ content: String) -> String {
            "Content-Type: \(type); charset=UTF-8\r\n"
                + "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                + quotedPrintable(content) + "\r\n"
        }
        guard let html else { return part("text/plain", text ?? "") }
        guard let text else { return part("text/html", html) }
        return "Content-Type: multipart/alternative; boundary=\"\(boundary)\"\r\n\r\n"
            + "--\(boundary)\r\n" + part("text/plain", text)
            + "--\(boundary)\r\n" + part("text/html", html)
            + "--\(boundary)--\r\n"
    }

    /// The bare addresses of a list such as `A <a@x>, b@y`.
    static func addresses(_ text: String) -> [String] {
        var found: [String] = []
        var part = ""
        var isQuoted = false
        for character in text + "," {
            if character == "\"" { isQuoted.toggle() }
            guard character == ",", !isQuoted else {
                part.append(character)
                continue
            }
            if let open = part.lastIndex(of: "<"), let close = part.lastIndex(of: ">"), open < close
            {
                part = String(part[part.index(after: open)..<close])
            }
            let bare = part.filter { !$0.isWhitespace }
            if bare.contains("@") && !bare.contains("<") && !bare.contains(">") {
                found.append(bare)
            }
            part = ""
        }
        return found
    }
}
