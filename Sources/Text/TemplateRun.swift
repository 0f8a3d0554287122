extension Template {
    /// Runs the template on `dot`. The same arguments give the same text. With `escapesHTML` what
    /// actions print is escaped, unless the last thing they call is `safeHtml` or `html`.
    public func run(
        on dot: TemplateValue, functions: TemplateFunctions, escapesHTML: Bool = false
    ) throws(TemplateError) -> String {
        var run = TemplateRun(template: self, functions: functions, root: dot)
        run.escapesHTML = escapesHTML
        _ = try run.nodes(root, dot, depth: 0)
        return run.output
    }
}

/// A template being run.
private struct TemplateRun {
    enum Flow { case on, stop, next }

    let template: Template
    let functions: TemplateFunctions
    var variables: [(name: String, value: TemplateValue)]
    var output = ""
    var steps = 0
    var escapesHTML = false
    /// Where the nodes that run come from.
    var source: TemplateLexer

    init(template: Template, functions: TemplateFunctions, root: TemplateValue) {
        self.template = template
        self.functions = functions
        source = template.source
        variables = [("$", root)]
    }

    func fault(_ what: String, at offset: Int, _ context: String) -> TemplateError {
        let (line, column) = source.place(offset)
        return TemplateError(
            name: template.name, line: line, column: column, isRunning: true, context: context,
            what: what)
    }

    mutating func step(_ at: Int) throws(TemplateError) {
        steps += 1
        guard steps <= template.limits.stepsMax else {
            throw fault("more than \(template.limits.stepsMax) steps", at: at, template.name)
        }
    }

    mutating func write(_ text: String, at offset: Int) throws(TemplateError) {
        guard output.utf8.count + text.utf8.count <= template.limits.outputBytesMax else {
            throw fault(
                "output is longer than \(template.limits.outputBytesMax) bytes", at: offset,
                template.name)
        }
        output += text
    }

    mutating func nodes(
        _ list: [TemplateNode], _ dot: TemplateValue, depth: Int
    ) throws(TemplateError) -> Flow {
        for node in list {
            try step(0)
            let flow = try self.node(node, dot, depth)
            if flow != .on { return flow }
        }
        return .on
    }

    private mutating func node(
        _ node: TemplateNode, _ dot: TemplateValue, _ depth: Int
    ) throws(TemplateError) -> Flow {
        let scope = variables.count
        switch node {
        case .text(let text): try write(text, at: 0)
        case .action(let pipeline):
            let value = try self.pipeline(pipeline, dot, depth)
            if pipeline.variables.isEmpty {
                let text = value == .null ? "<no value>" : value.printed
                let isRaw = !escapesHTML || pipeline.isSafe
                try write(isRaw ? text : escapedHTML(text), at: pipeline.at)
            }
            return .on  // What it declared stays.
        case .choice(let pipeline, let then, let otherwise):
            let value = try self.pipeline(pipeline, dot, depth)
            defer { variables.removeLast(variables.count - scope) }
            return try nodes(value.isTrue ? then : otherwise, dot, depth: depth)
        case .with(let pipeline, let then, let otherwise):
            let value = try self.pipeline(pipeline, dot, depth)
            defer { variables.removeLast(variables.count - scope) }
            return try value.isTrue
                ? nodes(then, value, depth: depth) : nodes(otherwise, dot, depth: depth)
        case .range(let pipeline, let body, let otherwise):
            defer { variables.removeLast(variables.count - scope) }
            return try range(pipeline, body, otherwise, dot, depth)
        case .template(let name, let pipeline, let at):
            try call(name, pipeline, at, dot, depth)
        case .stop: return .stop
        case .next: return .next
        }
        return .on
    }

    private mutating func call(
        _ name: String, _ pipeline: TemplatePipeline?, _ at: Int, _ dot: TemplateValue,
        _ depth: Int
    ) throws(TemplateError) {
        guard let body = template.defined[name] else {
            throw fault("template \"\(name)\" not defined", at: at, "{{template \"\(name)\"}}")
        }
        let value =
            if let pipeline { try self.pipeline(pipeline, dot, depth) } else {
                TemplateValue.null
            }
        guard depth < template.limits.depthMax else {
            throw fault(
                "exceeded maximum template depth (\(template.limits.depthMax))", at: at,
                "{{template \"\(name)\"}}")
        }
        let outer = (variables, source)
        (variables, source) = ([("$", value)], body.source)
        _ = try nodes(body.nodes, value, depth: depth + 1)
        (variables, source) = outer
    }

    private mutating func range(
        _ pipeline: TemplatePipeline, _ body: [TemplateNode], _ otherwise: [TemplateNode],
        _ dot: TemplateValue, _ depth: Int
    ) throws(TemplateError) -> Flow {
        var bare = pipeline
        bare.variables = []
        let value = try self.pipeline(bare, dot, depth)
        var items: [(key: TemplateValue, value: TemplateValue)] = []
        switch value {
        case .list(let list):
            items = list.enumerated().map { (.integer(Int64($0.offset)), $0.element) }
        case .texts(let map):
            items = map.sorted { $0.key < $1.key }.map { (.string($0.key), .string($0.value)) }
        case .map(let map):
            items = map.sorted { $0.key < $1.key }.map { (.string($0.key), $0.value) }
        case .integer(let count):
            guard count <= template.limits.stepsMax else {
                throw fault("range can't iterate over \(count)", at: pipeline.at, "range")
            }
            items = (0..<max(0, count)).map { (.integer($0), .integer($0)) }
        case .null, .noValue: break
        default:
            let text = pipeline.commands.first?.operands.first?.text ?? "range"
            throw fault("range can't iterate over \(value.printed)", at: pipeline.at, text)
        }
        if items.isEmpty { return try nodes(otherwise, dot, depth: depth) }
        for item in items {
            try step(pipeline.at)
            let scope = variables.count
            if pipeline.variables.count == 2 {
                try bind(pipeline.variables[0], item.key, pipeline)
                try bind(pipeline.variables[1], item.value, pipeline)
            } else if let name = pipeline.variables.first {
                try bind(name, item.value, pipeline)
            }
            let flow = try nodes(body, item.value, depth: depth)
            variables.removeLast(variables.count - scope)
            if flow == .stop { break }
        }
        return .on
    }

    private mutating func bind(
        _ name: String, _ value: TemplateValue, _ pipeline: TemplatePipeline
    ) throws(TemplateError) {
        guard pipeline.isAssignment else { return variables.append((name, value)) }
        guard let index = variables.lastIndex(where: { $0.name == name }) else {
            throw fault("undefined variable: \(name)", at: pipeline.at, name)
        }
        variables[index].value = value
    }

    // MARK: Values

    private mutating func pipeline(
        _ pipeline: TemplatePipeline, _ dot: TemplateValue, _ depth: Int
    ) throws(TemplateError) -> TemplateValue {
        var value: TemplateValue?
        for command in pipeline.commands {
            try step(pipeline.at)
            value = try self.command(command, dot, depth, last: value)
        }
        let result = value ?? .null
        for name in pipeline.variables { try bind(name, result, pipeline) }
        return result
    }

    private mutating func command(
        _ command: TemplateCommand, _ dot: TemplateValue, _ depth: Int, last: TemplateValue?
    ) throws(TemplateError) -> TemplateValue {
        guard let first = command.operands.first else { return .null }
        guard case .function(let name) = first.kind else {
            if command.operands.count > 1 || last != nil {
                if let made = try methodCall(command, dot, depth, last) { return made }
                throw fault(
                    "can't give argument to non-function \(first.text)", at: first.at, first.text)
            }
            if case .constant(.null) = first.kind {
                throw fault("nil is not a command", at: first.at, first.text)
            }
            return try operand(first, dot, depth)
        }
        var arguments: [TemplateValue] = []
        for operand in command.operands.dropFirst() {
            // `and` and `or` stop at the first argument that decides.
            if let decided = arguments.last,
                (name == "and" && !decided.isTrue)
                    || (name == "or" && decided.isTrue)
            {
                return decided
            }
            arguments.append(try self.operand(operand, dot, depth))
        }
        if let last { arguments.append(last) }
        return try fields(invoke(name, arguments, first, depth), first)
    }

    private mutating func invoke(
        _ name: String, _ arguments: [TemplateValue], _ at: TemplateOperand, _ depth: Int
    ) throws(TemplateError) -> TemplateValue {
        if name == "tmpl" {
            guard arguments.count == 2, case .string(let wanted) = arguments[0] else {
                throw fault("wrong arguments for tmpl: want name and data", at: at.at, name)
            }
            guard let body = template.defined[wanted], depth < template.limits.depthMax else {
                throw fault(
                    "error calling tmpl: template \"\(wanted)\" not defined or too deep",
                    at: at.at, name)
            }
            let (outer, written, from) = (variables, output, source)
            (variables, output, source) = ([("$", arguments[1])], "", body.source)
            _ = try nodes(body.nodes, arguments[1], depth: depth + 1)
            let made = output
            (variables, output, source) = (outer, written, from)
            return .string(made)
        }
        guard let function = functions.table[name] else {
            throw fault("\"\(name)\" is not a defined function", at: at.at, name)
        }
        let result: TemplateValue
        do throws(TemplateFault) {
            result = try function(arguments)
        } catch {
            let isCount = error.what.hasPrefix("wrong ")
            let prefix = isCount ? "" : "error calling \(name): "
            throw fault(prefix + error.what, at: at.at, at.text)
        }
        if case .string(let text) = result, text.utf8.count > template.limits.outputBytesMax {
            throw fault(
                "text is longer than \(template.limits.outputBytesMax) bytes", at: at.at, name)
        }
        return result
    }

    private mutating func operand(
        _ operand: TemplateOperand, _ dot: TemplateValue, _ depth: Int
    ) throws(TemplateError) -> TemplateValue {
        let base: TemplateValue
        switch operand.kind {
        case .dot: base = dot
        case .constant(let value): base = value
        case .variable(let name):
            guard let found = variables.last(where: { $0.name == name }) else {
                throw fault("undefined variable: \(name)", at: operand.at, name)
            }
            base = found.value
        case .function(let name): base = try invoke(name, [], operand, depth)
        case .pipeline(let inner): base = try pipeline(inner, dot, depth)
        }
        return try fields(base, operand)
    }

    private func fields(
        _ base: TemplateValue, _ operand: TemplateOperand
    ) throws(TemplateError) -> TemplateValue {
        var value = base
        for name in operand.fields {
            if let made = try method(value, name, [], operand) {
                value = made
                continue
            }
            switch value {
            case .texts(let map): value = .string(map[name] ?? "")
            case .map(let map): value = map[name] ?? .noValue
            case .record(let type, let known):
                guard let found = known[name] else {
                    throw fault(
                        "can't evaluate field \(name) in type \(type)", at: operand.at,
                        operand.text)
                }
                value = found
            case .null, .noValue:
                throw fault(
                    "nil pointer evaluating interface {}.\(name)", at: operand.at, operand.text)
            default:
                throw fault(
                    "can't evaluate field \(name) in type \(value.typeName)", at: operand.at,
                    operand.text)
            }
        }
        return value
    }

    // MARK: Methods

    private func method(
        _ value: TemplateValue, _ name: String, _ arguments: [TemplateValue],
        _ operand: TemplateOperand
    ) throws(TemplateError) -> TemplateValue? {
        guard let method = functions.method else { return nil }
        do throws(TemplateFault) {
            return try method(value, name, arguments)
        } catch {
            throw fault("error calling \(name): \(error.what)", at: operand.at, operand.text)
        }
    }

    /// `.StartsAt.Format "15:04"`: the last field takes arguments. Nil when it takes none.
    private mutating func methodCall(
        _ command: TemplateCommand, _ dot: TemplateValue, _ depth: Int, _ last: TemplateValue?
    ) throws(TemplateError) -> TemplateValue? {
        guard functions.method != nil, var first = command.operands.first,
            let name = first.fields.popLast()
        else { return nil }
        let value = try operand(first, dot, depth)
        var arguments: [TemplateValue] = []
        for operand in command.operands.dropFirst() {
            arguments.append(try self.operand(operand, dot, depth))
        }
        if let last { arguments.append(last) }
        return try method(value, name, arguments, command.operands[0])
    }
}
