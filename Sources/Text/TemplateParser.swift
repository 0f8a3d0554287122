/// A parsed template with the templates it defines. Immutable; run it any number of times.
public struct Template: Sendable {
    /// As errors name it.
    public let name: String
    let source: TemplateLexer
    var root: [TemplateNode] = []
    var defined: [String: TemplateDefinition] = [:]
    let limits: TemplateLimits

    /// Parses `text`. `functions` are the names it may call; what `library` defines it may run,
    /// unless it defines the same name itself. O(bytes).
    public init(
        parsing text: String, name: String, functions: TemplateFunctions,
        library: Template? = nil, limits: TemplateLimits = TemplateLimits()
    ) throws(TemplateError) {
        self.name = name
        self.limits = limits
        source = TemplateLexer(text, name: name)
        guard text.utf8.count <= limits.sourceBytesMax else {
            throw source.fault("template is longer than \(limits.sourceBytesMax) bytes", at: 0)
        }
        var lexer = source
        var parser = TemplateParser(
            lexer: source, pieces: try lexer.pieces(), functions: functions, limits: limits)
        let (body, end) = try parser.block(depth: 0, inRange: false)
        guard case .file = end else {
            throw source.fault("unexpected {{\(end.word)}}", at: parser.at)
        }
        root = body
        defined = library?.defined ?? [:]
        for (name, nodes) in parser.defined {
            defined[name] = TemplateDefinition(nodes: nodes, source: source)
        }
    }

    /// The names of the templates it can run, sorted.
    public var definedNames: [String] { defined.keys.sorted() }
}

/// A template that another one can run, and the text it comes from.
struct TemplateDefinition: Sendable {
    let nodes: [TemplateNode]
    let source: TemplateLexer
}

/// What a block ended with.
private enum BlockEnd {
    case file, end
    /// `else` with what is behind it.
    case otherwise([TemplateToken])

    var word: String {
        switch self {
        case .file: "EOF"
        case .end: "end"
        case .otherwise: "else"
        }
    }
}

private struct TemplateParser {
    let lexer: TemplateLexer
    let pieces: [TemplatePiece]
    let functions: TemplateFunctions
    let limits: TemplateLimits
    var piece = 0
    var at = 0
    var defined: [String: [TemplateNode]] = [:]
    /// Variables in scope, the innermost last.
    var variables = ["$"]
    var tokens: [TemplateToken] = []
    var index = 0

    init(
        lexer: TemplateLexer, pieces: [TemplatePiece], functions: TemplateFunctions,
        limits: TemplateLimits
    ) {
        self.lexer = lexer
        self.pieces = pieces
        self.functions = functions
        self.limits = limits
    }

    var token: TemplateToken { tokens[min(index, tokens.count - 1)] }

    func unexpected(_ context: String) -> TemplateError {
        let text = token.kind == .end ? "\"}}\"" : "<\(lexer.slice(token.start, token.end))>"
        return lexer.fault("unexpected \(text) in \(context)", at: token.start)
    }

    mutating func block(
        depth: Int, inRange: Bool
    ) throws(TemplateError) -> ([TemplateNode], BlockEnd) {
        guard depth < limits.depthMax else {
            throw lexer.fault("nested more than \(limits.depthMax) levels", at: at)
        }
        var list: [TemplateNode] = []
        while piece < pieces.count {
            let current = pieces[piece]
            piece += 1
            guard case .action(let found) = current else {
                if case .text(let text) = current { list.append(.text(text)) }
                continue
            }
            tokens = found
            index = 0
            at = token.start
            guard case .word(let word) = token.kind else {
                list.append(.action(try wholePipeline("command", depth)))
                continue
            }
            switch word {
            case "end":
                index += 1
                guard token.kind == .end else { throw unexpected("end") }
                return (list, .end)
            case "else":
                return (list, .otherwise(Array(tokens.dropFirst())))
            case "if", "with", "range", "define", "block", "template", "break", "continue":
                index += 1
                if let node = try control(word, depth, inRange) { list.append(node) }
            default: list.append(.action(try wholePipeline("command", depth)))
            }
        }
        return (list, .file)
    }

    private mutating func control(
        _ word: String, _ depth: Int, _ inRange: Bool
    ) throws(TemplateError) -> TemplateNode? {
        switch word {
        case "if", "with", "range": return try branch(word, depth, inRange)
        case "break", "continue":
            guard token.kind == .end else { throw unexpected("{{\(word)}}") }
            guard inRange else { throw lexer.fault("{{\(word)}} outside {{range}}", at: at) }
            return word == "break" ? .stop : .next
        default: break
        }
        guard case .string(let name) = token.kind else { throw unexpected("\(word) clause") }
        let place = token.start
        index += 1
        var pipeline: TemplatePipeline?
        if word != "define" && token.kind != .end || word == "block" {
            pipeline = try wholePipeline(
                word == "block" ? "block clause" : "template clause", depth)
        }
        if word == "template" { return .template(name, pipeline, at: place) }
        guard token.kind == .end else { throw unexpected("define clause") }
        if word == "define" && depth > 0 { throw lexer.fault("unexpected {{define}}", at: at) }
        let outer = variables
        variables = ["$"]
        let (body, end) = try block(depth: depth + 1, inRange: false)
        variables = outer
        guard case .end = end else {
            throw lexer.fault("unexpected {{\(end.word)}} in \(word) clause", at: at)
        }
        defined[name] = body
        return word == "block" ? .template(name, pipeline, at: place) : nil
    }

    private mutating func branch(
        _ word: String, _ depth: Int, _ inRange: Bool
    ) throws(TemplateError) -> TemplateNode {
        let scope = variables.count
        let pipeline = try wholePipeline(word, depth)
        let (body, end) = try block(depth: depth + 1, inRange: inRange || word == "range")
        var otherwise: [TemplateNode] = []
        switch end {
        case .end: break
        case .file: throw lexer.fault("unexpected EOF", at: lexer.bytes.count)
        case .otherwise(let rest):
            tokens = rest
            index = 0
            if case .word(let next) = token.kind, next == word, word != "range" {
                // `else if` closes with the same `end`.
                index = 1
                guard depth + 1 < limits.depthMax else {
                    throw lexer.fault("nested more than \(limits.depthMax) levels", at: at)
                }
                otherwise = [try branch(word, depth + 1, inRange)]
            } else {
                guard token.kind == .end else { throw unexpected("else") }
                let (list, last) = try block(depth: depth + 1, inRange: inRange)
                guard case .end = last else {
                    throw lexer.fault(
                        last.word == "EOF" ? "unexpected EOF" : "expected end; found {{else}}",
                        at: at)
                }
                otherwise = list
            }
        }
        variables.removeLast(variables.count - scope)
        switch word {
        case "if": return .choice(pipeline, then: body, otherwise: otherwise)
        case "with": return .with(pipeline, then: body, otherwise: otherwise)
        default: return .range(pipeline, body: body, otherwise: otherwise)
        }
    }

    private mutating func wholePipeline(
        _ context: String, _ depth: Int
    ) throws(TemplateError) -> TemplatePipeline {
        let result = try pipeline(context, depth)
        guard token.kind == .end else { throw unexpected(context) }
        return result
    }

    private mutating func pipeline(
        _ context: String, _ depth: Int
    ) throws(TemplateError) -> TemplatePipeline {
        guard depth < limits.depthMax else {
            throw lexer.fault("nested more than \(limits.depthMax) levels", at: token.start)
        }
        var result = TemplatePipeline(at: token.start)
        try declarations(context, &result)
        while true {
            result.commands.append(try command(context, depth))
            if token.kind == .pipe {
                index += 1
                if token.kind == .end || token.kind == .close {
                    throw lexer.fault("missing value for \(context)", at: token.start)
                }
                continue
            }
            break
        }
        for command in result.commands.dropFirst() {
            guard let first = command.operands.first else { continue }
            if case .constant = first.kind, first.fields.isEmpty {
                throw lexer.fault(
                    "non executable command in pipeline stage 2", at: first.at)
            }
        }
        return result
    }

    private mutating func declarations(
        _ context: String, _ result: inout TemplatePipeline
    ) throws(TemplateError) {
        guard case .variable(let name) = token.kind, index + 1 < tokens.count else { return }
        let next = tokens[index + 1].kind
        switch next {
        case .declare, .assign: result.variables = [name]
        case .comma:
            guard context == "range", index + 3 < tokens.count,
                case .variable(let second) = tokens[index + 2].kind
            else { throw lexer.fault("too many declarations in \(context)", at: token.start) }
            guard [.declare, .assign].contains(tokens[index + 3].kind) else { return }
            result.variables = [name, second]
            index += 2
        default: return
        }
        result.isAssignment = tokens[index + 1].kind == .assign
        for name in result.variables {
            if !result.isAssignment {
                variables.append(name)
            } else if !variables.contains(name) {
                throw lexer.fault("undefined variable \"\(name)\"", at: token.start)
            }
        }
        index += 2
    }

    private mutating func command(
        _ context: String, _ depth: Int
    ) throws(TemplateError) -> TemplateCommand {
        var operands: [TemplateOperand] = []
        while true {
            switch token.kind {
            case .end, .close, .pipe:
                guard !operands.isEmpty else {
                    if token.kind == .pipe { throw unexpected(context) }
                    throw lexer.fault("missing value for \(context)", at: token.start)
                }
                return TemplateCommand(operands: operands)
            default:
                if !operands.isEmpty && !token.isSpaced { throw unexpected("operand") }
                operands.append(try operand(context, depth))
            }
        }
    }

    private mutating func operand(
        _ context: String, _ depth: Int
    ) throws(TemplateError) -> TemplateOperand {
        let start = token
        var result = TemplateOperand(kind: .dot, at: start.start, text: "")
        index += 1
        switch start.kind {
        case .dot: break
        case .field(let name): result.fields.append(name)
        case .variable(let name):
            guard variables.contains(name) else {
                throw lexer.fault("undefined variable \"\(name)\"", at: start.start)
            }
            result.kind = .variable(name)
        case .string(let text): result.kind = .constant(.string(text))
        case .character(let code): result.kind = .constant(.integer(code))
        case .number(let text):
            guard let value = templateNumber(text) else {
                throw lexer.fault("bad number syntax: \"\(text)\"", at: start.start)
            }
            result.kind = .constant(value)
        case .word(let name):
            switch name {
            case "true", "false": result.kind = .constant(.bool(name == "true"))
            case "nil": result.kind = .constant(.null)
            default:
                guard functions.contains(name) else {
                    throw lexer.fault("function \"\(name)\" not defined", at: start.start)
                }
                result.kind = .function(name)
            }
        case .open:
            result.kind = .pipeline(try pipeline("parenthesized pipeline", depth + 1))
            guard token.kind == .close else {
                throw lexer.fault("unclosed left paren", at: start.start)
            }
            index += 1
        default:
            index -= 1
            throw unexpected(context)
        }
        while case .field(let name) = token.kind, !token.isSpaced {
            if case .constant = result.kind {
                throw unexpected("operand")
            }
            result.fields.append(name)
            index += 1
        }
        result.text = lexer.slice(start.start, tokens[index - 1].end)
        return result
    }
}

private func templateNumber(_ text: String) -> TemplateValue? {
    let digits = text.replacing("_", with: "")
    let isNegative = digits.hasPrefix("-")
    let size = isNegative || digits.hasPrefix("+") ? String(digits.dropFirst()) : digits
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0b", 2), ("0o", 8)]
    where size.hasPrefix(prefix) {
        return Int64(size.dropFirst(2), radix: radix).map { .integer(isNegative ? -$0 : $0) }
    }
    if let whole = Int64(digits) { return .integer(whole) }
    return Double(digits).map { .float($0) }
}
