public import Model
internal import SLO
public import Text

// From files of any known notation to native SLO files. Files are read together, because OpenSLO
// spreads an SLO over several; each file of SLOs gives one native file.

/// A file to convert, as bytes.
public struct PeerFile: Sendable {
    public let path: String
    public let bytes: [UInt8]

    public init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }
}

/// Who else describes SLOs.
public enum Peer: String, CaseIterable, Sendable {
    case sloth, pyrra, openslo, rules
    /// None of them.
    case other
}

extension Peer {
    /// As people call it.
    public var title: String {
        switch self {
        case .sloth: "Sloth"
        case .pyrra: "Pyrra"
        case .openslo: "OpenSLO"
        case .rules: "Prometheus rules"
        case .other: "another tool"
        }
    }
}

extension PeerFile {
    /// Whether it holds SLOs, or parts of some, in another tool's notation. Rules do not count.
    public var describesSLOs: Bool {
        switch ParsedFile(self).peer {
        case .sloth, .pyrra, .openslo: true
        case .rules, .other: false
        }
    }
}

/// An SLO that was converted, for the report.
public struct ConvertedSLO: Sendable {
    public let service: String
    public let name: String
    /// The kind of its SLI: `events`, `latency`.
    public let kind: String
    /// In percent.
    public let objective: String
    /// `30d`, or `calendar month`.
    public let period: String
    /// Where the peer's stands.
    public let position: SourcePosition
    /// What it is about, and what will be another number than the peer's.
    public let differences: [(topic: String, text: String)]
}

/// What became of one file.
public struct ConvertedFile: Sendable {
    public let path: String
    public let peer: Peer
    /// The native file; nil when nothing was converted.
    public internal(set) var text: String?
    public internal(set) var slos: [ConvertedSLO] = []
    /// What was not converted, and what to do.
    public internal(set) var refusals: [Diagnostic] = []
    public internal(set) var warnings: [Diagnostic] = []
    /// Why a file that is understood holds no SLO: it is a part of others.
    public internal(set) var part: String?
}

/// What became of all files.
public struct Conversion: Sendable {
    /// In the order given.
    public private(set) var files: [ConvertedFile] = []

    /// Files of which something was converted.
    public var converted: Int { files.filter { $0.text != nil }.count }
    /// Files of which something was refused.
    public var refused: Int { files.filter { !$0.refusals.isEmpty }.count }
    /// SLOs that were converted.
    public var slos: Int { files.reduce(0) { $0 + $1.slos.count } }

    /// Converts files. `slothPeriod` stands in for the period that Sloth's files do not name.
    public init(_ inputs: [PeerFile], slothPeriod: TimeSpan = .days(30)) {
        let parsed = inputs.map(ParsedFile.init)
        let windows = SlothWindows(period: slothPeriod, among: parsed.flatMap(\.documents))
        var catalog = OpenSLOCatalog(parsed.flatMap { $0.documents.compactMap(OpenSLOObject.init) })
        var places: [String: SourcePosition] = [:]
        for file in parsed {
            var imported = Imported()
            for document in file.documents {
                imported = imported + Self.read(document, &catalog, windows)
            }
            files.append(Self.finished(file, imported, &places))
        }
        for index in files.indices where files[index].slos.isEmpty && files[index].part != nil {
            if catalog.usedFiles.contains(files[index].path) {
                files[index].part? += "; SLOs of other files refer to it"
            }
        }
    }

    private static func read(
        _ document: YAMLNode, _ catalog: inout OpenSLOCatalog, _ windows: SlothWindows
    ) -> Imported {
        switch DocumentKind(document) {
        case .slothFile:
            SlothImporter.read(document, isResource: false, windows: windows)
        case .slothResource:
            SlothImporter.read(document, isResource: true, windows: windows)
        case .pyrra: PyrraImporter.read(document)
        case .openSLO(let object):
            object.kind == "SLO" ? OpenSLOImporter.read(object, &catalog) : Imported()
        case .rules: BurnRuleImporter.read(document)
        case .alertWindows: Imported()
        case .foreign(let diagnostic): Imported(refusals: [diagnostic])
        }
    }

    /// Keeps the SLOs that our own reader takes, and writes them.
    private static func finished(
        _ file: ParsedFile, _ imported: Imported, _ places: inout [String: SourcePosition]
    ) -> ConvertedFile {
        var result = ConvertedFile(path: file.path, peer: file.peer)
        result.refusals = file.faults + imported.refusals
        result.warnings = imported.warnings
        var kept: [NativeSLO] = []
        for var slo in imported.slos {
            if let renamed = AlertNames.renamed(slo.tiers) { slo.differences.append(renamed) }
            let key = slo.service + "/" + slo.name
            if kept.contains(where: { $0.service == slo.service && $0.name == slo.name }) {
                result.refusals.append(
                    .error(
                        at: slo.position, "the SLO \(key) stands twice in this file",
                        expected: "each name once per service"))
            } else if let fault = ReadBack.fault(of: slo) {
                result.refusals.append(fault)
            } else {
                if let first = places[key] {
                    result.warnings.append(
                        .warning(
                            at: slo.position, "the SLO \(key) is at \(first) too",
                            hint: "`pitot check` refuses both together"))
                }
                places[key] = places[key] ?? slo.position
                kept.append(slo)
            }
        }
        result.slos = kept.map(ConvertedSLO.init)
        if !kept.isEmpty { result.text = NativeWriter.file(kept, source: file.path) }
        if kept.isEmpty && result.refusals.isEmpty {
            result.part = file.parts
        }
        result.refusals.sort()
        result.warnings.sort()
        return result
    }
}

/// A file's documents, lists taken apart.
private struct ParsedFile {
    let path: String
    private(set) var documents: [YAMLNode] = []
    private(set) var faults: [Diagnostic] = []

    init(_ input: PeerFile) {
        path = input.path
        do throws(Diagnostic) {
            for document in try YAML.parse(input.bytes, file: input.path) { add(document) }
            if documents.isEmpty {
                let place = SourcePosition(file: input.path, line: 1, column: 1)
                faults.append(.error(at: place, "the file is empty", expected: "an SLO"))
            }
        } catch {
            var fault = error
            if path.hasSuffix(".tpl")
                || String(decoding: input.bytes, as: UTF8.self).contains("{{ .")
            {
                fault.hint = "it looks like a template: convert what it renders to"
            }
            faults.append(fault)
        }
    }

    /// A sequence of objects, or a Kubernetes List, is each of them.
    private mutating func add(_ document: YAMLNode) {
        if document.isNull { return }
        let isList = document["kind"]?.asString?.hasSuffix("List") == true
        let parts = isList ? document["items"]?.elements ?? [] : document.elements
        if parts.isEmpty {
            documents.append(document)
        } else {
            documents += parts
        }
    }

    /// Whose the file is: the first document that says so.
    var peer: Peer {
        documents.map { DocumentKind($0).peer }.first { $0 != .other } ?? .other
    }

    /// What a file without SLOs is.
    var parts: String {
        let kinds = documents.map { $0["kind"]?.asString ?? "document" }
        var counts: [(kind: String, count: Int)] = []
        for kind in kinds {
            if let index = counts.firstIndex(where: { $0.kind == kind }) {
                counts[index].count += 1
            } else {
                counts.append((kind, 1))
            }
        }
        let list = counts.map { "\($0.count) \($0.kind)" }.joined(separator: ", ")
        return "no SLO, but a part of some: \(list)"
    }
}

extension ConvertedSLO {
    init(_ slo: NativeSLO) {
        service = slo.service
        name = slo.name
        kind = slo.sli.kind
        objective = slo.objective
        period =
            switch slo.period {
            case .rolling(let span): span.description
            case .calendar(let unit, _): "calendar \(unit)"
            }
        position = slo.position
        differences = Difference.Topic.allCases.flatMap { topic in
            slo.differences.filter { $0.topic == topic }.map { (topic.rawValue, $0.text) }
        }
    }
}

/// Reads what we write, as `pitot check` will.
enum ReadBack {
    /// Why our own reader refuses an SLO, told where the peer's stands; nil when it takes it.
    static func fault(of slo: NativeSLO) -> Diagnostic? {
        var slo = slo
        if case .calendar(let unit, _) = slo.period {
            // Which zones there are is the machine's to know, not ours.
            slo.period = .calendar(unit, timeZone: "UTC")
        }
        let text = NativeWriter.alone(slo)
        do throws(Diagnostic) {
            let documents = try YAML.parse(Array(text.utf8), file: "")
            let files = documents.map { DefinitionReader.read($0) }
            let found =
                files.flatMap(\.diagnostics) + SLOLint.findings(files.flatMap(\.definitions))
            guard let fault = found.first(where: { $0.severity == .error }) else { return nil }
            return .error(
                at: slo.position,
                "\(slo.service)/\(slo.name) cannot be a native SLO: \(fault.what)",
                expected: fault.expected, hint: fault.hint)
        } catch {
            return .error(
                at: slo.position, "\(slo.service)/\(slo.name) cannot be written: \(error.what)",
                expected: error.expected)
        }
    }
}
