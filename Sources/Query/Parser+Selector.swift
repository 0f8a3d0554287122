internal import Model
internal import Text

extension Parser {
    /// Braces, or nothing when there is a name; the cursor stands behind the name.
    mutating func vectorSelector(name: String?, start: Int) throws(ParseError) -> Node {
        var matchers: [Matcher] = []
        var isNameInside = false
        if take(.leftBrace) {
            while next.kind != .rightBrace {
                let place = next.range
                let matcher = try matcher()
                if matcher.isBareName {
                    if name != nil || isNameInside {
                        throw error(
                            place,
                            "metric name must not be set twice: "
                                + "\"\(name ?? "")\" or \"\(matcher.matcher.value)\"")
                    }
                    isNameInside = true
                }
                matchers.append(matcher.matcher)
                guard take(.comma) else { break }
            }
            try expect(.rightBrace, "\",\" or \"}\"")
        }
        let range = SourceRange(start, previousEnd)
        if let name {
            if let other = matchers.first(where: { $0.name == Labels.metricName }) {
                throw error(
                    range,
                    "metric name must not be set twice: \"\(name)\" or \"\(other.value)\"")
            }
            matchers.append(Matcher(Labels.metricName, .equal, name))
        }
        guard matchers.count <= Selector.matchersMax else {
            throw error(range, "more than \(Selector.matchersMax) matchers in a selector")
        }
        let selector: Selector
        do throws(PatternError) {
            selector = try Selector(matchers)
        } catch {
            throw self.error(range, error.description)
        }
        // A selector that holds for no labels at all would select everything.
        if selector.matches(.empty) && !allowsEmptyMatchers {
            throw error(
                range, ParseError.emptySelector,
                hint: "{__name__=~\".+\"} selects every series")
        }
        return Node(.vector(VectorSelector(name: name, selector: selector, range: range)))
    }

    private mutating func matcher() throws(ParseError) -> (matcher: Matcher, isBareName: Bool) {
        let first = next
        let name: String
        switch first.kind {
        case .identifier where isPlainLabel(text(first)): name = text(first)
        case .string:
            let literal = try stringLiteral(first)
            guard let valid = String(validating: literal.bytes, as: UTF8.self), !valid.isEmpty
            else { throw error(first.range, "invalid label name \(goQuoted(literal.bytes))") }
            name = valid
        default: throw unexpected("a label name or \"}\"")
        }
        index += 1
        if first.kind == .string && (next.kind == .comma || next.kind == .rightBrace) {
            return (Matcher(Labels.metricName, .equal, name), true)
        }
        let op: Matcher.Operator
        switch next.kind {
        case .assign: op = .equal
        case .notEqual: op = .notEqual
        case .matches: op = .matches
        case .notMatches: op = .notMatches
        default: throw unexpected("one of \"=\", \"!=\", \"=~\" or \"!~\"")
        }
        index += 1
        guard next.kind == .string else { throw unexpected("a label value in quotes") }
        let value = try stringLiteral(next)
        index += 1
        return (Matcher(name, op, value.text), false)
    }

    // MARK: Behind a selector

    /// `[5m]` or `[5m:1m]`.
    mutating func bracket(_ node: Node) throws(ParseError) -> Node {
        index += 1
        let window = try bracketDuration()
        if take(.colon) {
            var step: DurationValue?
            if next.kind != .rightBracket { step = try bracketDuration() }
            try expect(.rightBracket, "\"]\"")
            let range = node.range.through(SourceRange(0, previousEnd))
            guard node.type == .vector else {
                throw error(
                    range,
                    "subquery is only allowed on instant vector, got \(node.type.documented)")
            }
            let subquery = Subquery(
                expression: node.expression, window: window, step: step, range: range)
            return try self.node(.subquery(subquery), over: node)
        }
        try expect(.rightBracket, "\"]\" or \":\"")
        let range = node.range.through(SourceRange(0, previousEnd))
        guard case .vector(let vector) = node.expression else {
            throw error(
                range, "ranges only allowed for vector selectors",
                hint: "a subquery has a colon: [5m:1m]")
        }
        guard vector.offset == nil else {
            throw error(range, "no offset modifiers allowed before range")
        }
        guard vector.at == nil else {
            throw error(range, "no @ modifiers allowed before range")
        }
        return try self.node(
            .matrix(MatrixSelector(vector: vector, window: window, range: range)), over: node)
    }

    mutating func offset(_ node: Node) throws(ParseError) -> Node {
        let place = next.range
        index += 1
        let value = try offsetDuration()
        return try modify(node, "offset", place) { offset, _ in
            if offset != nil { return false }
            offset = value
            return true
        }
    }

    mutating func atModifier(_ node: Node) throws(ParseError) -> Node {
        let place = next.range
        index += 1
        let value: AtModifier
        let word = keyword(next)
        if word == "start" || word == "end" {
            index += 1
            try expect(.leftParen, "\"()\"")
            try expect(.rightParen, "\")\"")
            value = word == "start" ? .start : .end
        } else {
            let isNegative = next.kind == .sub
            if isNegative || next.kind == .add { index += 1 }
            guard next.kind == .number || next.kind == .duration else {
                throw unexpected("a timestamp, start() or end()")
            }
            let literal = try numberLiteral(next)
            index += 1
            let seconds = isNegative ? -literal.value : literal.value
            guard abs(seconds) < 9.2e15 else {
                throw error(literal.range, "timestamp out of bounds for @ modifier: \(seconds)")
            }
            value = .time(Timestamp(millis: Int64((seconds * 1000).rounded())))
        }
        return try modify(node, "@", place) { _, at in
            if at != nil { return false }
            at = value
            return true
        }
    }

    /// Sets a modifier of what takes one. `change` says whether it was free.
    private func modify(
        _ node: Node, _ word: String, _ place: SourceRange,
        _ change: (inout DurationValue?, inout AtModifier?) -> Bool
    ) throws(ParseError) -> Node {
        var changed = node
        let isFree: Bool
        switch node.expression {
        case .vector(var vector):
            isFree = change(&vector.offset, &vector.at)
            vector.range.end = previousEnd
            changed.expression = .vector(vector)
        case .matrix(var matrix):
            isFree = change(&matrix.vector.offset, &matrix.vector.at)
            matrix.range.end = previousEnd
            changed.expression = .matrix(matrix)
        case .subquery(var subquery):
            isFree = change(&subquery.offset, &subquery.at)
            subquery.range.end = previousEnd
            changed.expression = .subquery(subquery)
        default:
            throw error(
                place,
                "\(word) modifier must be preceded by an instant vector selector or range vector "
                    + "selector or a subquery",
                hint: "write it behind the selector, within the parentheses")
        }
        guard isFree else { throw error(place, "\(word) may not be set multiple times") }
        return changed
    }
}
