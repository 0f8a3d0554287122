public import Model

// Labels without making text of them: what counts a million series needs numbers, not strings.

extension SeriesIndex {
    /// For each live series the symbols of two labels' values, nil where it lacks the label.
    /// Symbols mean the same as long as the index is not changed; `text(of:)` gives their bytes.
    /// O(labels).
    public func forEachSymbols(
        of first: String, _ second: String,
        _ body: (SeriesID, UInt32?, UInt32?) -> Void
    ) {
        let view = snapshot()
        let firstName = view.nameSymbol(first)
        let secondName = view.nameSymbol(second)
        for number in 0..<end.index where isLive(SeriesID(number)) {
            var found: (UInt32?, UInt32?)
            view.state.records.forEachSymbol(of: number) { value in
                let name = view.state.values.context(of: value)
                if name == firstName { found.0 = value }
                if name == secondName { found.1 = value }
            }
            body(SeriesID(number), found.0, found.1)
        }
    }

    /// The text of a value's symbol.
    public func text(of symbol: UInt32) -> String {
        String(decoding: snapshot().state.values.bytes(of: symbol), as: UTF8.self)
    }
}

extension SeriesIndexSnapshot {
    fileprivate func nameSymbol(_ name: String) -> UInt32? {
        let bytes = Array(name.utf8)
        return state.names.find(bytes.span, in: 0)
    }
}
