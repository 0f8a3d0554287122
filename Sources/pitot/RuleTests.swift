import Agent
import Backtest
import Glibc
import Model
import Query
import Server
import Text

/// Unit tests of rules from files: finds the rule files, runs the tests, prints what came of them.
struct RuleTests {
    private var queries = QueryOptions()
    private var names: Pattern?
    private var allowsUnknown = false

    private var passed = 0
    private var failed = 0
    private var suites: [JUnitSuite] = []

    /// Takes over a command line; what is wrong with it.
    mutating func configure(_ options: Options) -> String? {
        allowsUnknown = options.has("--ignore-unknown-fields")
        let flags = options.all("--enable-feature").flatMap { $0.split(separator: ",") }
        for flag in flags.map(String.init) where !queries.features.enable(flag) {
            return "unknown feature \"\(flag)\""
        }
        let expressions = options.all("--run")
        guard !expressions.isEmpty else { return nil }
        do throws(PatternError) {
            let any = expressions.joined(separator: "|")
            names = try Pattern("(?s:.*)(?:\(any))(?s:.*)")
        } catch {
            return "--run is no regular expression: \(error)"
        }
        return nil
    }

    /// Runs all tests of all files.
    mutating func run(_ paths: [String], junit: String?) -> Int32 {
        for path in paths { run(path) }
        printLine("\(passed) passed, \(failed) failed")
        if let junit, !writeFile(junit, junitXML(suites)) {
            printError("\(junit): \(String(cString: strerror(errno))); expected a writable file")
            return ExitCode.failed
        }
        return failed == 0 ? ExitCode.ok : ExitCode.failed
    }

    private mutating func run(_ path: String) {
        var suite = JUnitSuite(name: path)
        defer { suites.append(suite) }
        guard let bytes = readFile(path, limit: YAML.bytesMax + 1) else {
            let reason = "\(path): \(String(cString: strerror(errno))); expected a readable file"
            return abort(&suite, [reason])
        }
        let read = RuleTestFile.read(
            bytes, file: path, extraKeys: SLOExpectation.keys, allowsUnknown: allowsUnknown)
        guard let file = read.file else {
            return abort(&suite, read.diagnostics.map(\.description))
        }
        let tests = file.tests.filter { test in names.map { $0.matches(test.name) } ?? true }
        guard !tests.isEmpty else { return }
        let rules = RuleFolder(allowsUnknown: allowsUnknown, queries: queries).rules(of: file)
        for line in rules.warnings { printError(line) }
        for fault in rules.faults { printLine(fault) }
        let groups = file.ordered(rules.groups)
        let slos = SLOTest(rules.configuration(of: file))
        for test in tests {
            var outcomes: [RuleTestOutcome]
            if let fault = rules.faults.first {
                let more = test.alerts.count + test.queries.count + test.extras.count
                outcomes = [
                    RuleTestOutcome(
                        at: test.position, test.title, "rules", fault: fault, count: max(1, more))
                ]
            } else {
                outcomes = test.outcomes(groups, in: file, options: queries)
                if !test.extras.isEmpty {
                    outcomes += slos.outcomes(test, step: file.evaluationInterval)
                }
                outcomes.filter { !$0.hasPassed }.forEach(show)
            }
            suite.add(test.title, outcomes)
            for outcome in outcomes {
                if outcome.hasPassed { passed += outcome.count } else { failed += outcome.count }
            }
        }
    }

    private mutating func abort(_ suite: inout JUnitSuite, _ reasons: [String]) {
        for reason in reasons { printLine(reason) }
        suite.abort(reasons.joined(separator: "\n"))
        failed += 1
    }

    private func show(_ outcome: RuleTestOutcome) {
        let place = "\(outcome.position): test \"\(outcome.test)\""
        printLine("\(place): \(outcome.what): \(outcome.fault ?? "")")
        for line in outcome.difference { printLine("    " + line) }
    }
}

/// The rule files that a test file names.
struct RuleFolder {
    let allowsUnknown: Bool
    let queries: QueryOptions

    struct Found {
        var groups: [RuleGroup] = []
        /// Files of SLOs, and those of Prometheus' rules.
        var slos: [SourceFile] = []
        var files: [SourceFile] = []
        /// Patterns that match no file.
        var warnings: [String] = []
        var faults: [String] = []
    }

    /// Reads them, each once.
    func rules(of file: RuleTestFile) -> Found {
        var found = Found()
        var seen: Set<String> = []
        let folder = parentFolder(of: file.path)
        for (pattern, position) in file.rulePatterns {
            let isRelative = !pattern.isEmpty && !pattern.hasPrefix("/")
            let whole = isRelative && !folder.isEmpty ? folder + "/" + pattern : pattern
            guard let paths = PathGlob.files(matching: whole) else {
                found.faults.append("\(position): \"\(pattern)\" is no file pattern: unclosed [")
                continue
            }
            if paths.isEmpty {
                found.warnings.append("\(position): warning: no file matches \"\(pattern)\"")
            }
            for path in paths where seen.insert(path).inserted { add(path, to: &found) }
        }
        return found
    }

    private func add(_ path: String, to found: inout Found) {
        guard let bytes = readFile(path, limit: YAML.bytesMax + 1) else {
            found.faults.append(
                "\(path): \(String(cString: strerror(errno))); expected a readable file")
            return
        }
        let source = SourceFile(path: path, bytes: bytes)
        guard !source.isNative else { return found.slos.append(source) }
        found.files.append(source)
        let read = RuleFile.read(
            bytes, file: path, options: queries, allowsUnknown: allowsUnknown)
        found.groups += read.groups
        found.faults += read.diagnostics.filter { $0.severity == .error }.map(\.description)
    }
}

extension RuleFolder.Found {
    /// What an agent is given. Rules only if an SLO asks what they may record: they cost more than
    /// all counting.
    func configuration(of file: RuleTestFile) -> ConfigurationFiles {
        let alone = ConfigurationFiles(config: nil, rules: slos).addingTimeZones()
        guard Configuration.read(alone).needsSamples else { return alone }
        return ConfigurationFiles(config: nil, rules: slos + files).addingTimeZones()
    }
}

extension SourceFile {
    /// Whether it is of Pitot's own kinds: SLOs, maintenance, adjustments.
    var isNative: Bool {
        guard let documents = try? YAML.parse(bytes, file: path) else {
            // Read as rules, which says what is broken.
            return false
        }
        return documents.contains {
            $0["apiVersion"]?.asString?.hasPrefix("pitot/") == true && $0["kind"] != nil
        }
    }
}
