import Text

/// What a document is, by the words in which it says so.
enum DocumentKind {
    case slothFile
    case slothResource
    case pyrra
    case openSLO(OpenSLOObject)
    case rules
    /// Sloth's alert windows: no SLO, but of some.
    case alertWindows
    /// Nothing that is converted, and why.
    case foreign(Diagnostic)

    init(_ document: YAMLNode) {
        let version = document["apiVersion"]?.asString ?? ""
        let kind = document["kind"]?.asString ?? ""
        if let sloth = document["version"]?.asString, sloth.hasPrefix("prometheus/") {
            self =
                sloth == "prometheus/v1"
                ? .slothFile
                : .foreign(
                    .error(
                        at: document.place("version"), "Sloth's version \"\(sloth)\" is not known",
                        expected: "prometheus/v1"))
        } else if version.hasPrefix("sloth.slok.dev/"), kind == "PrometheusServiceLevel" {
            self = .slothResource
        } else if version.hasPrefix("sloth.slok.dev/"), kind == "AlertWindows" {
            self = .alertWindows
        } else if kind == "ServiceLevelObjective" {
            self = .pyrra
        } else if let object = OpenSLOObject(document) {
            self = .openSLO(object)
        } else if PeerRules.recognizes(document) {
            self = .rules
        } else {
            self = .foreign(Self.refusal(document, version, kind))
        }
    }

    /// Whose notation it is.
    var peer: Peer {
        switch self {
        case .slothFile, .slothResource, .alertWindows: .sloth
        case .pyrra: .pyrra
        case .openSLO: .openslo
        case .rules: .rules
        case .foreign: .other
        }
    }

    private static func refusal(
        _ document: YAMLNode, _ version: String, _ kind: String
    ) -> Diagnostic {
        let expected = "an SLO of Sloth, Pyrra or OpenSLO, or burn-rate rules"
        if version == "pitot/v1" {
            return .error(
                at: document.position, "this is a native SLO file already", expected: expected)
        }
        if kind == "CustomResourceDefinition" {
            return .error(
                at: document.position, "this is the schema of a resource, not one",
                expected: expected)
        }
        if document["tests"] != nil && document["rule_files"] != nil {
            return .error(
                at: document.position, "this is a unit test of rules", expected: expected,
                hint: "convert the rules it names")
        }
        let what = kind.isEmpty ? "this document says of no SLO" : "a \(kind) is no SLO"
        return .error(at: document.position, what, expected: expected)
    }
}

extension NativeSLI {
    /// The key of its kind.
    var kind: String {
        switch self {
        case .events: "events"
        case .latency: "latency"
        case .threshold: "threshold"
        case .query: "query"
        }
    }
}
