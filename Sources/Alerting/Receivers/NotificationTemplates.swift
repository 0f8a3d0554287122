internal import Model
public import Text

// The templates of all receivers, compiled once for a configuration. A text that is no template is
// known as such by having no "{{".

/// A file of `templates`, as text.
public struct TemplateSource: Hashable, Sendable {
    /// As errors name it.
    public let name: String
    /// Templates between `define` and `end`.
    public let text: String

    /// A file as it was read.
    public init(name: String, text: String) {
        self.name = name
        self.text = text
    }
}

/// Compiled templates, by their texts.
public struct NotificationTemplates: Sendable {
    /// What the files define, on top of the defaults.
    private var library: Template?
    private var compiled: [String: Template] = [:]
    /// The files that could not be taken, and why.
    public private(set) var faults: [TemplateError] = []

    /// The default templates and those of the files; what a later file defines wins.
    public init(_ files: [TemplateSource] = []) {
        library = Self.standard
        for file in files {
            do throws(TemplateError) {
                library = try Template(
                    parsing: file.text, name: file.name, functions: Self.names, library: library)
            } catch {
                faults.append(error)
            }
        }
    }

    /// Parsed once: they are the same for all. A test sees that they parse.
    private static let standard = try? Template(
        parsing: DefaultTemplates.text, name: "default.tmpl", functions: names)

    /// For parsing, which looks at the functions' names alone.
    private static let names = functions(at: .distantPast)

    /// The functions of notification templates. `since` counts to `now`.
    static func functions(at now: Timestamp) -> TemplateFunctions {
        var functions = TemplateFunctions()
        functions.addAlertmanager(now: now)
        return functions
    }

    /// Compiles the texts, so that no notification has to.
    mutating func compile(_ texts: [String]) {
        for text in texts where compiled[text] == nil && text.contains("{{") {
            if let template = try? parse(text) { compiled[text] = template }
        }
    }

    /// What is wrong with a text before it is ever run; nil when nothing is.
    public func fault(in text: String) -> TemplateError? {
        guard text.contains("{{") else { return nil }
        do throws(TemplateError) {
            _ = try parse(text)
            return nil
        } catch {
            return error
        }
    }

    private func parse(_ text: String) throws(TemplateError) -> Template {
        try Template(
            parsing: text, name: "", functions: Self.names, library: library)
    }

    /// A text with its templates run.
    func expand(
        _ text: String, on data: TemplateValue, _ functions: TemplateFunctions,
        escapesHTML: Bool = false
    ) throws(TemplateError) -> String {
        guard text.contains("{{") else { return text }
        let template: Template
        if let known = compiled[text] { template = known } else { template = try parse(text) }
        return try template.run(on: data, functions: functions, escapesHTML: escapesHTML)
    }
}
