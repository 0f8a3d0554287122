import Alerting
import Model
import Text

// `notify` and `templates` of pitot.yaml.

extension FieldReader {
    /// `notify: {dryRun: false, backoffMax: 5m, failingAfter: 5m, failingSeverity: page}`.
    mutating func readDelivery(into delivery: inout DeliverySettings) {
        delivery.isDryRun = optionalBool("dryRun") ?? false
        if let longest = optionalDuration("backoffMax") {
            if longest < .seconds(1) || longest > .hours(1) {
                fail(
                    at: position(of: "backoffMax"), "backoffMax is out of range",
                    expected: "1s to 1h")
            }
            delivery.backoffMax = longest
        }
        if let after = optionalDuration("failingAfter") {
            if after < .seconds(1) {
                fail(
                    at: position(of: "failingAfter"), "failingAfter is below a second",
                    expected: "1s or more")
            }
            delivery.failingAfter = after
        }
        if let severity = optionalString("failingSeverity") { delivery.failingSeverity = severity }
    }
}

extension ConfigurationReader {
    /// The templates of the files; what is wrong in one is reported where it stands.
    mutating func compiledTemplates(
        _ files: [SourceFile], into configuration: inout Configuration
    ) -> (NotificationTemplates, [Diagnostic]) {
        configuration.notifier.templates = files.map {
            TemplateSource(name: $0.path, text: String(decoding: $0.bytes, as: UTF8.self))
        }
        let templates = NotificationTemplates(configuration.notifier.templates)
        let found = templates.faults.map { fault in
            Diagnostic.error(
                at: SourcePosition(file: fault.name, line: fault.line, column: fault.column),
                fault.what, expected: "Go's template notation, as in Alertmanager")
        }
        return (templates, found)
    }
}
