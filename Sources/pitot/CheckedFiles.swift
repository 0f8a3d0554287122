import Agent
import Backtest
import Convert
import Model
import Query
import SLO
import Server
import Text

/// A thing to report, and the code of the lint that found it.
struct CheckEntry {
    var diagnostic: Diagnostic
    var code: String?
}

/// Files told apart by content and read by what they are. Each kind adds its own entries: what
/// lints another kind goes beside `lint`.
struct CheckedFiles {
    private(set) var entries: [CheckEntry] = []
    /// Prometheus' rule files that could be read.
    private(set) var rules: [LintedFile] = []
    /// How many files there are, and SLOs in them.
    let count: Int
    private var slos: [SLODefinition] = []
    var definitions: Int { slos.count }

    /// Reads what the files name as well: baselines of models.
    init(_ files: [SourceFile]) throws(FileFault) {
        count = files.count
        var native: [SourceFile] = []
        var foreign: [PeerFile] = []
        for file in files {
            switch Self.kind(of: file) {
            case .configuration:
                let read = Configuration.read(
                    try ConfigurationFiles(config: file, rules: []).addingTimeZones()
                        .addingTemplates())
                add(read.diagnostics)
            case .rules: addRules(file, RuleFile.read(file.bytes, file: file.path))
            case .ruleResources:
                addRules(file, RuleFile.readResources(file.bytes, file: file.path))
            case .tests:
                let read = RuleTestFile.read(
                    file.bytes, file: file.path, extraKeys: SLOExpectation.keys)
                add(read.diagnostics)
                for test in read.file?.tests ?? [] { add(SLOExpectation.read(test).diagnostics) }
            case .slos: native.append(file)
            case .foreign: foreign.append(PeerFile(path: file.path, bytes: file.bytes))
            }
        }
        // All at once: two files may not define the same SLO.
        let read = Configuration.read(
            try ConfigurationFiles(config: nil, rules: native).addingTimeZones().addingBaselines())
        slos = read.definitions
        add(read.diagnostics)
        for file in Conversion(foreign).files { add([refusal(of: file)]) }
    }

    var ruleCount: Int { rules.flatMap(\.groups).reduce(0) { $0 + $1.rules.count } }

    /// The metrics that rules read and no rule makes.
    var metrics: [String] { RuleLint(rules).metrics }

    /// Another tool's SLOs, which an agent does not read; where they stand in Pitot's form.
    private func refusal(of file: ConvertedFile) -> Diagnostic {
        let twins = file.slos.compactMap { slo in
            slos.first { $0.service == slo.service && $0.name == slo.name }
        }
        let place = SourcePosition(file: file.path, line: 1, column: 1)
        var hint = "write them with `pitot convert -o DIR \(file.path)`"
        if let first = twins.first {
            let all = twins.count == file.slos.count ? "all" : "\(twins.count)"
            hint =
                "\(all) of its \(file.slos.count) SLOs are converted, \(first.key) at "
                + "\(first.position): keep the original in another folder"
        }
        return .error(
            at: place, "these are SLOs of \(file.peer.title), which the agent does not read",
            expected: "SLOs in Pitot's own form", hint: hint)
    }

    /// Adds what does not fit the series of a running agent.
    mutating func survey(_ agent: AgentQueries) throws(AgentFault) {
        guard !slos.isEmpty else { return }
        var surveyor = try SLOSurveyor(agent)
        for finding in try surveyor.findings(slos) {
            entries.append(CheckEntry(diagnostic: finding.diagnostic, code: finding.code))
        }
    }

    /// Adds what lint finds in rules.
    mutating func lint(_ settings: RuleLintSettings) {
        for finding in RuleLint(rules, settings: settings).findings() {
            entries.append(
                CheckEntry(diagnostic: finding.diagnostic, code: finding.code.rawValue))
        }
    }

    private mutating func addRules(
        _ file: SourceFile, _ read: (groups: [RuleGroup], diagnostics: [Diagnostic])
    ) {
        add(read.diagnostics)
        if read.diagnostics.contains(where: { $0.severity == .error }) { return }
        rules.append(LintedFile(path: file.path, bytes: file.bytes, groups: read.groups))
    }

    private mutating func add(_ diagnostics: [Diagnostic]) {
        entries += diagnostics.map { CheckEntry(diagnostic: $0, code: nil) }
    }

    private enum Kind { case configuration, rules, ruleResources, tests, slos, foreign }

    /// Rule files say their kind; what does not is taken for a configuration.
    private static func kind(of file: SourceFile) -> Kind {
        guard let documents = try? YAML.parse(file.bytes, file: file.path),
            let first = documents.first, case .mapping = first.content
        else { return .slos }  // Broken or empty: read as SLOs, which reports what is broken.
        if documents.contains(where: { $0["kind"]?.asString == "PrometheusRule" }) {
            return .ruleResources
        }
        if PeerFile(path: file.path, bytes: file.bytes).describesSLOs { return .foreign }
        if ["kind", "apiVersion", "slos", "service"].contains(where: { first[$0] != nil }) {
            return .slos
        }
        if first["groups"] != nil { return .rules }
        if first["tests"] != nil || first["rule_files"] != nil { return .tests }
        return .configuration
    }
}

// MARK: Formats for machines

extension CheckEntry {
    /// A workflow command that GitHub shows beside the line.
    var annotation: String {
        let place = diagnostic.position
        var text = diagnostic.what
        if let expected = diagnostic.expected { text += "; expected \(expected)" }
        if let hint = diagnostic.hint { text += " (\(hint))" }
        let file = escaped(place.file).replacing(":", with: "%3A").replacing(",", with: "%2C")
        return "::\(diagnostic.severity.rawValue) file=\(file),line=\(place.line),"
            + "col=\(place.column)::\(escaped(text))"
    }

    /// As GitHub's runner reads a workflow command back.
    private func escaped(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D")
            .replacing("\n", with: "%0A")
    }
}

extension CheckedFiles {
    /// All entries as one JSON object.
    func json(_ entries: [CheckEntry]) -> String {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("files", integer: count)
            writer.member("slos", integer: definitions)
            writer.member("rules", integer: ruleCount)
            writer.key("findings")
            writer.array { writer in
                for entry in entries {
                    writer.object { writer in
                        let place = entry.diagnostic.position
                        writer.member("file", place.file)
                        writer.member("line", integer: place.line)
                        writer.member("column", integer: place.column)
                        writer.member("severity", entry.diagnostic.severity.rawValue)
                        if let code = entry.code { writer.member("code", code) }
                        writer.member("message", entry.diagnostic.what)
                        if let expected = entry.diagnostic.expected {
                            writer.member("expected", expected)
                        }
                        if let hint = entry.diagnostic.hint { writer.member("hint", hint) }
                    }
                }
            }
        }
        return writer.text
    }
}
