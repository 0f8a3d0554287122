import Drift
import Glibc
import Model
import Server

/// `pitot drift`: baselines from training files, what differs between two, and a running agent's
/// report.
enum DriftCommand {
    private static let usage = """
        usage: pitot drift baseline FILE --model NAME [--version V] -o DIR [OPTIONS]
               pitot drift diff A B
               pitot drift report [--agent URL] [--model NAME] [-o text|json|html]
               pitot drift merge --baseline FILE [-o text|json] COUNTERS...

        baseline   makes a baseline of a CSV or NDJSON file: DIR/<content's hash>.baseline
          --format csv|ndjson   told by the name when it is not given
          --in-order            the rows stand in their order of arrival: dependence is judged
          --thin K              one row in K is used, as you declare
          --time COLUMN         when a row was seen, in seconds or milliseconds since 1970
          --phases P            none, hourOfDay or hourOfWeek; needs --time
          --phase-offset D      added to UTC, such as 1h
          --slices A,B          slices by the levels of these columns
          --categorical A,B     columns of numbers that are names
          --ignore A,B          columns that are no features
          --unit COLUMN=UNIT    what a column is in; serving must say the same
        diff       what is different; ends with 3 when something is
        report     the state of all models under watch (http://127.0.0.1:9797)
        merge      judges the counters of several agents as one: files of
                   /api/v1/drift/counters, or agents' addresses; ends with 3 on an alarm
        """

    static func run(_ arguments: [String]) -> Int32 {
        let rest = Array(arguments.dropFirst())
        switch arguments.first {
        case "baseline": return baseline(rest)
        case "diff": return diff(rest)
        case "report": return report(rest)
        case "merge": return DriftMergeCommand.run(rest, usage: usage)
        case "--help", "-h", "help":
            printLine(usage)
            return ExitCode.ok
        default:
            printError(usage)
            return ExitCode.usage
        }
    }

    private static func refuse(_ what: String) -> Int32 {
        printError("pitot drift: \(what)\n\n\(usage)")
        return ExitCode.usage
    }

    private static func fail(_ what: String) -> Int32 {
        printError(what)
        return ExitCode.failed
    }

    // MARK: Baselines

    private static func baseline(_ arguments: [String]) -> Int32 {
        let options = Options(
            arguments,
            valued: [
                "--model", "--version", "-o", "--format", "--thin", "--time", "--phases",
                "--phase-offset", "--slices", "--categorical", "--ignore", "--unit",
            ], flags: ["--in-order"])
        if let fault = options.fault { return refuse(fault) }
        guard options.operands.count == 1, let model = options.last("--model"),
            let folder = options.last("-o")
        else { return refuse("baseline needs one FILE, --model and -o") }
        let file = options.operands[0]
        var settings = BaselineSettings(model: model, version: options.last("--version") ?? "")
        if let fault = read(options, into: &settings) { return refuse(fault) }
        guard let bytes = readFile(file) else {
            return fail("\(file): \(String(cString: strerror(errno))); expected a readable file")
        }
        let table: TrainingTable
        do throws(TableError) {
            let isCSV = (options.last("--format") ?? suffix(file)) == "csv"
            let (time, isInOrder) = (options.last("--time"), options.has("--in-order"))
            let read =
                isCSV
                ? try CSVTable.read(bytes, time: time, isInOrder: isInOrder)
                : try NDJSONTable.read(bytes, time: time, isInOrder: isInOrder)
            guard let formed = formed(read, options) else {
                return fail("\(file): no columns are left; expected some features")
            }
            table = formed
        } catch { return fail("\(file):\(error)") }
        do throws(BaselineError) {
            return write(try BaselineBuilder.build(table, settings), to: folder)
        } catch { return fail("\(file): \(words(error))") }
    }

    private static func suffix(_ file: String) -> String {
        file.hasSuffix(".csv") ? "csv" : "ndjson"
    }

    private static func names(_ options: Options, _ key: String) -> [String] {
        options.all(key).flatMap { $0.split(separator: ",").map(String.init) }
    }

    /// Settings of the command line; what is wrong with them.
    private static func read(_ options: Options, into settings: inout BaselineSettings) -> String? {
        if let format = options.last("--format"), format != "csv", format != "ndjson" {
            return "--format \(format); expected csv or ndjson"
        }
        if let thin = options.last("--thin") {
            guard let stride = Int(thin), (1...10_000).contains(stride) else {
                return "--thin \(thin); expected 1 to 10000"
            }
            settings.stride = stride
        }
        switch options.last("--phases") ?? "none" {
        case "none": break
        case "hourOfDay": settings.phases = .hourOfDay
        case "hourOfWeek": settings.phases = .hourOfWeek
        case let other: return "--phases \(other); expected none, hourOfDay or hourOfWeek"
        }
        if settings.phases != .none && options.last("--time") == nil {
            return "--phases needs --time"
        }
        if let offset = options.last("--phase-offset") {
            guard let span = TimeSpan.parsed(offset) else {
                return "--phase-offset \(offset); expected a duration such as 1h"
            }
            settings.phaseOffset = span
        }
        for unit in options.all("--unit") {
            guard let equals = unit.firstIndex(of: "="), equals != unit.startIndex else {
                return "--unit \(unit); expected COLUMN=UNIT"
            }
            settings.units[String(unit[..<equals])] = String(unit[unit.index(after: equals)...])
        }
        settings.sliceKeys = names(options, "--slices")
        return nil
    }

    /// The table without the columns to be ignored, numbers that are names as names.
    private static func formed(_ table: TrainingTable, _ options: Options) -> TrainingTable? {
        let ignored = Set(names(options, "--ignore"))
        let levels = Set(names(options, "--categorical"))
        let kept = table.names.indices.filter { !ignored.contains(table.names[$0]) }
        if kept.isEmpty { return nil }
        let columns = kept.map { place in
            let column = table.columns[place]
            guard levels.contains(table.names[place]) else { return column }
            return TrainingColumn(levels: (0..<column.count).map { column[$0] })
        }
        return TrainingTable(
            names: kept.map { table.names[$0] }, columns: columns, times: table.times,
            isInOrder: table.isInOrder)
    }

    private static func write(_ built: BuiltBaseline, to folder: String) -> Int32 {
        let baseline = built.baseline
        let path = folder + "/\(baseline.id).baseline"
        mkdir(folder, 0o755)
        if let fault = keep(baseline.bytes, at: path) { return fail("\(path): \(fault)") }
        printLine(path)
        printLine(
            "\(built.rowsSeen) rows, \(built.rowsUsed) used; \(baseline.features.count) features; "
                + baseline.guarantee)
        let refused = FeatureRefusal.allCases.filter { built.refusals[$0] > 0 }
            .map { "\(built.refusals[$0]) \($0.label)" }
        if !refused.isEmpty { printLine("values refused: " + refused.joined(separator: ", ")) }
        if built.slicesLeftOut > 0 { printLine("slices left out: \(built.slicesLeftOut)") }
        return ExitCode.ok
    }

    /// Writes a file that never changes: it is there whole, or not at all.
    private static func keep(_ bytes: [UInt8], at path: String) -> String? {
        if let there = readFile(path) {
            return there == bytes ? nil : "there is another file; expected none"
        }
        let draft = path + ".\(getpid())"
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL, 0o444)
        guard file >= 0 else { return String(cString: strerror(errno)) }
        let isWritten = bytes.withUnsafeBytes {
            Glibc.write(file, $0.baseAddress, $0.count) == $0.count
        }
        let isSafe = isWritten && fsync(file) == 0
        close(file)
        guard isSafe, rename(draft, path) == 0 else {
            unlink(draft)
            return String(cString: strerror(errno))
        }
        return nil
    }

    private static func words(_ error: BaselineError) -> String {
        switch error {
        case .tooFewRows(let rows, let needed): "\(rows) rows; expected \(needed) or more"
        case .tooManyFeatures(let count, let most): "\(count) features; expected at most \(most)"
        case .noFeatures: "no features"
        case .noSuchUnitColumn(let name): "a unit of '\(name)'; expected a column"
        case .noSuchSliceKey(let key): "slices by '\(key)'; expected a column of texts"
        }
    }

    // MARK: Differences

    private static func diff(_ arguments: [String]) -> Int32 {
        guard arguments.count == 2 else { return refuse("diff needs two baselines") }
        var baselines: [Baseline] = []
        for path in arguments {
            guard let bytes = readFile(path), let baseline = Baseline(bytes: bytes) else {
                return fail("\(path): no baseline; expected a file of \"pitot drift baseline\"")
            }
            baselines.append(baseline)
        }
        let changes = baselines[0].changes(to: baselines[1])
        for change in changes { printLine(line(change)) }
        printLine("\(changes.count) differences")
        return changes.isEmpty ? ExitCode.ok : ExitCode.findings
    }

    private static func line(_ change: BaselineChange) -> String {
        switch change {
        case .added(let feature): "+ \(feature)"
        case .removed(let feature): "- \(feature)"
        case .recut(let feature): "~ \(feature): other cells"
        case .moved(let feature, let psi, let chance):
            "~ \(feature): PSI \(rounded(psi, 4)), chance \(rounded(chance, 6))"
        case .unit(let feature, let before, let after):
            "~ \(feature): \(before.isEmpty ? "no unit" : before) -> "
                + (after.isEmpty ? "no unit" : after)
        case .settings: "~ other phases, thinning, model or version"
        }
    }

    static func rounded(_ value: Double, _ digits: Int) -> String {
        let scale = (0..<digits).reduce(1.0) { product, _ in product * 10 }
        return ((value * scale).rounded() / scale).description
    }

    // MARK: Reports

    private static func report(_ arguments: [String]) -> Int32 {
        let options = Options(arguments, valued: ["--agent", "--model", "-o"])
        if let fault = options.fault { return refuse(fault) }
        let format = options.last("-o") ?? "text"
        guard options.operands.isEmpty, ["text", "json", "html"].contains(format) else {
            return refuse("report takes -o text, json or html")
        }
        let agent = options.last("--agent") ?? "http://127.0.0.1:9797"
        var url = agent + "/api/v1/drift?cells=true"
        if let model = options.last("--model") { url += "&model=\(model)" }
        let answer = HTTPClient().get(url)
        guard answer.status == 200 else {
            return fail("\(agent): status \(answer.status); expected an agent that is ready")
        }
        if format == "json" {
            printLine(String(decoding: answer.body, as: UTF8.self))
            return ExitCode.ok
        }
        guard let report = DriftReport(answer.body) else {
            return fail("\(agent): an answer that is none of an agent of this version")
        }
        printLine(format == "html" ? report.html : report.text)
        return ExitCode.ok
    }
}

extension TimeSpan {
    /// A duration as files have it.
    fileprivate static func parsed(_ text: String) -> TimeSpan? {
        let isNegative = text.hasPrefix("-")
        let digits = isNegative ? String(text.dropFirst()) : text
        guard let unit = digits.last, let count = Int64(digits.dropLast()) else { return nil }
        let span: TimeSpan
        switch unit {
        case "s": span = .seconds(count)
        case "m": span = .minutes(count)
        case "h": span = .hours(count)
        default: return nil
        }
        return isNegative ? .milliseconds(-span.millis) : span
    }
}
