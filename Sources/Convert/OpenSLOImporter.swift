import Model
import Query
import SLO
import Text

// OpenSLO says what to measure and leaves how to whoever computes it; so the differences are to its
// text. Each objective becomes an SLO of its own.

/// Reads one OpenSLO `SLO` with what it refers to.
struct OpenSLOImporter {
    let object: OpenSLOObject
    var catalog: OpenSLOCatalog
    var warnings: [Diagnostic] = []
    var differences: [Difference] = []

    /// Reads one object of kind SLO; the catalog notes what it used.
    static func read(_ object: OpenSLOObject, _ catalog: inout OpenSLOCatalog) -> Imported {
        var result = Imported()
        var importer = OpenSLOImporter(object: object, catalog: catalog)
        do throws(Diagnostic) {
            let base = try importer.base()
            let objectives = object.spec["objectives"]?.elements ?? []
            if objectives.isEmpty {
                throw .error(
                    at: object.spec.place("objectives"), "\(object.name) has no objectives",
                    expected: "a list under \"objectives\"")
            }
            for (index, node) in objectives.enumerated() {
                do throws(Diagnostic) {
                    result.slos.append(try importer.read(node, index, objectives, base))
                } catch {
                    result.refusals.append(error)
                }
            }
            importer.tellOfComposite(result.slos, objectives)
        } catch {
            result.refusals.append(error)
        }
        result.warnings = importer.warnings
        catalog = importer.catalog
        return result
    }

    private init(object: OpenSLOObject, catalog: OpenSLOCatalog) {
        self.object = object
        self.catalog = catalog
    }

    private mutating func base() throws(Diagnostic) -> NativeSLO {
        let spec = object.spec
        guard let service = spec.first("service", "serviceRef")?.asString, !service.isEmpty else {
            throw .error(
                at: spec.place("service", "serviceRef"), "\(object.name) has no service",
                expected: "\"service\" with a name")
        }
        guard !object.name.isEmpty else {
            throw .error(
                at: object.node.place("metadata"), "this SLO has no name",
                expected: "metadata.name")
        }
        var slo = NativeSLO(
            service: service, name: object.name, objective: "",
            sli: .query(bad: "", total: ""), description: spec["description"]?.asString,
            position: object.node.position)
        var window = OpenSLOWindow(object)
        slo.period = try window.read()
        differences += window.differences
        var alerts = OpenSLOAlerts(object)
        slo.tiers = try alerts.read(&catalog)
        differences += alerts.differences
        warnings += alerts.warnings
        return slo
    }

    private mutating func read(
        _ node: YAMLNode, _ index: Int, _ all: [YAMLNode], _ base: NativeSLO
    ) throws(Diagnostic) -> NativeSLO {
        var slo = base
        slo.position = node.position
        slo.differences = differences
        slo.objective = try target(node)
        if all.count > 1 { slo.name += "-" + suffix(index, all) }
        var reader = OpenSLOIndicator(object, node)
        let shape = try reader.read(&catalog)
        slo.sli = shape.sli
        slo.by = shape.by
        slo.differences += shape.differences
        return slo
    }

    /// Objectives with indicators of their own are the parts of a composite: each is an SLO here.
    /// OpenSLO gives the whole weights and no target, so what it should be is a person's to say.
    private mutating func tellOfComposite(_ parts: [NativeSLO], _ objectives: [YAMLNode]) {
        let isComposite = objectives.contains {
            $0.first("indicator", "indicatorRef", "sli", "sliRef") != nil
        }
        guard isComposite, parts.count > 1 else { return }
        let isJoint = object.spec["budgetingMethod"]?.asString == "Timeslices"
        let members = zip(parts, objectives).map { part, node in
            let weight = node["compositeWeight"]?.asString ?? "1"
            let key = "slo: \(part.service)/\(part.name)"
            return isJoint || weight == "1" ? "{\(key)}" : "{\(key), weight: \(weight)}"
        }
        let mode = isJoint ? "joint" : "weighted"
        warnings.append(
            .warning(
                at: object.node.position,
                "\(object.name) is a composite: its \(parts.count) objectives are SLOs of their "
                    + "own here, and the whole is not converted, for OpenSLO gives it no target",
                hint: "for the whole write an SLO with `objective:` as you want it and `sli: "
                    + "{composite: {mode: \(mode), of: [\(members.joined(separator: ", "))]}}`"))
    }

    private func target(_ node: YAMLNode) throws(Diagnostic) -> String {
        let written = node["target"]?.asString
        let text = written.flatMap(percent(ofRatio:)) ?? node["targetPercent"]?.asString
        guard let text else {
            throw .error(
                at: node.place("target", "targetPercent"), "this objective has no target",
                expected: "a share such as 0.999")
        }
        guard Objective(percent: plainPercent(text)) != nil else {
            throw .error(
                at: node.place("target", "targetPercent"),
                "the target \(written ?? text) leaves no budget",
                expected: "a share above 0 and below 1, such as 0.999")
        }
        return plainPercent(text)
    }

    /// From what an objective is called when that tells them apart, else its number.
    private func suffix(_ index: Int, _ all: [YAMLNode]) -> String {
        let names = all.map { slug($0["displayName"]?.asString ?? "") }
        let isTelling = !names.contains("") && Set(names).count == names.count
        return isTelling ? names[index] : String(index)
    }
}

/// Lower-case letters and digits with dashes between.
func slug(_ text: String) -> String {
    let words = text.lowercased().split {
        !($0.isASCII && ($0.isLetter || $0.isNumber))
    }
    return words.joined(separator: "-")
}
