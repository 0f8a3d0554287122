// Public types and functions say what they are. Initialisers, operators, the requirements of
// well-known protocols and functions of one line are obvious; properties and cases are left to the
// reviewer.

enum DocumentationRules {
    private static let declarations: Set<String> = [
        "func", "struct", "class", "enum", "actor", "protocol", "typealias",
    ]

    /// Requirements of protocols everybody knows.
    private static let obvious: Set<String> = ["hash", "encode", "next", "makeIterator", "index"]

    static func undocumented(_ file: SourceText) -> [Violation] {
        guard file.isSource && file.isSwift else { return [] }
        let code = file.codeLines
        var conformance = ConformanceTracker()
        return code.indices.compactMap { index in
            let isInConformance = conformance.step(code[index])
            guard let name = publicName(code[index]), !isInConformance else { return nil }
            guard !isDocumented(file, above: index) else { return nil }
            return Violation(
                path: file.path, line: index + 1, what: "public `\(name)` has no doc comment")
        }
    }

    /// The name of the public type or function a line declares, if it needs a comment.
    private static func publicName(_ line: String) -> String? {
        let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "@") }
        guard words.contains("public"),
            let keyword = words.firstIndex(where: { declarations.contains(String($0)) }),
            words[..<keyword].contains("public"), keyword + 1 < words.count
        else { return nil }
        // One line says it all: `func byte(_ value: UInt8) { bytes.append(value) }`.
        if words[keyword] == "func", line.hasSuffix("}") { return nil }
        // An operator's name is no word: `func == (`, `func < (`.
        if words[keyword] == "func", line.contains(/func\s+[^\w\s`]/) { return nil }
        // `public class func`, `public static func`: the last keyword names it.
        if declarations.contains(String(words[keyword + 1])) { return nil }
        let name = String(words[keyword + 1])
        return obvious.contains(name) ? nil : name
    }

    /// Whether the lines right above, attributes apart, end a doc comment.
    private static func isDocumented(_ file: SourceText, above index: Int) -> Bool {
        for line in file.lines[..<index].reversed() {
            let text = line.drop { $0 == " " }
            if text.hasPrefix("@") || text.hasPrefix("#if") { continue }
            return text.hasPrefix("///")
        }
        return false
    }
}

/// Follows whether a line lies inside `extension X: P { ... }`, whose members P documents.
private struct ConformanceTracker {
    private var depth = 0
    private var conformanceDepth: Int?

    mutating func step(_ line: String) -> Bool {
        let wasInside = conformanceDepth != nil
        if conformanceDepth == nil, line.contains(/^\s*(public )?extension [\w.]+\s*:/) {
            conformanceDepth = depth
        }
        for byte in line.utf8 {
            if byte == UInt8(ascii: "{") { depth += 1 }
            if byte == UInt8(ascii: "}") { depth -= 1 }
        }
        if let outer = conformanceDepth, depth <= outer, wasInside { conformanceDepth = nil }
        return wasInside
    }
}
