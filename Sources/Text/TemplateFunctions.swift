/// A function that templates call.
public typealias TemplateFunction =
    @Sendable (_ arguments: [TemplateValue]) throws(TemplateFault) -> TemplateValue

/// A method of a value, with its arguments; nil when the value has no method of that name.
public typealias TemplateMethod =
    @Sendable (_ value: TemplateValue, _ name: String, _ arguments: [TemplateValue])
    throws(TemplateFault) -> TemplateValue?

/// The functions a template may call, by name. Go's own are always there.
public struct TemplateFunctions: Sendable {
    var table: [String: TemplateFunction] = [:]
    /// Methods of values, by name; nil for a name that is a field or a key.
    var method: TemplateMethod?

    /// Go's built-in functions.
    public init() { addBuiltIn() }

    /// Adds or replaces a function.
    public mutating func add(_ name: String, _ function: @escaping TemplateFunction) {
        table[name] = function
    }

    /// Adds `tmpl`, which runs a defined template into a text. Consoles and notifications have it;
    /// rules do not.
    public mutating func addTemplateCall() {
        add("tmpl") { _ throws(TemplateFault) in throw TemplateFault("not within a template") }
    }

    func contains(_ name: String) -> Bool { table[name] != nil }

    private mutating func addBuiltIn() {
        add("and") { arguments throws(TemplateFault) in
            try needed(arguments, "and", 1...)
            return arguments.first { !$0.isTrue } ?? arguments[arguments.count - 1]
        }
        add("or") { arguments throws(TemplateFault) in
            try needed(arguments, "or", 1...)
            return arguments.first { $0.isTrue } ?? arguments[arguments.count - 1]
        }
        add("not") { arguments throws(TemplateFault) in
            try needed(arguments, "not", 1)
            return .bool(!arguments[0].isTrue)
        }
        add("len") { arguments throws(TemplateFault) in
            try needed(arguments, "len", 1)
            switch arguments[0] {
            case .string(let text): return .integer(Int64(text.utf8.count))
            case .list(let list): return .integer(Int64(list.count))
            case .texts(let map): return .integer(Int64(map.count))
            case .map(let map): return .integer(Int64(map.count))
            default: throw TemplateFault("len of type \(arguments[0].typeName)")
            }
        }
        add("index") { arguments throws(TemplateFault) in
            try needed(arguments, "index", 1...)
            var value = arguments[0]
            for key in arguments.dropFirst() { value = try indexed(value, key) }
            return value
        }
        add("slice", sliced)
        add("print") { arguments in .string(goPrint(arguments)) }
        add("println") { arguments in
            .string(arguments.map(\.printed).joined(separator: " ") + "\n")
        }
        add("printf") { arguments throws(TemplateFault) in
            try needed(arguments, "printf", 1...)
            return .string(goFormat(try text(arguments[0], "printf"), Array(arguments.dropFirst())))
        }
        add("html") { arguments in .string(escapedHTML(goPrint(arguments))) }
        add("js") { arguments in .string(escapedScript(goPrint(arguments))) }
        add("urlquery") { arguments in .string(escapedQuery(goPrint(arguments))) }
        add("call") { _ throws(TemplateFault) in
            throw TemplateFault("non-function of type string")
        }
        addComparisons()
    }

    private mutating func addComparisons() {
        add("eq") { arguments throws(TemplateFault) in
            guard arguments.count > 1 else {
                throw TemplateFault("missing argument for comparison")
            }
            for other in arguments.dropFirst() where try equal(arguments[0], other) {
                return .bool(true)
            }
            return .bool(false)
        }
        add("ne") { arguments throws(TemplateFault) in
            try needed(arguments, "ne", 2)
            return .bool(!(try equal(arguments[0], arguments[1])))
        }
        add("lt") { arguments throws(TemplateFault) in
            .bool(try less(arguments, "lt"))
        }
        add("le") { arguments throws(TemplateFault) in
            try needed(arguments, "le", 2)
            let isEqual = try equal(arguments[0], arguments[1])
            return .bool(try less(arguments, "le") || isEqual)
        }
        add("gt") { arguments throws(TemplateFault) in
            try needed(arguments, "gt", 2)
            let isEqual = try equal(arguments[0], arguments[1])
            return .bool(!(try less(arguments, "gt")) && !isEqual)
        }
        add("ge") { arguments throws(TemplateFault) in
            .bool(!(try less(arguments, "ge")))
        }
    }
}

/// Refuses another number of arguments, in Go's words.
func needed(
    _ arguments: [TemplateValue], _ name: String, _ count: Int
) throws(TemplateFault) {
    guard arguments.count == count else {
        throw TemplateFault(
            "wrong number of args for \(name): want \(count) got \(arguments.count)")
    }
}

func needed(
    _ arguments: [TemplateValue], _ name: String, _ counts: PartialRangeFrom<Int>
) throws(TemplateFault) {
    guard arguments.count >= counts.lowerBound else {
        throw TemplateFault(
            "wrong number of args for \(name): want at least \(counts.lowerBound) "
                + "got \(arguments.count)")
    }
}

/// An argument that must be a text.
func text(_ value: TemplateValue, _ name: String) throws(TemplateFault) -> String {
    guard case .string(let text) = value else {
        throw TemplateFault("wrong type for value; expected string; got \(value.typeName)")
    }
    return text
}

private func indexed(
    _ value: TemplateValue, _ key: TemplateValue
) throws(TemplateFault) -> TemplateValue {
    switch (value, key) {
    case (.texts(let map), .string(let name)): return .string(map[name] ?? "")
    case (.map(let map), .string(let name)): return map[name] ?? .null
    case (.list(let list), .integer(let place)):
        guard place >= 0 && place < list.count else {
            throw TemplateFault("index out of range: \(place)")
        }
        return list[Int(place)]
    case (.string(let text), .integer(let place)):
        let bytes = Array(text.utf8)
        guard place >= 0 && place < bytes.count else {
            throw TemplateFault("index out of range: \(place)")
        }
        return .integer(Int64(bytes[Int(place)]))
    case (.null, _): throw TemplateFault("index of untyped nil")
    case (.list, _), (.string, _):
        throw TemplateFault("cannot index slice/array with type \(key.typeName)")
    case (.texts, _), (.map, _):
        throw TemplateFault("value has type \(key.typeName); should be string")
    default: throw TemplateFault("can't index item of type \(value.typeName)")
    }
}

private func sliced(_ arguments: [TemplateValue]) throws(TemplateFault) -> TemplateValue {
    try needed(arguments, "slice", 1...)
    var bounds: [Int] = []
    for argument in arguments.dropFirst() {
        guard case .integer(let place) = argument, place >= 0, bounds.count < 2 else {
            throw TemplateFault("cannot index slice/array with type \(argument.typeName)")
        }
        bounds.append(Int(place))
    }
    let count: Int
    switch arguments[0] {
    case .string(let text): count = text.utf8.count
    case .list(let list): count = list.count
    default: throw TemplateFault("can't slice item of type \(arguments[0].typeName)")
    }
    let (from, to) = (bounds.first ?? 0, bounds.count > 1 ? bounds[1] : count)
    guard to <= count else { throw TemplateFault("index out of range: \(to)") }
    guard from <= to else { throw TemplateFault("invalid slice index: \(from) > \(to)") }
    if case .list(let list) = arguments[0] { return .list(Array(list[from..<to])) }
    guard case .string(let text) = arguments[0] else { return .null }
    return .string(String(decoding: Array(text.utf8)[from..<to], as: UTF8.self))
}

private func equal(
    _ left: TemplateValue, _ right: TemplateValue
) throws(TemplateFault) -> Bool {
    switch (left, right) {
    case (.bool, .bool), (.integer, .integer), (.float, .float), (.string, .string),
        (.duration, .duration), (.time, .time):
        if case (.float(let a), .float(let b)) = (left, right) { return a == b }
        return left == right
    case (.integer(let a), .duration(let b)), (.duration(let a), .integer(let b)): return a == b
    case (.null, _), (_, .null), (.noValue, _), (_, .noValue): return left == right
    default: throw TemplateFault("incompatible types for comparison")
    }
}

private func less(
    _ arguments: [TemplateValue], _ name: String
) throws(TemplateFault) -> Bool {
    try needed(arguments, name, 2)
    switch (arguments[0], arguments[1]) {
    case (.integer(let a), .integer(let b)), (.duration(let a), .duration(let b)),
        (.integer(let a), .duration(let b)), (.duration(let a), .integer(let b)):
        return a < b
    case (.float(let a), .float(let b)): return a < b
    case (.string(let a), .string(let b)): return a < b
    case (.bool, .bool), (.list, _), (.texts, _), (.map, _):
        throw TemplateFault("invalid type for comparison")
    default: throw TemplateFault("incompatible types for comparison")
    }
}
