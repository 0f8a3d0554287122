public import Model
public import Text

// Alertmanager's `gettableAlert`, `alertGroup` and `postableAlert` (api/v2/openapi.yaml).

extension AlertStanding {
    /// Appends it as `GET /api/v2/alerts` shows it, in the order of Alertmanager's members.
    public func write(into json: inout JSONWriter) {
        json.object { member in
            member.member("annotations", pairs: alert.details.annotationPairs)
            member.member("endsAt", millisText(endsAt))
            member.member("fingerprint", fingerprint)
            member.key("receivers")
            member.array { list in
                for name in receivers { list.object { $0.member("name", name) } }
            }
            member.member("startsAt", millisText(alert.startsAt ?? alert.changedAt))
            member.key("status")
            member.object { status in
                status.member("inhibitedBy", texts: inhibitedBy)
                status.member("mutedBy", texts: mutedBy)
                status.member("silencedBy", texts: silencedBy)
                status.member("state", isSuppressed ? "suppressed" : "active")
            }
            member.member("updatedAt", millisText(alert.changedAt))
            if !alert.details.generatorURL.isEmpty {
                member.member("generatorURL", alert.details.generatorURL)
            }
            member.member("labels", pairs: labels.pairs)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, texts: [String]) {
        key(name)
        array { list in for text in texts { list.string(text) } }
    }
}

extension PostedAlert {
    /// The most bytes of an alert's labels and annotations.
    public static let bytesMax = 64 << 10

    /// Reads the list of `POST /api/v2/alerts`: the alerts that can be taken, and what is wrong
    /// with each of the others.
    public static func read(
        _ json: JSONValue, now: Timestamp
    ) throws(BodyFault) -> (alerts: [PostedAlert], faults: [String]) {
        guard case .array(let elements) = json else { throw .type("the body", "a list of alerts") }
        var alerts: [PostedAlert] = []
        var faults: [String] = []
        for element in elements {
            let alert = try PostedAlert(element)
            if let fault = alert.fault(now) { faults.append(fault) } else { alerts.append(alert) }
        }
        return (alerts, faults)
    }

    private init(_ json: JSONValue) throws(BodyFault) {
        guard case .object = json else { throw .type("an alert", "an object") }
        guard let labels = json["labels"], !labels.isNull else { throw .missing("labels") }
        func pairs(_ value: JSONValue?, _ name: String) throws(BodyFault) -> [(String, String)] {
            guard let value, !value.isNull else { return [] }
            guard case .object(let members) = value else { throw .type(name, "an object") }
            var found: [(String, String)] = []
            for member in members {
                guard let text = member.value.asString else { throw .type(name, "texts") }
                found.append((member.key, text))
            }
            return found
        }
        func time(_ name: String) throws(BodyFault) -> Timestamp? {
            guard let value = json[name], !value.isNull else { return nil }
            guard let text = value.asString else { throw .type(name, "a time") }
            if text.isEmpty || text.hasPrefix("0001-01-01T00:00:00") { return nil }
            guard let time = Timestamp(rfc3339: text) else { throw .type(name, "a time") }
            return time
        }
        self.init(
            labels: Labels(try pairs(labels, "labels")),
            details: AlertDetails(
                annotations: try pairs(json["annotations"], "annotations"),
                generatorURL: json["generatorURL"]?.asString ?? ""),
            startsAt: try time("startsAt"), endsAt: try time("endsAt"))
    }

    /// Why it cannot be taken, in Alertmanager's words where it has some.
    private func fault(_ now: Timestamp) -> String? {
        if labels.isEmpty { return "at least one label pair required" }
        if labels.pairs.contains(where: { $0.name.isEmpty }) { return "a label without a name" }
        let bytes = details.annotations.reduce(labels.bytes.count) {
            $0 + $1.name.utf8.count + $1.value.utf8.count
        }
        if bytes > Self.bytesMax {
            return "labels and annotations of \(bytes) bytes; expected at most \(Self.bytesMax)"
        }
        if let endsAt, endsAt < startsAt ?? endsAt { return "start time must be before end time" }
        return nil
    }
}
