import Agent
import Model
import Query
import Server
import Text

/// `pitot check PATH...`: parses and lints rule, SLO, test and configuration files.
enum CheckCommand {
    private static let usage = """
        usage: pitot check [--lint-fatal] [-o text|github|json] [--agent URL]
                           [--scrape-interval D] [--evaluation-interval D] PATH...

          PATH                     a file, or a folder whose .yaml and .yml files are checked
          --lint-fatal             findings and other warnings end with code 3
          -o FORMAT                text; github: annotations for a pull request; json
          --agent URL              ask a running agent for its metrics, their types and bounds,
                                   and for the series that SLOs look at
          --scrape-interval D      between two samples of a series (15s)
          --evaluation-interval D  of groups that have none (not assumed)

        A comment `# pitot:ignore CODE` in a rule or above it takes a finding away.
        Ends with 0 when clean, 1 on errors, 3 on findings with --lint-fatal.
        """

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(
            arguments, valued: ["-o", "--agent", "--scrape-interval", "--evaluation-interval"],
            flags: ["--lint-fatal", "--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        var settings = RuleLintSettings()
        let format = CheckFormat(rawValue: options.last("-o") ?? "text")
        let fault =
            options.fault ?? (options.operands.isEmpty ? "no PATH" : nil)
            ?? (format == nil ? "unknown -o; expected text, github or json" : nil)
            ?? read(options, into: &settings)
        guard fault == nil, let format else {
            printError("pitot check: \(fault ?? "")\n\n\(usage)")
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
        var check: CheckedFiles
        do throws(FileFault) {
            check = try CheckedFiles(files)
        } catch {
            printError("\(error.path): \(error.reason); expected a readable baseline")
            return ExitCode.failed
        }
        if let agent = options.last("--agent") {
            do throws(AgentFault) {
                let queries = AgentQueries(agent)
                settings.catalog = try queries.catalog(of: check.metrics)
                try check.survey(queries)
            } catch {
                printError("\(error)")
                return ExitCode.failed
            }
        }
        check.lint(settings)
        return report(check, format, lintFatal: options.has("--lint-fatal"))
    }

    /// What is wrong with the intervals of a command line.
    private static func read(
        _ options: Options, into settings: inout RuleLintSettings
    ) -> String? {
        for name in ["--scrape-interval", "--evaluation-interval"] {
            guard let text = options.last(name) else { continue }
            guard let span = parseDuration(text), span > .zero else {
                return "\(name) \"\(text)\"; expected a duration such as 30s"
            }
            if name == "--scrape-interval" {
                settings.scrapeInterval = span
            } else {
                settings.evaluationInterval = span
            }
        }
        return nil
    }

    private static func report(
        _ check: CheckedFiles, _ format: CheckFormat, lintFatal: Bool
    ) -> Int32 {
        let entries = check.entries.sorted { $0.diagnostic < $1.diagnostic }
        let errors = entries.filter { $0.diagnostic.severity == .error }.count
        let warnings = entries.count - errors
        switch format {
        case .text: for entry in entries { printLine(entry.diagnostic.description) }
        case .github: for entry in entries { printLine(entry.annotation) }
        case .json: printLine(check.json(entries))
        }
        if format != .json {
            let rules = check.rules.isEmpty ? "" : ", \(check.ruleCount) rules"
            printLine(
                "\(check.count) files, \(check.definitions) SLOs\(rules): "
                    + "\(errors) errors, \(warnings) warnings")
        }
        if errors > 0 { return ExitCode.failed }
        return warnings > 0 && lintFatal ? ExitCode.findings : ExitCode.ok
    }
}

/// How findings are written.
enum CheckFormat: String {
    case text, github, json
}
