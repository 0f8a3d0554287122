import Glibc

// Go's `filepath.Glob`: `*` and `?` stop at `/` but match a leading dot, `[a-z]` and `[^a-z]`,
// `\` before what is meant itself; a folder that cannot be read has no files.

/// Everything before the last `/` of a path; empty when there is none.
func parentFolder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// A path pattern.
enum PathGlob {
    /// The files that match, sorted; nil when the pattern is malformed.
    static func files(matching pattern: String) -> [String]? {
        guard pattern.contains(where: { "*?[\\".contains($0) }) else {
            return access(pattern, F_OK) == 0 ? [pattern] : []
        }
        guard isWellFormed(pattern) else { return nil }
        var found = [pattern.hasPrefix("/") ? "/" : ""]
        for part in pattern.split(separator: "/").map(String.init) {
            var next: [String] = []
            for base in found {
                if !part.contains(where: { "*?[\\".contains($0) }) {
                    let path = base + part
                    if access(path, F_OK) == 0 { next.append(path + "/") }
                    continue
                }
                for name in names(in: base.isEmpty ? "." : base)
                where matches(Array(part.utf8)[...], Array(name.utf8)[...]) {
                    next.append(base + name + "/")
                }
            }
            found = next
        }
        return found.map { String($0.dropLast()) }
    }

    private static func names(in folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }

    private static func isWellFormed(_ pattern: String) -> Bool {
        var rest = Array(pattern.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.popFirst() == nil { return false }
            if byte == UInt8(ascii: "["), classEnd(rest) == nil { return false }
        }
        return true
    }

    /// The index of the `]` that ends a class, the `[` taken already.
    private static func classEnd(_ rest: ArraySlice<UInt8>) -> Int? {
        var index = rest.startIndex
        if index < rest.endIndex, rest[index] == UInt8(ascii: "^") { index += 1 }
        // Go wants these two behind a backslash at the beginning.
        if index < rest.endIndex,
            rest[index] == UInt8(ascii: "]") || rest[index] == UInt8(ascii: "-")
        {
            return nil
        }
        while index < rest.endIndex {
            if rest[index] == UInt8(ascii: "]") { return index }
            index += rest[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return nil
    }

    /// One name against one part of a pattern. O(pattern x name): one star to go back to.
    static func matches(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        var (pattern, name) = (pattern, name)
        var retry: (pattern: ArraySlice<UInt8>, name: ArraySlice<UInt8>)?
        while true {
            if pattern.first == UInt8(ascii: "*") {
                pattern = pattern.dropFirst()
                retry = (pattern, name)
                continue
            }
            if name.isEmpty && pattern.isEmpty { return true }
            if let first = name.first, let rest = afterOne(pattern, first) {
                pattern = rest
                name = name.dropFirst()
                continue
            }
            guard let back = retry, !back.name.isEmpty else { return false }
            retry = (back.pattern, back.name.dropFirst())
            pattern = back.pattern
            name = back.name.dropFirst()
        }
    }

    /// The pattern behind what matches one byte; nil when it does not.
    private static func afterOne(
        _ pattern: ArraySlice<UInt8>, _ byte: UInt8
    ) -> ArraySlice<UInt8>? {
        guard let first = pattern.first else { return nil }
        let rest = pattern.dropFirst()
        switch first {
        case UInt8(ascii: "?"): return rest
        case UInt8(ascii: "\\"): return rest.first == byte ? rest.dropFirst() : nil
        case UInt8(ascii: "["):
            guard let end = classEnd(rest) else { return nil }
            var members = rest[rest.startIndex..<end]
            let isNegated = members.first == UInt8(ascii: "^")
            if isNegated { members = members.dropFirst() }
            return holds(members, byte) != isNegated ? rest[(end + 1)...] : nil
        default: return first == byte ? rest : nil
        }
    }

    private static func holds(_ members: ArraySlice<UInt8>, _ byte: UInt8) -> Bool {
        var rest = members
        func next() -> UInt8? {
            if rest.first == UInt8(ascii: "\\") { rest = rest.dropFirst() }
            return rest.popFirst()
        }
        while let low = next() {
            var high = low
            if rest.first == UInt8(ascii: "-"), rest.count > 1 {
                rest = rest.dropFirst()
                high = next() ?? low
            }
            if low <= byte && byte <= high { return true }
        }
        return false
    }
}
