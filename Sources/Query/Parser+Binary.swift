internal import Model

/// What stands between an operator and its right side.
struct OperatorModifiers {
    var returnsBool = false
    /// Nil when neither `on` nor `ignoring` was written.
    var matching: VectorMatching?
    var range = SourceRange(0, 0)
    /// Whether a grouping was written.
    var hasGroup = false
}

extension Parser {
    mutating func operatorModifiers(_ op: BinaryOperator) throws(ParseError) -> OperatorModifiers {
        var modifiers = OperatorModifiers()
        modifiers.range = next.range
        if keyword(next) == "bool" {
            guard op.isComparison else {
                throw error(
                    next.range, "bool modifier can only be used on comparison operators")
            }
            index += 1
            modifiers.returnsBool = true
        }
        let word = keyword(next)
        guard word == "on" || word == "ignoring", token(after: 1).kind == .leftParen else {
            return modifiers
        }
        index += 1
        var matching = VectorMatching()
        matching.isOn = word == "on"
        matching.labels = try labelList()
        let side = keyword(next)
        if side == "group_left" || side == "group_right" {
            if op.isSetOperator {
                throw error(
                    next.range, "no grouping allowed for \"\(op.rawValue)\" operation")
            }
            index += 1
            modifiers.hasGroup = true
            matching.cardinality = side == "group_left" ? .manyToOne : .oneToMany
            if next.kind == .leftParen { matching.include = try labelList() }
            if matching.isOn, let both = matching.include.first(where: matching.labels.contains) {
                throw error(
                    modifiers.range,
                    "label \"\(both)\" must not occur in ON and GROUP clause at once")
            }
        }
        modifiers.range = modifiers.range.through(SourceRange(0, previousEnd))
        modifiers.matching = matching
        return modifiers
    }

    func binary(
        _ op: BinaryOperator, _ modifiers: OperatorModifiers, _ left: Node, _ right: Node
    ) throws(ParseError) -> Node {
        for side in [left, right] where side.type != .scalar && side.type != .vector {
            throw error(
                side.range, "binary expression must contain only scalar and instant vector types",
                hint: side.type == .matrix ? "did you forget rate() or another function?" : nil)
        }
        let range = left.range.through(right.range)
        let isBothVectors = left.type == .vector && right.type == .vector
        if op.isComparison && !modifiers.returnsBool && left.type == .scalar
            && right.type == .scalar
        {
            throw error(
                range, "comparisons between scalars must use BOOL modifier",
                hint: "write \(op.rawValue) bool")
        }
        if op.isSetOperator && !isBothVectors {
            throw error(
                range, "set operator \"\(op.rawValue)\" not allowed in binary scalar expression")
        }
        if !isBothVectors, let matching = modifiers.matching,
            !matching.labels.isEmpty || modifiers.hasGroup
        {
            throw error(
                modifiers.range, "vector matching only allowed between instant vectors")
        }
        var matching = isBothVectors ? modifiers.matching ?? VectorMatching() : nil
        if op.isSetOperator { matching?.cardinality = .manyToMany }
        let expression = BinaryExpression(
            op: op, left: left.expression, right: right.expression, matching: matching,
            returnsBool: modifiers.returnsBool, range: range)
        return try node(.binary(expression), over: left, right)
    }

    /// `(a, "b.c", d)`; may be empty, may end with a comma.
    mutating func labelList() throws(ParseError) -> [String] {
        try expect(.leftParen, "\"(\"")
        var labels: [String] = []
        while next.kind != .rightParen {
            switch next.kind {
            case .identifier where isPlainLabel(text(next)): labels.append(text(next))
            case .string:
                let literal = try stringLiteral(next)
                guard let name = String(validating: literal.bytes, as: UTF8.self), !name.isEmpty
                else { throw error(next.range, "invalid label name \(goQuoted(literal.bytes))") }
                labels.append(name)
            default: throw unexpected("a label name or \")\"")
            }
            index += 1
            guard take(.comma) else { break }
        }
        try expect(.rightParen, "\",\" or \")\"")
        return labels
    }

    /// Without the colons that metric names may have.
    func isPlainLabel(_ name: String) -> Bool { !name.utf8.contains(UInt8(ascii: ":")) }
}
