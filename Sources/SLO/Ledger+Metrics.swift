extension Ledger {
    /// Whether an SLO may count series of this metric.
    public func reads(metric: String) -> Bool {
        entriesByMetric[metric] != nil || !entriesOfAnyMetric.isEmpty
    }
}
