internal import Model
internal import Text

// The words of one notification. When a template fails, the whole message is made anew in plain
// words that say so: a page that says too little is better than none.

/// Makes the texts of one notification.
struct MessageWords {
    /// Alerts that texts are made of at most; no message has room for more.
    static let alertsMax = 200

    let notification: Notification
    private let templates: NotificationTemplates
    private let data: TemplateValue
    private let functions: TemplateFunctions
    /// Why the words are plain; nil when they are the templates'.
    let fault: TemplateError?

    init(
        _ notification: Notification, _ templates: NotificationTemplates,
        plain fault: TemplateError? = nil
    ) {
        self.notification = notification
        self.templates = templates
        self.fault = fault
        data = notification.data
        functions = NotificationTemplates.functions(at: notification.now)
    }

    /// The same notification in plain words.
    func plain(after fault: TemplateError) -> MessageWords {
        MessageWords(notification, templates, plain: fault)
    }

    /// A heading; plain when need be.
    func title(_ text: String) throws(TemplateError) -> String {
        if fault != nil { return plainTitle }
        return try templates.expand(text, on: data, functions)
    }

    /// A value that is no sentence: a channel, a colour, a link. In plain words what fails is
    /// empty.
    func value(_ text: String) throws(TemplateError) -> String {
        if fault == nil { return try templates.expand(text, on: data, functions) }
        return (try? templates.expand(text, on: data, functions)) ?? ""
    }

    /// What is said, in at most `limit` units: of so many alerts as there is room for, and then how
    /// many more there are. Of one alert that is too long, the beginning.
    func body(
        _ text: String, _ limit: Int, _ unit: TextUnit = .scalars, escapesHTML: Bool = false
    ) throws(TemplateError) -> String {
        if fault != nil {
            let plain = bounded(plainText, limit, unit)
            return escapesHTML ? "<pre>" + escaped(plain) + "</pre>" : plain
        }
        let count = notification.alerts.count
        if count <= Self.alertsMax {
            let whole = try expand(text, first: count, escapesHTML)
            if unit.length(whole) <= limit { return whole }
        }
        var (fitting, low, high) = (String?.none, 1, min(count, Self.alertsMax))
        while low <= high {
            let middle = (low + high) / 2
            var made = try expand(text, first: middle, escapesHTML)
            if middle < count { made += "\n" + moreAlerts(count - middle) }
            if unit.length(made) <= limit {
                (fitting, low) = (made, middle + 1)
            } else {
                high = middle - 1
            }
        }
        if let fitting { return fitting }
        let tail = count > 1 ? "\n" + moreAlerts(count - 1) : ""
        let room = max(0, limit - unit.length(tail))
        return bounded(try expand(text, first: 1, escapesHTML), room, unit) + tail
    }

    /// A value of all alerts; when it is longer than `limit` bytes, of as many as there is room
    /// for.
    func listed(_ text: String, _ limit: Int) throws(TemplateError) -> (text: String, left: Int) {
        let count = notification.alerts.count
        if let whole = try? templates.expand(text, on: data, functions), whole.utf8.count <= limit {
            return (whole, 0)
        }
        var (fitting, low, high) = (("", count), 1, min(count, Self.alertsMax))
        while low <= high {
            let middle = (low + high) / 2
            let made = try expand(text, first: middle, false)
            if made.utf8.count <= limit {
                (fitting, low) = ((made, count - middle), middle + 1)
            } else {
                high = middle - 1
            }
        }
        return fitting
    }

    private func expand(
        _ text: String, first count: Int, _ escapesHTML: Bool
    ) throws(TemplateError) -> String {
        guard text.contains("{{") else { return text }
        let data =
            count == notification.alerts.count
            ? self.data : notification.keeping(first: count).data
        return try templates.expand(text, on: data, functions, escapesHTML: escapesHTML)
    }

    // MARK: Plain words

    /// "[FIRING:2] HighErrorRate team=ml".
    var plainTitle: String {
        let firing = notification.alerts.count { $0.alert.isFiring }
        let status = firing > 0 ? "FIRING:\(firing)" : "RESOLVED"
        let names = notification.group.labels.pairs.map(\.value).joined(separator: " ")
        return "[\(status)] " + (names.isEmpty ? notification.receiver : names)
    }

    private var plainText: String {
        let what = fault.map { bounded("\($0)", 300) } ?? ""
        var lines = ["This message is plain because its template failed: \(what)"]
        for outward in notification.alerts.prefix(20) {
            let labels = outward.labels.pairs.map { "\($0.name)=\($0.value)" }
            let summary = outward.alert.details.annotations.first { $0.name == "summary" }
            lines.append(
                "\(outward.alert.state.name): \(labels.joined(separator: ", "))"
                    + (summary.map { "; \($0.value)" } ?? ""))
        }
        let rest = notification.alerts.count - 20
        if rest > 0 { lines.append(moreAlerts(rest)) }
        return lines.joined(separator: "\n")
    }

    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;")
    }
}
