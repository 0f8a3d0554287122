import Agent
import Convert
import Server
import Text

/// `pitot generate rules`: rule files from native SLOs.
enum GenerateCommand {
    private static let usage = """
        usage: pitot generate rules -o DIR [--format prometheus|mimir|thanos|crd] PATH...

          PATH       native SLO files, or folders of them
          -o DIR     a rule file for each service goes here
          --format   who evaluates them (prometheus)

        Ends with 0, with 1 on errors in the SLO files, and with 3 when rules cannot express an SLO.
        """

    static func run(_ arguments: [String]) -> Int32 {
        guard let what = arguments.first, what != "--help" else {
            printLine(usage)
            return arguments.isEmpty ? ExitCode.usage : ExitCode.ok
        }
        let options = Options(
            Array(arguments.dropFirst()), valued: ["-o", "--format"], flags: ["--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        let format = RuleFormat(rawValue: options.last("--format") ?? "prometheus")
        guard what == "rules", options.fault == nil, !options.operands.isEmpty,
            let folder = options.last("-o"), let format
        else {
            let fault = what == "rules" ? nil : "cannot generate \"\(what)\""
            printError(
                "pitot generate: \(fault ?? options.fault ?? "no -o, no PATH or no such --format")"
                    + "\n\n\(usage)")
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
        let read = Configuration.read(
            ConfigurationFiles(config: nil, rules: files).addingTimeZones())
        let errors = read.diagnostics.filter { $0.severity == .error }
        for diagnostic in errors { printError(diagnostic.description) }
        if !errors.isEmpty { return ExitCode.failed }
        return write(RuleGeneration(read.definitions, format: format), to: folder)
    }

    private static func write(_ generation: RuleGeneration, to folder: String) -> Int32 {
        for file in generation.files {
            let path = folder + "/" + file.name
            if let reason = WrittenFile.write(file.text, to: path) {
                printError("\(path): \(reason); expected a folder to write to")
                return ExitCode.failed
            }
            printLine("\(path): \(file.slos) SLOs, \(file.rules) rules")
        }
        for refusal in generation.refusals { printError(refusal.description) }
        let slos = generation.files.reduce(0) { $0 + $1.slos }
        printLine("\(slos) generated, \(generation.refusals.count) refused")
        return generation.refusals.isEmpty ? ExitCode.ok : ExitCode.findings
    }
}
