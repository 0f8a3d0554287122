import Model
import Query
import SLO
import Text

// Sloth: files of `version: prometheus/v1` (snake case) and `PrometheusServiceLevel` (camel case).
// Its own reader ignores keys that it does not know, so both spellings are met in both; where Sloth
// would ignore one, a warning says so.

/// Reads Sloth's SLOs.
struct SlothImporter {
    private let root: YAMLNode
    private let isResource: Bool
    private let windows: SlothWindows
    private var result = Imported()

    /// Reads one document.
    static func read(
        _ document: YAMLNode, isResource: Bool, windows: SlothWindows
    ) -> Imported {
        let root = isResource ? document["spec"] ?? document : document
        var importer = SlothImporter(root: root, isResource: isResource, windows: windows)
        importer.readAll()
        return importer.result
    }

    private mutating func readAll() {
        guard let service = root["service"]?.asString, !service.isEmpty else {
            result.refusals.append(
                .error(
                    at: root.place("service"), "this service level has no service",
                    expected: "\"service\" with a name"))
            return
        }
        let slos = root["slos"]?.elements ?? []
        if slos.isEmpty {
            result.refusals.append(
                .error(
                    at: root.place("slos"), "no SLO in this service level",
                    expected: "a list under \"slos\""))
        }
        for node in slos {
            do throws(Diagnostic) {
                result.slos.append(try read(node, service))
            } catch {
                result.refusals.append(error)
            }
        }
    }

    private mutating func read(
        _ node: YAMLNode, _ service: String
    ) throws(Diagnostic) -> NativeSLO {
        guard let name = node["name"]?.asString, !name.isEmpty else {
            throw .error(at: node.place("name"), "this SLO has no name", expected: "\"name\"")
        }
        guard let written = node["objective"]?.asString else {
            throw .error(
                at: node.place("objective"), "\(name) has no objective",
                expected: "a percentage such as 99.9")
        }
        guard let objective = Objective(percent: plainPercent(written)) else {
            throw .error(
                at: node.place("objective"), "the objective \(written) of \(name) leaves no budget",
                expected: "a percentage above 0 and below 100")
        }
        guard let indicator = node["sli"] else {
            throw .error(at: node.position, "\(name) has no sli", expected: "\"sli\"")
        }
        let shape = try sli(indicator, name)
        var slo = NativeSLO(
            service: service, name: name, objective: plainPercent(written),
            period: .rolling(windows.period), by: shape.by, sli: shape.sli,
            description: node["description"]?.asString, position: node.position)
        slo.differences = shape.differences
        plugins(node, &slo)
        alerting(node, &slo)
        SlothDifferences(objective, windows.period, shape, windows: windows.pairs).add(to: &slo)
        return slo
    }

    // MARK: SLI

    private func sli(_ node: YAMLNode, _ name: String) throws(Diagnostic) -> RatioShape {
        if let plugin = node["plugin"] {
            if let shape = try SlothPlugin.shape(plugin) { return shape }
            let id = plugin["id"]?.asString ?? ""
            throw .error(
                at: plugin.place("id"), "the SLI of \(name) is Go code, the plugin \"\(id)\"",
                expected: "\"events\" or \"raw\"",
                hint: "convert the rules that Sloth generates from it instead")
        }
        if let raw = node["raw"] {
            guard let query = raw.first("error_ratio_query", "errorRatioQuery") else {
                throw .error(
                    at: raw.position, "raw without a query", expected: "\"error_ratio_query\"")
            }
            let ratio = try WindowedQuery(query, needsWindow: true)
            return try RatioReading.ratio(ratio, isErrorRatio: true)
        }
        guard let events = node["events"] else {
            throw .error(
                at: node.position, "the SLI of \(name) has no kind",
                expected: "\"events\" or \"raw\"")
        }
        guard let bad = events.first("error_query", "errorQuery"),
            let total = events.first("total_query", "totalQuery")
        else {
            throw .error(
                at: events.position, "events without both queries",
                expected: "\"error_query\" and \"total_query\"")
        }
        let counted = try WindowedQuery(bad, needsWindow: true)
        return try RatioReading.counts(
            counted, isBad: true, total: WindowedQuery(total, needsWindow: true))
    }

    // MARK: Alerts

    private mutating func alerting(_ node: YAMLNode, _ slo: inout NativeSLO) {
        // Labels of the recording rules are on the alerts too: they come with the series.
        let series = (root["labels"]?.textPairs ?? []).merging(node["labels"]?.textPairs ?? [])
        let alerting = node["alerting"]
        let common = series.merging(alerting?["labels"]?.textPairs ?? [])
        let annotations = alerting?["annotations"]?.textPairs ?? []
        for index in slo.tiers.indices {
            let snake = "\(slo.tiers[index].name.rawValue)_alert"
            let camel = "\(slo.tiers[index].name.rawValue)Alert"
            let tier = alerting?.first(snake, camel)
            let ignored = isResource ? snake : camel
            if let found = alerting?[ignored] {
                result.warnings.append(
                    .warning(
                        at: found.position,
                        "Sloth ignores \"\(ignored)\" here; what it says is converted",
                        hint: "it reads \"\(isResource ? camel : snake)\""))
            }
            if tier?["disable"]?.asBool == true {
                slo.tiers[index].isEnabled = false
                continue
            }
            slo.tiers[index].labels = AlertNames.labels(
                common.merging(tier?["labels"]?.textPairs ?? []),
                alertName: alerting?["name"]?.asString)
            slo.tiers[index].annotations = AlertNames.annotations(
                annotations.merging(tier?["annotations"]?.textPairs ?? []), &slo.differences)
        }
    }

    private func plugins(_ node: YAMLNode, _ slo: inout NativeSLO) {
        let chains = [root.first("slo_plugins", "sloPlugins"), node.first("plugins")]
        for chain in chains {
            for plugin in chain?["chain"]?.elements ?? [] {
                guard let id = plugin["id"]?.asString, !id.contains("/core/") else { continue }
                add(Difference(.notes, Self.meaning(ofPlugin: id)), to: &slo.differences)
            }
        }
    }

    /// What becomes of an SLO plugin, which is Go code that rewrites Sloth's rules.
    private static func meaning(ofPlugin id: String) -> String {
        let name = id.split(separator: "/").dropLast().last.map(String.init) ?? id
        let what =
            switch name {
            case "denominator_corrected_rules":
                "it damped alerts of quiet hours; here the evidence test does"
            case "rule_intervals": "there are no rules to space out here"
            case "info_labels": "it only labelled an info series"
            case "validate_victoria_metrics": "it only checked the queries"
            case "remove_labels": "labels do not change what is counted here"
            default: "it may have changed the rules; look at what it did"
            }
        return "the SLO plugin \(id) is not run: \(what)"
    }
}
