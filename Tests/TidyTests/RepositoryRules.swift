// What the repository may contain, and that what it says about itself is true.

enum RepositoryRules {
    static let fileBytesMax = 256 * 1024

    /// A new kind of file is a decision: add it here in the commit that brings it.
    private static let extensions: Set<String> = [
        "c", "cpp", "csv", "h", "json", "md", "modulemap", "proto", "py", "sh", "swift", "test",
        "txt",
        "yaml",
        "yml",
    ]
    private static let names: Set<String> = [
        ".ci/run", ".gitignore", ".swift-format", "LICENSE", "Makefile",
    ]

    static func fileType(_ path: String) -> [Violation] {
        let name = path.split(separator: "/").last ?? ""
        let suffix = name.split(separator: ".").last.map(String.init) ?? ""
        let isKnown = names.contains(path) || (name.contains(".") && extensions.contains(suffix))
        return isKnown ? [] : [Violation(path: path, line: 1, what: "unexpected kind of file")]
    }

    static func fileSize(_ path: String, bytes: Int) -> [Violation] {
        guard bytes > fileBytesMax else { return [] }
        return [Violation(path: path, line: 1, what: "\(bytes) bytes; at most \(fileBytesMax)")]
    }

    /// Links in Markdown that name a file of the repository lead to one.
    static func links(_ file: SourceText, exists: (String) -> Bool) -> [Violation] {
        guard file.path.hasSuffix(".md") else { return [] }
        let folder = file.path.split(separator: "/").dropLast().map(String.init)
        return file.lines.enumerated().flatMap { index, line in
            line.matches(of: /\]\(([^)\s]+)\)/).compactMap { match in
                let target = match.1.prefix { $0 != "#" }
                if target.isEmpty || target.contains("://") || target.hasPrefix("mailto:") {
                    return nil
                }
                if let path = resolve(target, from: folder), exists(path) { return nil }
                return Violation(
                    path: file.path, line: index + 1, what: "link to \(target), which is not there")
            }
        }
    }

    /// The path a relative link means, or nil when it leaves the repository.
    private static func resolve(_ target: Substring, from folder: [String]) -> String? {
        var parts = folder
        for part in target.split(separator: "/") where part != "." {
            if part != ".." {
                parts.append(String(part))
            } else if parts.popLast() == nil {
                return nil
            }
        }
        return parts.joined(separator: "/")
    }

    /// A clone stands alone: nothing a user reads or runs names the maintainers' shared folder.
    static func sharedFolder(_ file: SourceText) -> [Violation] {
        file.lines.enumerated().compactMap { index, line in
            guard line.contains("../sha" + "red") || line.contains("/work/sha" + "red") else {
                return nil
            }
            return Violation(path: file.path, line: index + 1, what: "names a folder clones lack")
        }
    }

    /// Every example in rules/ is used by a test or the demo.
    static func unusedExamples(_ examples: [String], users: [SourceText]) -> [Violation] {
        examples.compactMap { path in
            let name = String(path.split(separator: "/").last ?? "")
            if users.contains(where: { $0.text.contains(name) }) { return nil }
            return Violation(path: path, line: 1, what: "no test and no demo uses this example")
        }
    }
}
