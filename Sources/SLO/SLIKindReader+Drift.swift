import Model
import Text

// The share of clean windows of a model under watch. The agent counts windows as series of its own,
// so this is an events SLI whose selectors nobody has to write. Windows of too few rows are in
// neither: no data.

extension SLIKindReader {
    /// `drift: {model: credit, namespace: bank, endpoint: canary, version: "3"}`.
    mutating func readDrift() -> EventSLI? {
        var fields = FieldReader(node, of: "drift")
        var matchers: [String] = []
        if let model = fields.string("model") { matchers.append("model=" + quoted(model)) }
        for key in ["namespace", "endpoint", "version"] {
            if let value = fields.optionalString(key) {
                matchers.append(key + "=" + quoted(value))
            }
        }
        diagnostics += fields.finish()
        let name = "pitot_drift_windows_total{" + matchers.joined(separator: ",")
        do throws(Diagnostic) {
            return EventSLI(
                counted: .good,
                selector: try Selector.parse(name + ",result=\"clean\"}", at: node.textPosition),
                total: try Selector.parse(
                    name + ",result=~\"clean|drifted\"}", at: node.textPosition))
        } catch {
            diagnostics.append(error)
            return nil
        }
    }
}
