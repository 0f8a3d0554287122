import Agent
import Server
import Text

/// `pitot check PATH...`: parses and checks rule and configuration files.
enum CheckCommand {
    private static let usage = """
        usage: pitot check [--lint-fatal] [-o text|github] PATH...

          PATH           a file, or a folder whose .yaml and .yml files are checked
          --lint-fatal   warnings end with code 3
          -o github      annotations for a pull request

        Ends with 0 when clean, 1 on errors, 3 on warnings with --lint-fatal.
        """

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(arguments, valued: ["-o"], flags: ["--lint-fatal", "--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        let format = options.last("-o") ?? "text"
        guard options.fault == nil, !options.operands.isEmpty, ["text", "github"].contains(format)
        else {
            printError("pitot check: \(options.fault ?? "no PATH, or an unknown -o")\n\n\(usage)")
            return ExitCode.usage
        }
        var files: [SourceFile] = []
        for path in options.operands {
            do throws(FileFault) {
                files += try ruleFiles(at: path)
            } catch {
                printError("\(error.path): \(error.reason); expected a readable file or folder")
                return ExitCode.failed
            }
        }
        return report(files, isGitHub: format == "github", lintFatal: options.has("--lint-fatal"))
    }

    private static func report(
        _ files: [SourceFile], isGitHub: Bool, lintFatal: Bool
    ) -> Int32 {
        let configs = files.filter { isConfiguration($0) }
        let rules = files.filter { !isConfiguration($0) }
        var diagnostics: [Diagnostic] = []
        for config in configs {
            let files = ConfigurationFiles(config: config, rules: [])
            diagnostics += Configuration.read(files).diagnostics
        }
        let whole: ConfigurationFiles
        do throws(FileFault) {
            whole = try ConfigurationFiles(config: nil, rules: rules).addingTimeZones()
                .addingBaselines()
        } catch {
            printError("\(error.path): \(error.reason); expected a readable baseline")
            return ExitCode.failed
        }
        let read = Configuration.read(whole)
        diagnostics += read.diagnostics
        for diagnostic in diagnostics.sorted() {
            printLine(isGitHub ? annotation(diagnostic) : diagnostic.description)
        }
        let errors = diagnostics.filter { $0.severity == .error }.count
        let warnings = diagnostics.count - errors
        printLine(
            "\(files.count) files, \(read.definitions.count) SLOs: "
                + "\(errors) errors, \(warnings) warnings")
        if errors > 0 { return ExitCode.failed }
        return warnings > 0 && lintFatal ? ExitCode.findings : ExitCode.ok
    }

    /// Rule files say their kind; what does not is taken for a configuration.
    private static func isConfiguration(_ file: SourceFile) -> Bool {
        guard let documents = try? YAML.parse(file.bytes, file: file.path),
            let first = documents.first
        else { return false }  // Broken or empty: read as rules, which reports what is broken.
        let marks = ["kind", "apiVersion", "groups", "slos", "service"]
        if case .mapping = first.content { return marks.allSatisfy { first[$0] == nil } }
        return false
    }

    private static func annotation(_ diagnostic: Diagnostic) -> String {
        let place = diagnostic.position
        var text = diagnostic.what
        if let expected = diagnostic.expected { text += "; expected \(expected)" }
        if let hint = diagnostic.hint { text += " (\(hint))" }
        let file = escaped(place.file).replacing(":", with: "%3A").replacing(",", with: "%2C")
        return "::\(diagnostic.severity.rawValue) file=\(file),line=\(place.line),"
            + "col=\(place.column)::\(escaped(text))"
    }

    /// As GitHub's runner reads a workflow command back.
    private static func escaped(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D")
            .replacing("\n", with: "%0A")
    }
}
