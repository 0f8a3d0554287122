public import Model

extension Ledger {
    /// The past is counted too, from `time` on. Before any series was routed: routes tell since
    /// when.
    public mutating func count(since time: Timestamp) {
        for index in entries.indices { entries[index].since = min(entries[index].since, time) }
    }
}
