public import Model

// What a checkpoint writes of alerts and deliveries. Fields are checked as they are read, so that
// what follows can compute with them: the bytes may be damaged. Times stay where adding a delay
// cannot overflow, and counters where adding one cannot. The order of a Set is not written.

extension Archive {
    private static var countMax: UInt64 { 1 << 48 }

    // MARK: Checked

    /// A counter, which goes on counting.
    mutating func counter(_ value: inout UInt64) {
        field(&value)
        guard isReading, value > Self.countMax else { return }
        value = 0
        fail()
    }

    /// How many of something.
    mutating func count(_ value: inout Int) {
        var wide = UInt64(max(0, value))
        counter(&wide)
        value = Int(wide)
    }

    /// Matchers, three texts each.
    mutating func matchers(_ matchers: inout [Matcher]) {
        var texts = matchers.flatMap { [$0.name, $0.op.rawValue, $0.value] }
        field(&texts)
        guard isReading else { return }
        matchers = []
        for start in stride(from: 0, to: texts.count - texts.count % 3, by: 3) {
            guard let op = Matcher.Operator(rawValue: texts[start + 1]) else { break }
            matchers.append(Matcher(texts[start], op, texts[start + 2]))
        }
        if matchers.count * 3 != texts.count { fail() }
    }

    // MARK: Alerts

    /// Labels in their order.
    mutating func labels(_ values: inout Set<Labels>) {
        var list = isReading ? [] : values.sorted()
        array(&list, blank: .empty) { $0.field(&$1) }
        guard isReading else { return }
        values = Set(list)
        if values.count != list.count { fail() }
    }

    mutating func alert(_ alert: inout Alert) {
        var labels = alert.labels
        var details = alert.details
        field(&labels)
        self.details(&details)
        field(&alert.state)
        time(&alert.changedAt)
        field(&alert.isPosted)
        guard isReading else { return }
        alert = Alert(
            labels: labels, details: details, state: alert.state, changedAt: alert.changedAt,
            isPosted: alert.isPosted)
    }

    mutating func details(_ details: inout AlertDetails) {
        var annotations = details.annotations
        var generatorURL = details.generatorURL
        var value = details.value
        array(&annotations, blank: Annotation("", "")) { archive, annotation in
            var name = annotation.name
            var text = annotation.value
            archive.field(&name)
            archive.field(&text)
            if archive.isReading { annotation = Annotation(name, text) }
        }
        field(&generatorURL)
        field(&value)
        guard isReading else { return }
        details = AlertDetails(sorted: annotations, generatorURL: generatorURL, value: value)
    }

    /// A choice by its word.
    mutating func word<Choice: RawRepresentable>(
        _ choice: inout Choice
    ) where Choice.RawValue == String {
        var text = choice.rawValue
        field(&text)
        guard isReading else { return }
        guard let read = Choice(rawValue: text) else { return fail() }
        choice = read
    }

    // MARK: Deliveries

    mutating func id(_ id: inout DeliveryID) {
        var number = id.number
        counter(&number)
        id = DeliveryID(number)
    }

    mutating func destination(_ destination: inout Destination) {
        var tag: UInt8
        var name: String
        var kind = IntegrationKind.webhook
        var index = 0
        switch destination {
        case .alertmanager(let base): (tag, name) = (0, base)
        case .receiver(let receiver, let known, let place):
            (tag, name, kind, index) = (2, receiver, known, place)
        }
        field(&tag)
        field(&name)
        if tag == 2 {
            word(&kind)
            count(&index)
        }
        switch tag {
        case 0: destination = .alertmanager(url: name)
        case 2: destination = .receiver(name, kind, index)
        default: fail()
        }
    }

    mutating func queued(_ queued: inout QueuedDelivery) {
        var subject = queued.subject
        var alerts = queued.alerts
        var queuedAt = queued.queuedAt
        var update = queued.update
        delivery(&queued.delivery)
        field(&subject)
        array(&alerts, blank: .empty) { $0.field(&$1) }
        time(&queuedAt)
        optional(&update, blank: MessageUpdate(thread: "", url: "")) {
            $0.field(&$1.thread)
            $0.field(&$1.url)
        }
        guard isReading else { return }
        queued = QueuedDelivery(
            delivery: queued.delivery, subject: subject, alerts: alerts, queuedAt: queuedAt,
            update: update)
    }

    private mutating func delivery(_ delivery: inout Delivery) {
        var id = delivery.id
        var destination = delivery.destination
        var url = delivery.url
        var contentType = delivery.contentType
        var headers = delivery.headers
        var body = delivery.body
        self.id(&id)
        self.destination(&destination)
        field(&url)
        field(&contentType)
        array(&headers, blank: DeliveryHeader("", "")) { archive, header in
            var name = header.name
            var value = header.value
            archive.field(&name)
            archive.field(&value)
            if archive.isReading { header = DeliveryHeader(name, value) }
        }
        field(&body)
        count(&delivery.attempt)
        let read = delivery
        if isReading {
            delivery = Delivery(
                id: id, destination: destination, url: url, contentType: contentType,
                headers: headers, body: body, attempt: read.attempt)
        }
        transport(&delivery)
    }

    /// How a delivery is sent, behind what is sent.
    private mutating func transport(_ delivery: inout Delivery) {
        field(&delivery.method)
        field(&delivery.opening)
        field(&delivery.http)
        word(&delivery.answer)
        field(&delivery.key)
        optional(
            &delivery.signing, blank: SigningSettings(scheme: .github, secret: .named(""))
        ) { archive, signing in
            archive.word(&signing.scheme)
            archive.secret(&signing.secret)
            archive.optional(&signing.previousSecret, blank: .named("")) { $0.secret(&$1) }
            archive.field(&signing.header)
            archive.field(&signing.timestampHeader)
        }
        optional(&delivery.mail, blank: MailEnvelope()) { archive, mail in
            archive.field(&mail.from)
            archive.field(&mail.recipients)
            archive.field(&mail.username)
            archive.field(&mail.identity)
            archive.field(&mail.password)
            archive.field(&mail.requiresTLS)
        }
    }

    mutating func letter(_ letter: inout DeadLetter) {
        var id = letter.id
        var destination = letter.destination
        var subject = letter.subject
        var reason = letter.reason
        // One more than the status; 0 for none.
        var status = letter.status.map { $0 + 1 } ?? 0
        var word = letter.word
        var key = letter.key
        var attempts = letter.attempts
        var at = letter.at
        self.id(&id)
        self.destination(&destination)
        field(&subject)
        self.word(&reason)
        count(&status)
        field(&word)
        field(&key)
        count(&attempts)
        time(&at)
        guard isReading else { return }
        letter = DeadLetter(
            id: id, destination: destination, subject: subject, reason: reason,
            status: status > 0 ? status - 1 : nil, word: word, key: key, attempts: attempts,
            at: at)
    }
}

// Values to read into.

extension Alert {
    static var blank: Alert {
        Alert(labels: .empty, details: AlertDetails(), state: .inactive, changedAt: .distantPast)
    }
}

extension QueuedDelivery {
    static var blank: QueuedDelivery {
        let delivery = Delivery(
            id: DeliveryID(0), destination: .alertmanager(url: ""), url: "", contentType: "",
            headers: [], body: [], attempt: 0)
        return QueuedDelivery(
            delivery: delivery, subject: "", alerts: [], queuedAt: .distantPast)
    }
}

extension DeadLetter {
    static var blank: DeadLetter {
        DeadLetter(
            id: DeliveryID(0), destination: .alertmanager(url: ""), subject: "",
            reason: .refused, status: nil, attempts: 0, at: .distantPast)
    }
}

extension HTTPSettings: Archivable {
    /// To read into.
    public static let blank = HTTPSettings()

    /// All of it.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&authorization)
        archive.field(&proxyURL)
        archive.field(&noProxy)
        archive.field(&followsRedirects)
        archive.optional(&timeout, blank: .zero) { $0.field(&$1) }
        archive.field(&tls.caFile)
        archive.field(&tls.certFile)
        archive.field(&tls.keyFile)
        archive.field(&tls.serverName)
        archive.field(&tls.skipsVerification)
    }
}
