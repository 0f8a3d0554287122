internal import Model
internal import Text

// Durations in brackets and behind `offset`: a literal, or with `promql-duration-expr` arithmetic
// on literals. Numbers are seconds. What an expression comes to is worked out here, once.

/// A duration expression while it is read.
struct DurationTerm {
    var seconds: Double
    var notation: String
    var isLiteral = false
    /// How its outermost operator binds; a literal or parentheses bind tightest.
    var precedence = 9
}

extension Parser {
    /// In brackets: more than nothing.
    mutating func bracketDuration() throws(ParseError) -> DurationValue {
        let start = next.range.start
        let value = try duration(try durationExpression(1, 0), from: start)
        guard value.span > .zero else {
            throw error(SourceRange(start, previousEnd), "duration must be greater than 0")
        }
        return value
    }

    /// Behind `offset`: a literal with or without a sign, or an expression in parentheses, since
    /// `offset 5m + x` adds x to the vector.
    mutating func offsetDuration() throws(ParseError) -> DurationValue {
        let sign = next
        let isNegative = sign.kind == .sub
        if isNegative || sign.kind == .add { index += 1 }
        var term = try durationPrimary(0)
        if isNegative {
            term.seconds = -term.seconds
            term.notation = "-" + term.notation
        }
        return try duration(term, from: sign.range.start)
    }

    private func duration(
        _ term: DurationTerm, from start: Int
    ) throws(ParseError) -> DurationValue {
        let range = SourceRange(start, previousEnd)
        // As many nanoseconds as fit 63 bits.
        guard abs(term.seconds) < 9_223_372_036 else {
            throw error(range, "duration out of range")
        }
        if !term.isLiteral && !features.durationExpressions {
            throw error(
                range, "duration expressions are not enabled", expected: "a duration such as 5m",
                hint: "--enable-feature=promql-duration-expr")
        }
        let millis = (term.seconds * 1000).rounded(.toNearestOrAwayFromZero)
        return DurationValue(
            span: TimeSpan(millis: Int64(millis)), notation: term.isLiteral ? nil : term.notation)
    }

    private mutating func durationExpression(
        _ precedence: Int, _ depth: Int
    ) throws(ParseError) -> DurationTerm {
        guard depth <= Self.depthMax else { throw tooDeep(next.range) }
        var left: DurationTerm
        if next.kind == .sub || next.kind == .add {
            let isNegative = next.kind == .sub
            index += 1
            let operand = try durationExpression(3, depth + 1)
            left = operand
            left.seconds = isNegative ? -operand.seconds : operand.seconds
            left.notation = (isNegative ? "-" : "+") + operand.notation
            left.isLiteral = false
            left.precedence = 3
        } else {
            left = try durationPrimary(depth)
        }
        while let (symbol, tightness) = durationOperator(next.kind), tightness >= precedence {
            let place = next.range
            index += 1
            let right = try durationExpression(
                symbol == "^" ? tightness : tightness + 1, depth + 1)
            let isDivision = symbol == "/" || symbol == "%"
            if isDivision && right.seconds == 0 {
                throw error(place, symbol == "/" ? "division by zero" : "modulo by zero")
            }
            left = DurationTerm(
                seconds: durationResult(symbol, left.seconds, right.seconds),
                notation: "\(left.notation) \(symbol) \(right.notation)",
                precedence: tightness)
        }
        return left
    }

    private func durationOperator(_ kind: TokenKind) -> (String, Int)? {
        switch kind {
        case .add: ("+", 1)
        case .sub: ("-", 1)
        case .mul: ("*", 2)
        case .div: ("/", 2)
        case .mod: ("%", 2)
        case .pow: ("^", 3)
        default: nil
        }
    }

    private func durationResult(_ symbol: String, _ left: Double, _ right: Double) -> Double {
        switch symbol {
        case "+": left + right
        case "-": left - right
        case "*": left * right
        case "/": left / right
        case "%": left.truncatingRemainder(dividingBy: right)
        default: power(left, right)
        }
    }

    private mutating func durationPrimary(_ depth: Int) throws(ParseError) -> DurationTerm {
        let first = next
        switch first.kind {
        case .number, .duration:
            index += 1
            let literal = try numberLiteral(first)
            let notation =
                literal.isDuration ? durationNotation(literal.value) : goNumber(literal.value)
            return DurationTerm(seconds: literal.value, notation: notation, isLiteral: true)
        case .leftParen:
            index += 1
            guard depth <= Self.depthMax else { throw tooDeep(first.range) }
            var inner = try durationExpression(1, depth + 1)
            try expect(.rightParen, "\")\"")
            inner.notation = "(" + inner.notation + ")"
            inner.isLiteral = false
            inner.precedence = 9
            return inner
        default: throw unexpected("a duration such as 5m")
        }
    }
}
