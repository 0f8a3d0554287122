// From matchers to series. Each matcher divides a label's values in those that behave as a missing
// label does and the *deviants*. If a missing label fails, the series must have a deviant value
// (the matcher is required); if it passes, the series must not (it excludes). So `a=""` excludes
// every value of `a`, and `a=~"x|"` all but x.
//
// The smallest required list is the base; without one it is every series. Each other matcher then
// filters it, in whichever way is cheaper by count: through the deviants' lists, or by looking at
// the label symbols of each candidate.
import Model
import Text

/// One selection on a state.
struct Selection {
    /// Looking at a candidate's symbols costs as much as decoding this many entries of a list.
    private static let lookCost = 32

    /// A matcher with what the state has of its label.
    private struct Part {
        let test: ValueTest
        let name: UInt32
        /// Symbols of the deviants, once they have been looked up.
        var deviants: [UInt32]?
        /// Entries in the deviants' lists; while unknown, the series that have the label.
        var entries: Int
    }

    private let state: IndexState

    init(_ state: IndexState) { self.state = state }

    /// The live series that satisfy every matcher, ascending.
    func numbers(_ matchers: [Matcher]) throws(PatternError) -> [UInt32] {
        var tests: [ValueTest] = []
        for matcher in matchers { tests.append(try ValueTest(matcher)) }
        var required: [Part] = []
        var excluding: [Part] = []
        for test in tests {
            guard let name = state.names.find(test.name.span, in: 0) else {
                if test.matchesEmpty { continue }
                return []
            }
            let part = part(test, name)
            if test.matchesEmpty {
                if part.deviants?.isEmpty != true { excluding.append(part) }
            } else {
                if part.deviants?.isEmpty == true { return [] }
                required.append(part)
            }
        }
        guard var list = base(&required) else { return [] }
        for part in required.sorted(by: { $0.entries < $1.entries }) + excluding {
            if list.isEmpty { break }
            filter(&list, part)
        }
        return list
    }

    private func part(_ test: ValueTest, _ name: UInt32) -> Part {
        var part = Part(
            test: test, name: name, entries: Int(state.nameEntry(name).seriesCount))
        if let listed = test.listedDeviants {
            let symbols = listed.compactMap { state.value($0.span, of: name) }
            // An expression may name a value twice.
            resolve(&part, symbols.count > 1 ? Array(Set(symbols)) : symbols)
        }
        return part
    }

    /// Takes the cheapest required part out of `required` and gives its live series; all series
    /// when none is required, nil when one of the required ones has no value.
    private func base(_ required: inout [Part]) -> [UInt32]? {
        // What every series has selects nothing.
        required.removeAll { part in
            part.test.isAboutPresence && part.entries == state.records.count
        }
        let known = required.lazy.filter { $0.deviants != nil }.map(\.entries).min() ?? .max
        for index in required.indices where required[index].deviants == nil {
            let values = Int(state.nameEntry(required[index].name).valueCount)
            if values > known { continue }
            resolve(&required[index])
            if required[index].deviants?.isEmpty == true { return nil }
        }
        guard let best = required.indices.min(by: { required[$0].entries < required[$1].entries })
        else {
            var all: [UInt32] = []
            all.reserveCapacity(state.records.count)
            state.records.forEachLive { all.append($0) }
            return all
        }
        var part = required.remove(at: best)
        if part.deviants == nil { resolve(&part) }
        let postings = (part.deviants ?? []).map { state.postings($0) }
        var list = NumberLists.union(postings)
        if postings.contains(where: { $0.dead > 0 }) {
            list.removeAll { !state.records.isLive($0) }
        }
        return list
    }

    private func filter(_ list: inout [UInt32], _ part: Part) {
        var part = part
        let keep = !part.test.matchesEmpty
        if part.test.isAboutPresence && part.entries == state.records.count {
            if !keep { list = [] }
            return
        }
        let values = Int(state.nameEntry(part.name).valueCount)
        if part.deviants == nil && values <= 2 * list.count { resolve(&part) }
        guard let deviants = part.deviants, part.entries <= Self.lookCost * list.count else {
            return look(&list, part, keep: keep)
        }
        if deviants.count == 1 {
            NumberLists.filter(&list, in: state.postings(deviants[0]), keep: keep)
        } else {
            let union = NumberLists.union(deviants.map { state.postings($0) })
            NumberLists.filter(&list, in: union, keep: keep)
        }
    }

    /// Filters by the candidates' own labels; each value is tested once.
    private func look(_ list: inout [UInt32], _ part: Part, keep: Bool) {
        var known: [UInt32: Bool] = [:]
        if let deviants = part.deviants {
            for symbol in deviants { known[symbol] = true }
        }
        list.removeAll { number in
            var deviates = false
            state.records.forEachSymbol(of: number) { symbol in
                if deviates || state.values.context(of: symbol) != part.name { return }
                if let answer = known[symbol] {
                    deviates = answer
                } else if part.deviants == nil {
                    deviates = self.deviates(symbol, part.test)
                    known[symbol] = deviates
                }
            }
            return deviates != keep
        }
    }

    private func resolve(_ part: inout Part) {
        var symbols: [UInt32] = []
        let isAll = part.test.isAboutPresence
        let test = part.test
        state.forEachValue(of: part.name) { symbol in
            if isAll || deviates(symbol, test) { symbols.append(symbol) }
        }
        resolve(&part, symbols)
    }

    private func resolve(_ part: inout Part, _ symbols: [UInt32]) {
        part.deviants = symbols
        part.entries = symbols.reduce(0) { $0 + state.seriesCount($1) }
    }

    private func deviates(_ symbol: UInt32, _ test: ValueTest) -> Bool {
        state.values.withBytes(of: symbol) { test.matches($0) != test.matchesEmpty }
    }
}
