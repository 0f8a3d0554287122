import Model
import SLO
import Text

// The native file of what was converted: one document a service, SLOs in the peer's order, what
// differs as comments where it differs. The same input gives the same bytes.

/// Writes native SLO files.
enum NativeWriter {
    /// The longest line of a comment, without its margin.
    private static let columnsMax = 76

    /// A file of these SLOs; `source` says where they come from.
    static func file(_ slos: [NativeSLO], source: String) -> String {
        var yaml = YAMLWriter()
        let common = commonDifferences(slos)
        var services: [String] = []
        for slo in slos where !services.contains(slo.service) { services.append(slo.service) }
        for (index, service) in services.enumerated() {
            yaml.document()
            if index == 0 {
                yaml.comment("Converted by `pitot convert` from \(source).")
                for difference in common { comment(difference, &yaml) }
            }
            yaml.member("apiVersion", "pitot/v1")
            yaml.member("kind", "SLOs")
            yaml.member("service", service)
            yaml.sequence("slos") { yaml in
                for slo in slos where slo.service == service { write(slo, common, &yaml) }
            }
        }
        return yaml.text
    }

    /// One SLO alone, as a reader would see it.
    static func alone(_ slo: NativeSLO) -> String { file([slo], source: "") }

    /// What holds for every SLO of a file is said once, at its top.
    private static func commonDifferences(_ slos: [NativeSLO]) -> [Difference] {
        guard slos.count > 1, let first = slos.first else { return [] }
        return first.differences.filter { difference in
            slos.allSatisfy { $0.differences.contains(difference) }
        }
    }

    private static func write(
        _ slo: NativeSLO, _ common: [Difference], _ yaml: inout YAMLWriter
    ) {
        for line in slo.description?.split(separator: "\n") ?? [] {
            for part in wrapped(String(line)) { yaml.comment(part) }
        }
        for topic in Difference.Topic.allCases {
            for difference in slo.differences
            where difference.topic == topic && !common.contains(difference) {
                comment(difference, &yaml)
            }
        }
        yaml.item { yaml in
            yaml.member("name", slo.name)
            yaml.member("objective", plain: slo.objective)
            switch slo.period {
            case .rolling(let span): yaml.member("period", plain: span.description)
            case .calendar(let unit, let zone):
                yaml.mapping("period") { yaml in
                    yaml.member("calendar", unit)
                    yaml.member("timeZone", zone)
                }
            }
            if !slo.by.isEmpty { yaml.member("by", flow: slo.by) }
            yaml.mapping("sli") { write(slo.sli, &$0) }
            write(slo.tiers, &yaml)
        }
    }

    private static func write(_ sli: NativeSLI, _ yaml: inout YAMLWriter) {
        switch sli {
        case .events(let counted, let selector, let total):
            yaml.mapping("events") { yaml in
                yaml.member(counted, selector)
                yaml.member("total", total)
            }
        case .latency(let histogram, let total, let below):
            yaml.mapping("latency") { yaml in
                yaml.member("histogram", histogram)
                if let total { yaml.member("total", total) }
                yaml.member("below", plain: below)
            }
        case .threshold(let metric, let op, let value):
            yaml.mapping("threshold") { yaml in
                yaml.member("metric", metric)
                yaml.member("op", op)
                yaml.member("value", plain: value)
            }
        case .query(let bad, let total):
            yaml.mapping("query") { yaml in
                yaml.member("bad", bad)
                yaml.member("total", total)
            }
        }
    }

    private static func write(_ tiers: [NativeTier], _ yaml: inout YAMLWriter) {
        let said = tiers.filter { tier in
            !tier.isEnabled || !tier.labels.isEmpty || !tier.annotations.isEmpty
                || !tier.pairs.isEmpty
        }
        guard !said.isEmpty else { return }
        yaml.mapping("alerts") { yaml in
            for tier in said {
                yaml.mapping(tier.name.rawValue) { yaml in
                    if !tier.isEnabled { yaml.member("enabled", plain: "false") }
                    if !tier.pairs.isEmpty { write(tier.pairs, &yaml) }
                    write("labels", tier.labels, &yaml)
                    write("annotations", tier.annotations, &yaml)
                }
            }
        }
    }

    private static func write(_ pairs: [PeerPair], _ yaml: inout YAMLWriter) {
        yaml.sequence("pairs") { yaml in
            for pair in pairs {
                yaml.item { yaml in
                    yaml.member("long", plain: pair.long.description)
                    yaml.member("short", plain: pair.short.description)
                    yaml.member("factor", plain: plainNumber(pair.factor))
                }
            }
        }
    }

    private static func write(_ key: String, _ pairs: [TextPair], _ yaml: inout YAMLWriter) {
        guard !pairs.isEmpty else { return }
        yaml.mapping(key) { yaml in
            for pair in pairs { yaml.member(pair.name, pair.value) }
        }
    }

    private static func comment(_ difference: Difference, _ yaml: inout YAMLWriter) {
        for (index, line) in wrapped("\(difference.topic.rawValue): \(difference.text)")
            .enumerated()
        {
            yaml.comment(index == 0 ? line : "  " + line)
        }
    }

    /// Lines of at most `columnsMax` characters, broken at spaces.
    static func wrapped(_ text: String) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty && line.count + word.count + 1 > columnsMax {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return lines + (line.isEmpty ? [] : [line])
    }
}
