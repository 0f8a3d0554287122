internal import Model
public import Text

extension RuleGroup {
    /// The selectors that stand more than once in the group's expressions, one of each in the order
    /// of their first places.
    public var sharedSelectors: [Selector] {
        var counts: [[Matcher]: Int] = [:]
        var found: [Selector] = []
        for rule in rules {
            for selector in rule.query.expression.selectors {
                counts[selector.matchers, default: 0] += 1
                if counts[selector.matchers] == 2 { found.append(selector) }
            }
        }
        return found
    }
}

extension Expression {
    /// All selectors in it, in order; the parser bounds the depth.
    public var selectors: [Selector] {
        switch self {
        case .vector(let node): [node.selector]
        case .matrix(let node): [node.vector.selector]
        default: children.flatMap(\.selectors)
        }
    }
}
