import Model
import Text

@testable import Storage

/// What an index should say, worked out from a dictionary by looking at every series.
struct IndexModel {
    var labels: [SeriesID: [String: String]] = [:]
    var end: UInt32 = 0

    mutating func add(_ pairs: [String: String]) -> SeriesID {
        if let known = labels.first(where: { $0.value == pairs })?.key { return known }
        let id = SeriesID(end)
        end += 1
        labels[id] = pairs
        return id
    }

    func select(_ matchers: [Matcher]) throws -> [SeriesID] {
        let tests = try matchers.map { ($0, try Pattern($0.value)) }
        return labels.filter { _, pairs in
            tests.allSatisfy { matcher, pattern in
                let value = pairs[matcher.name] ?? ""
                switch matcher.op {
                case .equal: return value == matcher.value
                case .notEqual: return value != matcher.value
                case .matches: return pattern.matches(value)
                case .notMatches: return !pattern.matches(value)
                }
            }
        }.keys.sorted()
    }

    func labelNames(_ matchers: [Matcher]) throws -> [String] {
        Set(try select(matchers).flatMap { labels[$0].map { Array($0.keys) } ?? [] }).sorted()
    }

    func labelValues(_ name: String, _ matchers: [Matcher]) throws -> [String] {
        Set(try select(matchers).compactMap { labels[$0]?[name] }).sorted()
    }
}

/// Random labels and matchers of few names and values, so that everything meets.
struct IndexWorld {
    var random: SplitMix64
    private let names = ["__name__", "job", "pod", "le", "zone"]
    private let values = ["a", "b", "ab", "abc", "b.c", "", "x-1", "x-2", "ü", "üb", "1.0"]
    private let expressions = [
        "a", "a|b", "(a|b|)", "(?:ab|x-1)", ".*", ".+", "", "a.*", "a.+", ".*b", ".+b", ".*b.*",
        ".+b.+", "x-[0-9]", "x-.", "a?", "ab*", "üb*", "b\\.c", "b.c", "(?i)A", "[ab]+", "a.*|x.+",
        "^a$", "a$|b", "()", "(a)(b)", "(a|b)(c|)", "a||b", "x\\-1", "ü+", "a{2}", "ab{0}", ".",
        "..", ".*.*", ".+.*", ".*|a", "\\d\\.\\d", "a.*c", "(.*)", "(?:.+)",
    ]

    init(_ seed: UInt64) { random = SplitMix64(seed) }

    mutating func pick<Element>(_ list: [Element]) -> Element {
        list[Int.random(in: 0..<list.count, using: &random)]
    }

    /// Labels without empty values; now and then a name or value of its own, which will be freed.
    mutating func labels() -> [String: String] {
        var pairs: [String: String] = [:]
        for name in names where Bool.random(using: &random) {
            let value = pick(values)
            if !value.isEmpty { pairs[name] = value }
        }
        let own = Int.random(in: 0..<200, using: &random)
        if own < 60 { pairs["pod"] = "pod-\(own)" + String(repeating: "y", count: own) }
        if own == 7 { pairs["rare"] = "z" }
        return pairs
    }

    mutating func matcher() -> Matcher {
        let name = pick(names + ["none", "rare"])
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return Matcher(name, .equal, pick(values + ["pod-3yyy"]))
        case 1: return Matcher(name, .notEqual, pick(values))
        case 2: return Matcher(name, .matches, pick(expressions + ["pod-.*", "pod-1[0-9]y*"]))
        default: return Matcher(name, .notMatches, pick(expressions + ["pod-.+", "pod-[0-9]+y*"]))
        }
    }

    mutating func matchers() -> [Matcher] {
        (0..<Int.random(in: 0...4, using: &random)).map { _ in matcher() }
    }
}

extension Labels {
    init(_ pairs: [String: String]) { self.init(pairs.map { ($0.key, $0.value) }) }
}
