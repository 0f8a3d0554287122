import Model
import Testing
import Text

@testable import SLO

/// What a file of maintenance windows or adjustments holds.
func corrections(_ yaml: String) -> CorrectionFile {
    do throws(Diagnostic) {
        guard let document = try YAML.parse(Array(yaml.utf8), file: "fix.yaml").first else {
            return CorrectionFile()
        }
        return CorrectionReader.read(document, zones: allZones)
    } catch {
        var file = CorrectionFile()
        file.diagnostics = [error]
        return file
    }
}

/// A file with one maintenance window of all groups of the SLO; `more` replaces its times.
func maintenance(
    _ from: Double, _ to: Double, name: String = "upgrade", events: String = "excluded",
    slo: String = "service: recommender"
) -> String {
    maintenance(
        ["from: \(at(from).rfc3339)", "to: \(at(to).rfc3339)"], name: name, events: events,
        slo: slo)
}

func maintenance(
    _ times: [String], name: String = "upgrade", events: String = "excluded",
    slo: String = "service: recommender"
) -> String {
    let lines =
        [
            "apiVersion: pitot/v1", "kind: Maintenance", "maintenance:", "  - name: \(name)",
            "    who: jana@example.com", "    why: PostgreSQL 17", "    events: \(events)",
            "    slos: [{\(slo)}]",
        ] + times.map { "    " + $0 }
    return lines.joined(separator: "\n") + "\n"
}

func adjustment(
    _ seconds: Double, good: Double = 0, bad: Double = 0, name: String = "credit",
    slo: String = "service: recommender"
) -> String {
    """
    apiVersion: pitot/v1
    kind: Adjustment
    adjustments:
      - name: \(name)
        who: omar@example.com
        why: the load test counted as users
        at: \(at(seconds).rfc3339)
        good: \(good)
        bad: \(bad)
        slo: {\(slo)}

    """
}

func all(_ files: String...) -> Corrections {
    var found = Corrections()
    for text in files {
        let file = corrections(text)
        #expect(file.diagnostics.isEmpty, "\(file.diagnostics)")
        found.maintenance += file.corrections.maintenance
        found.adjustments += file.corrections.adjustments
    }
    return found
}
