public import Model
public import Text

/// An index as it was at one moment, for any thread. Holding it keeps the pages that have changed
/// since.
public struct SeriesIndexSnapshot: Sendable {
    let state: IndexState

    init(_ state: IndexState) { self.state = state }

    /// Series that are there.
    public var count: Int { state.records.count }
    /// The number after the last that was used.
    public var end: SeriesID { SeriesID(state.records.end) }

    public func isLive(_ id: SeriesID) -> Bool { state.records.isLive(id.index) }

    /// A live series' labels; of any other number the empty set. O(bytes), one allocation.
    public func labels(of id: SeriesID) -> Labels { state.labels(of: id.index) }

    /// The checkpoint of this state, to be produced section by section.
    public func sections() -> IndexSections { IndexSections(state) }
}

// MARK: Questions

extension SeriesIndexSnapshot {
    /// The series that satisfy every matcher, ascending; all of them for no matcher.
    ///
    /// Prometheus' semantics: a label that a series does not have is the empty value; expressions
    /// match whole values. Throws when RE2 refuses an expression. A matcher that one list answers
    /// costs about 2 ns a series of it; an expression also costs its values.
    public func select(_ matchers: [Matcher]) throws(PatternError) -> [SeriesID] {
        try Selection(state).numbers(matchers).map { SeriesID($0) }
    }

    /// The label names of the series that satisfy every matcher, in byte order.
    public func labelNames(matching matchers: [Matcher] = []) throws(PatternError) -> [String] {
        if !matchers.isEmpty { return labelNames(of: try select(matchers)) }
        var found: [UInt32] = []
        for name in 0..<state.names.numbers where state.names.references(UInt32(name)) > 0 {
            found.append(UInt32(name))
        }
        return sorted(found, state.names)
    }

    /// The label names of some live series, in byte order. O(labels).
    public func labelNames(of ids: [SeriesID]) -> [String] {
        var isFound = [Bool](repeating: false, count: state.values.numbers)
        var names: Set<UInt32> = []
        for id in ids {
            state.records.forEachSymbol(of: id.index) { value in
                if isFound[Int(value)] { return }
                isFound[Int(value)] = true
                names.insert(state.values.context(of: value))
            }
        }
        return sorted(Array(names), state.names)
    }

    /// The values that a label has among the series that satisfy every matcher, in byte order.
    public func labelValues(
        _ name: String, matching matchers: [Matcher] = []
    ) throws(PatternError) -> [String] {
        // Expressions are checked even if nobody has the label.
        let ids = matchers.isEmpty ? nil : try select(matchers)
        if let ids, ids.count < count { return labelValues(name, of: ids) }
        var found: [UInt32] = []
        if let symbol = state.names.find(Array(name.utf8).span, in: 0) {
            state.forEachValue(of: symbol) { found.append($0) }
        }
        return sorted(found, state.values)
    }

    /// The values that a label has among some live series, in byte order. O(labels).
    public func labelValues(_ name: String, of ids: [SeriesID]) -> [String] {
        guard let symbol = state.names.find(Array(name.utf8).span, in: 0) else { return [] }
        var found: [UInt32] = []
        var isFound = [Bool](repeating: false, count: state.values.numbers)
        for id in ids {
            state.records.forEachSymbol(of: id.index) { value in
                if isFound[Int(value)] { return }
                isFound[Int(value)] = true
                if state.values.context(of: value) == symbol { found.append(value) }
            }
        }
        return sorted(found, state.values)
    }

    private func sorted(_ symbols: [UInt32], _ table: SymbolTable) -> [String] {
        let texts = symbols.map { table.bytes(of: $0) }
        return texts.sorted { $0.lexicographicallyPrecedes($1) }
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

extension SeriesIndex {
    /// As of a snapshot.
    public func select(_ matchers: [Matcher]) throws(PatternError) -> [SeriesID] {
        try snapshot().select(matchers)
    }

    /// As of a snapshot.
    public func labelNames(matching matchers: [Matcher] = []) throws(PatternError) -> [String] {
        try snapshot().labelNames(matching: matchers)
    }

    /// As of a snapshot.
    public func labelValues(
        _ name: String, matching matchers: [Matcher] = []
    ) throws(PatternError) -> [String] {
        try snapshot().labelValues(name, matching: matchers)
    }
}
