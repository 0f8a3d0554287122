public import Model
public import Text

extension AlertBook {
    /// The answer of `GET /api/v1/alerts`, in Prometheus' shape: pending and firing, by labels.
    public func writeAlerts(into json: inout JSONWriter) {
        json.object { reply in
            reply.member("status", "success")
            reply.key("data")
            reply.object { data in
                data.key("alerts")
                data.array { writeAlerts(into: &$0) { _ in true } }
            }
        }
    }

    /// The elements of that answer's list, of alerts that `isWanted` says yes to.
    public func writeAlerts(into list: inout JSONWriter, where isWanted: (Labels) -> Bool) {
        for alert in alerts where !alert.isPosted && isWanted(alert.labels) {
            alert.write(into: &list)
        }
    }
}

extension Alert {
    fileprivate func write(into json: inout JSONWriter) {
        guard !isResolved, let activeAt else { return }
        json.object { member in
            member.member("labels", pairs: labels.pairs)
            member.member("annotations", pairs: details.annotationPairs)
            member.member("state", state.name)
            member.member("activeAt", goText(activeAt))
            member.member("value", goExponentText(details.value))
        }
    }
}

extension AlertDetails {
    /// The annotations as `JSONWriter` takes them.
    var annotationPairs: [(name: String, value: String)] {
        annotations.map { ($0.name, $0.value) }
    }
}
