import Agent
import Convert
import Model
import Server
import Text

/// `pitot convert FILE...`: SLOs of other tools as native files.
enum ConvertCommand {
    private static let usage = """
        usage: pitot convert [-o DIR] [--report text|json] [--sloth-period 30d] PATH...

          PATH             a file, or a folder: its .yaml, .yml, .json and .tpl files
          -o DIR           a native file for each file that has SLOs, by the same name; without it
                           they go to standard output and the report to standard error
          --report F       text (the default) or json
          --sloth-period D the period of Sloth's SLOs, whose files do not say it (30d)

        Reads Sloth, Pyrra, OpenSLO, and burn-rate rules. Tells for each SLO what will be another
        number than the other tool's. Ends with 0 when all was converted, 1 when not.
        """

    private static let endings = [".yaml", ".yml", ".json", ".tpl"]

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(
            arguments, valued: ["-o", "--report", "--sloth-period"], flags: ["--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        let format = options.last("--report") ?? "text"
        let period = parseDuration(options.last("--sloth-period") ?? "30d")
        guard options.fault == nil, !options.operands.isEmpty, ["text", "json"].contains(format),
            let period, period >= .days(1)
        else {
            printError(
                "pitot convert: \(options.fault ?? "no PATH, or an unknown value")\n\n\(usage)")
            return ExitCode.usage
        }
        var inputs: [PeerFile] = []
        var names: [String] = []
        for path in options.operands {
            do throws(FileFault) {
                for file in try ruleFiles(at: path, endings: endings) {
                    inputs.append(PeerFile(path: file.path, bytes: file.bytes))
                    names.append(outputName(file.path, under: path))
                }
            } catch {
                printError("\(error.path): \(error.reason); expected a readable file or folder")
                return ExitCode.failed
            }
        }
        let conversion = Conversion(inputs, slothPeriod: period)
        let report =
            format == "json"
            ? [ConversionReport.json(conversion)] : ConversionReport.text(conversion)
        guard write(conversion, names, to: options.last("-o")) else { return ExitCode.failed }
        for line in report {
            if options.has("-o") { printLine(line) } else { printError(line) }
        }
        return conversion.refused == 0 ? ExitCode.ok : ExitCode.failed
    }

    /// Writes the native files. False when one could not be, or would take another's place.
    private static func write(
        _ conversion: Conversion, _ names: [String], to folder: String?
    ) -> Bool {
        var isFirst = true
        var taken: [String: String] = [:]
        for (file, name) in zip(conversion.files, names) {
            guard let text = file.text else { continue }
            guard let folder else {
                printLine((isFirst ? "" : "---\n") + text.dropLast())
                isFirst = false
                continue
            }
            let path = folder + "/" + name
            if let other = taken[path] {
                printError("\(file.path) and \(other) both become \(path); convert them apart")
                return false
            }
            taken[path] = file.path
            if let reason = WrittenFile.write(text, to: path) {
                printError("\(path): \(reason); expected a folder to write to")
                return false
            }
        }
        return true
    }

    /// A file's path below the folder that was given, ending in `.yaml`.
    private static func outputName(_ path: String, under operand: String) -> String {
        var name =
            path == operand
            ? path.split(separator: "/").last.map(String.init) ?? path
            : String(path.dropFirst(operand.count).drop { $0 == "/" })
        // `a.json` beside `a.yaml` stays another file.
        for ending in [".yaml", ".yml"] where name.hasSuffix(ending) {
            name.removeLast(ending.count)
            break
        }
        return name + ".yaml"
    }
}
