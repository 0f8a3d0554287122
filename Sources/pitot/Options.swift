/// The options of a command line: `--name value`, `--name=value`, flags, and what is left.
struct Options {
    private(set) var values: [String: [String]] = [:]
    private(set) var operands: [String] = []
    /// What is wrong with the line, for a person; nil when it is good.
    private(set) var fault: String?

    /// Parses `arguments`; `valued` options take a value, `flags` do not.
    init(_ arguments: [String], valued: [String], flags: [String] = []) {
        var rest = arguments[...]
        while let word = rest.popFirst() {
            if word == "--" {
                operands += rest
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                operands.append(word)
                continue
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map(String.init)
            let name = parts[0]
            if valued.contains(name) {
                guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else {
                    fault = "\(name) needs a value"
                    return
                }
                values[name, default: []].append(value)
            } else if flags.contains(name), parts.count == 1 {
                values[name, default: []].append("")
            } else {
                fault =
                    "unknown option \(name); expected one of "
                    + (valued + flags).joined(separator: ", ")
                return
            }
        }
    }

    func has(_ name: String) -> Bool { values[name] != nil }
    func last(_ name: String) -> String? { values[name]?.last }
    func all(_ name: String) -> [String] { values[name] ?? [] }
}
