import Agent
import Backtest
import Model
import SLO
import Server
import Text

/// `pitot backtest`: which alerts would have fired under one rule set, or under two.
enum BacktestCommand {
    private static let usage = """
        usage: pitot backtest --rules A [--against B] --from DATA [--incidents FILE]
                              [--start TIME] [--end TIME] [--config FILE] [-o text|json|markdown]

          --rules PATH      the rules in force; may be given more than once
          --against PATH    the rules proposed; may be given more than once
          --from DATA       a folder that serve --record wrote, the data folder of an agent,
                            the URL of a Prometheus, or a file of series in promtool's notation
          --incidents FILE  what really went wrong: counts delays and false pages
          --start, --end    RFC 3339; alerts that fire between them are told. What lies before
                            --start is read as far back as the longest period reaches
          --config FILE     pitot.yaml, for replica labels and the like
          -o FORMAT         text, json, or markdown fit for a pull request

        Ends with 0, with 3 when pages or tickets differ between A and B, 1 when it failed.
        """

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(
            arguments,
            valued: [
                "--rules", "--against", "--from", "--incidents", "--start", "--end", "--config",
                "-o",
            ], flags: ["--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        if let fault = fault(options) {
            printError("pitot backtest: \(fault)\n\n\(usage)")
            return ExitCode.usage
        }
        do throws(CommandFault) {
            let result = try backtest(options)
            switch options.last("-o") ?? "text" {
            case "json": printLine(String(decoding: result.json(), as: UTF8.self))
            case "markdown": printLine(result.markdown())
            default: printLine(result.text())
            }
            return result.isAlike ? ExitCode.ok : ExitCode.findings
        } catch {
            for line in error.lines { printError(line) }
            return ExitCode.failed
        }
    }

    private struct CommandFault: Error {
        let lines: [String]

        init(_ line: String) { lines = [line] }
        init(_ diagnostics: [Diagnostic]) { lines = diagnostics.map(\.description) }
    }

    private static func fault(_ options: Options) -> String? {
        if let fault = options.fault { return fault }
        if let operand = options.operands.first { return "unexpected \"\(operand)\"" }
        if !options.has("--rules") { return "no --rules" }
        if !options.has("--from") { return "no --from" }
        let format = options.last("-o") ?? "text"
        if !["text", "json", "markdown"].contains(format) {
            return "-o \"\(format)\"; expected text, json or markdown"
        }
        for name in ["--start", "--end"] {
            if let text = options.last(name), Timestamp(rfc3339: text) == nil {
                return "\(name) \"\(text)\"; expected RFC 3339, such as 2026-11-02T10:00:00Z"
            }
        }
        return nil
    }

    private static func backtest(_ options: Options) throws(CommandFault) -> BacktestResult {
        var sets = [(options.all("--rules"), try files(options, options.all("--rules")))]
        if options.has("--against") {
            sets.append((options.all("--against"), try files(options, options.all("--against"))))
        }
        let configurations = sets.map { Configuration.read($0.1) }
        for configuration in configurations where configuration.hasErrors {
            throw CommandFault(configuration.diagnostics)
        }
        let incidents = try incidents(options)
        let start = options.last("--start").flatMap { Timestamp(rfc3339: $0) }
        let end = options.last("--end").flatMap { Timestamp(rfc3339: $0) }
        let longest = configurations.compactMap(\.longestPeriod).max() ?? .zero
        let source = try source(options.last("--from") ?? "", configurations, start, end, longest)
        guard let span = HistoryPlayer.span(of: source) else {
            throw CommandFault("\(options.last("--from") ?? ""): no samples; expected some")
        }
        let from = max(span.first, start.map { $0 - longest } ?? span.first)
        var runs: [BacktestRun] = []
        for (paths, files) in sets {
            do throws(BacktestFault) {
                runs.append(
                    try BacktestRun(
                        name: paths.joined(separator: " "), files: files,
                        from: from - .milliseconds(1)))
            } catch {
                switch error {
                case .rules(let diagnostics): throw CommandFault(diagnostics)
                }
            }
        }
        let to = min(end ?? .distantFuture, span.last ?? .distantFuture)
        return try play(source, runs, from, to, told: start ?? span.first, incidents)
    }

    private static func play(
        _ source: HistorySource, _ runs: [BacktestRun], _ from: Timestamp, _ to: Timestamp,
        told: Timestamp, _ incidents: [Incident]
    ) throws(CommandFault) -> BacktestResult {
        var played: PlayedHistory
        do throws(FileFault) {
            played = try HistoryPlayer.play(source, to: runs, from: from, to: to)
        } catch { throw CommandFault("\(error.path): \(error.reason)") }
        if played.faults > 0 {
            printError(
                "warning: \(played.faults) files or records of the recording end early or do not "
                    + "read; what is behind them in their file is missing")
        }
        let end = min(to, played.end)
        var results: [RuleSetResult] = []
        for index in played.runs.indices {
            results.append(played.runs[index].finish(from: told, to: end))
        }
        return BacktestResult(
            from: max(told, from), to: end, series: played.series, samples: played.samples,
            rules: results[0], against: results.count > 1 ? results[1] : nil,
            incidents: incidents)
    }

    // MARK: What is given

    private static func files(
        _ options: Options, _ paths: [String]
    ) throws(CommandFault) -> ConfigurationFiles {
        var rules: [SourceFile] = []
        for path in paths {
            do throws(FileFault) {
                rules += try ruleFiles(at: path)
            } catch {
                throw CommandFault("\(error.path): \(error.reason); expected rules")
            }
        }
        var config: SourceFile?
        if let path = options.last("--config") {
            config = SourceFile(path: path, bytes: try bytes(of: path))
        }
        return ConfigurationFiles(config: config, rules: rules)
    }

    private static func bytes(of path: String) throws(CommandFault) -> [UInt8] {
        guard let bytes = readFile(path) else {
            throw CommandFault("\(path): \(lastSystemFault()); expected a readable file")
        }
        return bytes
    }

    private static func incidents(_ options: Options) throws(CommandFault) -> [Incident] {
        guard let path = options.last("--incidents") else { return [] }
        let file = IncidentFile(try bytes(of: path), file: path)
        if !file.diagnostics.isEmpty { throw CommandFault(file.diagnostics) }
        return file.incidents
    }

    private static func source(
        _ data: String, _ configurations: [Configuration], _ start: Timestamp?,
        _ end: Timestamp?, _ longest: TimeSpan
    ) throws(CommandFault) -> HistorySource {
        if data.hasPrefix("http://") || data.hasPrefix("https://") {
            let to = end ?? wallClock()
            let selectors = Set(configurations.flatMap(\.selectorTexts)).sorted()
            return .prometheus(
                PrometheusHistory(
                    url: data, selectors: selectors,
                    from: (start ?? to) - longest, to: to))
        }
        if isFolder(data) {
            let recordings = HistoryFolder.recordings(in: data)
            if !recordings.isEmpty { return .recording(recordings) }
            do throws(FileFault) {
                return .stored(try HistoryFolder.agent(in: data).storedHistory())
            } catch {
                throw CommandFault("\(error.path): \(error.reason)")
            }
        }
        let history = NotationHistory(try bytes(of: data), file: data)
        if !history.diagnostics.isEmpty { throw CommandFault(history.diagnostics) }
        return .notation(history)
    }
}
