internal import Model
internal import Text

// Ten thousand alerts may be looked at in one flush, against two thousand silences. A silence that
// asks for a value of a label is only tried on alerts that have it; most name one.

/// The silences of one moment.
struct ActiveSilences: Sendable {
    private struct Entry: Sendable {
        let id: String
        let selector: Selector
    }

    private var entries: [Entry] = []
    /// Places of those that ask for a value, by label and value.
    private var byValue: [String: [String: [Int]]] = [:]
    /// Places of all others.
    private var others: [Int] = []

    var isEmpty: Bool { entries.isEmpty }

    mutating func add(_ silence: Silence, _ selector: Selector?) {
        // One whose expressions do not compile was refused when it was set.
        guard let selector else { return }
        let place = entries.count
        entries.append(Entry(id: silence.id, selector: selector))
        let equal = silence.matchers.first { $0.op == .equal && !$0.value.isEmpty }
        if let equal {
            byValue[equal.name, default: [:]][equal.value, default: []].append(place)
        } else {
            others.append(place)
        }
    }

    /// The identities of those that match, sorted.
    func silencing(_ labels: Labels) -> [String] {
        if entries.isEmpty { return [] }
        return candidates(labels).filter { entries[$0].selector.matches(labels) }
            .map { entries[$0].id }.sorted()
    }

    /// Whether one matches.
    func silences(_ labels: Labels) -> Bool {
        if entries.isEmpty { return false }
        return candidates(labels).contains { entries[$0].selector.matches(labels) }
    }

    private func candidates(_ labels: Labels) -> [Int] {
        if byValue.isEmpty { return others }
        var found = others
        for (name, values) in byValue {
            if let value = labels[name], let places = values[value] { found += places }
        }
        return found
    }
}
