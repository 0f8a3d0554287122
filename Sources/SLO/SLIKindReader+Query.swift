import Text

extension SLIKindReader {
    /// The texts alone: that they are PromQL is found out where queries are known.
    mutating func readQuery() -> QuerySLI? {
        var fields = FieldReader(node, of: "query")
        let bad = fields.optionalString("bad")
        let good = fields.optionalString("good")
        let total = fields.string("total")
        if (bad == nil) == (good == nil) {
            fields.fail(
                at: node,
                bad == nil ? "a query without \"bad\" or \"good\"" : "both \"bad\" and \"good\"",
                expected: "exactly one of \"bad\" and \"good\", beside \"total\"")
        }
        let found = fields.finish()
        diagnostics += found
        guard let counted = bad ?? good, let total,
            !found.contains(where: { $0.severity == .error })
        else { return nil }
        return QuerySLI(counted: bad == nil ? .good : .bad, query: counted, total: total)
    }
}
