internal import Text

/// The text of a label or an annotation of an alert, parsed once, when its file is read.
struct RuleTemplate: Sendable {
    private enum Content {
        /// Most texts are plain.
        case plain
        case template(Template)
        /// The reader of files refuses these; whoever makes rules otherwise sees it in the text.
        case faulty(TemplateError)
    }

    private static let preamble =
        "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}"
        + "{{$externalURL := .ExternalURL}}{{$value := .Value}}"

    /// Which names templates may call.
    private static let names: TemplateFunctions = {
        var functions = TemplateFunctions()
        functions.addPrometheus(TemplateSurroundings())
        return functions
    }()

    private let text: String
    private let alert: String
    private let content: Content

    init(_ text: String, alert: String) {
        self.text = text
        self.alert = alert
        guard text.contains("{{") else {
            content = .plain
            return
        }
        do throws(TemplateError) {
            content = .template(try Self.parse(text, alert: alert))
        } catch {
            content = .faulty(error)
        }
    }

    static func parse(_ text: String, alert: String) throws(TemplateError) -> Template {
        try Template(parsing: preamble + text, name: "__alert_\(alert)", functions: names)
    }

    func expand(on dot: TemplateValue, _ functions: TemplateFunctions) -> String {
        switch content {
        case .plain: return text
        case .faulty(let error): return told(error)
        case .template(let template):
            do throws(TemplateError) {
                return try template.run(on: dot, functions: functions)
            } catch { return told(error) }
        }
    }

    private func told(_ error: TemplateError) -> String {
        "<error expanding template: error executing template __alert_\(alert): \(error)>"
    }
}
