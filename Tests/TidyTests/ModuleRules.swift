// Who may import whom, and what no pure module may touch. The table is the module diagram of
// docs/ARCHITECTURE.md: a module imports only modules of earlier rows; siblings do not know each
// other.

/// The layers, top to bottom, in the direction the data flows.
enum Layers {
    static let pure: [[String]] = [
        ["Model"],
        ["Text"],
        ["Wire", "Storage", "Drift", "Alerting", "Kube"],
        ["Ingest", "Query", "Control", "Runs", "Traces"],
        ["SLO"],
        ["Convert"],
        ["Dashboards"],
        ["Agent"],
        ["Backtest"],
    ]

    /// Above the purity line: they read the clock and talk to the world.
    static let impure: [[String]] = [
        ["Server"],
        ["pitot", "pitot-bench", "pitot-drift-sim"],
    ]

    /// C libraries that compute and nothing else.
    static let pureLibraries: Set<String> = ["CMath", "CYAML", "CRE2", "CSnappy", "CSimdjson"]

    static func isPure(_ module: String) -> Bool { pure.contains { $0.contains(module) } }

    static func rank(_ module: String) -> Int? {
        (pure + impure).firstIndex { $0.contains(module) }
    }
}

enum ModuleRules {
    private static let systemModules: Set<String> = [
        "Glibc", "Dispatch", "Synchronization", "FoundationEssentials",
    ]

    /// A module imports only what lies above it in the diagram; a pure one nothing of the system.
    static func imports(_ file: SourceText) -> [Violation] {
        guard file.isSource, let module = file.module else { return [] }
        guard let rank = Layers.rank(module) else {
            return [Violation(path: file.path, line: 1, what: "\(module) has no layer in Layers")]
        }
        return importLines(file).compactMap { line, imported in
            let isAllowed =
                if let other = Layers.rank(imported) {
                    other < rank
                } else if Layers.isPure(module) {
                    Layers.pureLibraries.contains(imported)
                } else {
                    imported.hasPrefix("C") || systemModules.contains(imported)
                }
            if isAllowed { return nil }
            return Violation(path: file.path, line: line, what: "\(module) imports \(imported)")
        }
    }

    /// The modules a file imports, with their lines.
    static func importLines(_ file: SourceText) -> [(line: Int, module: String)] {
        file.codeLines.enumerated().compactMap { index, line in
            var words = line.split { $0 == " " || $0 == "." }.map(String.init)
            guard let keyword = words.firstIndex(of: "import") else { return nil }
            let before: Set<String> = ["public", "internal", "private", "fileprivate", "package"]
            let isImport = words[..<keyword].allSatisfy { before.contains($0) || $0.hasPrefix("@") }
            guard isImport else { return nil }
            words.removeFirst(keyword + 1)
            let kinds: Set<String> = ["struct", "class", "enum", "func", "var", "let", "typealias"]
            guard let module = words.first(where: { !kinds.contains($0) }) else { return nil }
            return (index + 1, module)
        }
    }

    /// What each target in Package.swift declares that it depends on.
    static func declaredDependencies(_ manifest: SourceText) -> [String: [String]] {
        var declared: [String: [String]] = [:]
        let entries = manifest.text.matches(
            of: /name:\s*"([^"]+)",\s*dependencies:\s*\[([^\]]*)\]/)
        for entry in entries {
            declared[String(entry.1)] = entry.2.matches(of: /"([^"]+)"/).map { String($0.1) }
        }
        return declared
    }

    /// Package.swift declares only dependencies that the diagram allows.
    static func manifest(_ manifest: SourceText) -> [Violation] {
        declaredDependencies(manifest).sorted { $0.key < $1.key }.flatMap { module, others in
            guard let rank = Layers.rank(module) else { return [Violation]() }
            return others.compactMap { other in
                let isAllowed =
                    if let otherRank = Layers.rank(other) {
                        otherRank < rank
                    } else {
                        !Layers.isPure(module) || Layers.pureLibraries.contains(other)
                    }
                if isAllowed { return nil }
                return Violation(
                    path: manifest.path, line: 1, what: "\(module) may not depend on \(other)")
            }
        }
    }

    /// Time, randomness, environment, tasks and locks: arguments below the purity line, or absent.
    private static let ambient = [
        "ContinuousClock", "SuspendingClock", "Date(", "Date.now", "clock_gettime", "gettimeofday",
        "SystemRandomNumberGenerator", ".random(", ".randomElement(", ".shuffle(", ".shuffled(",
        "arc4random", "getenv", "ProcessInfo", "CommandLine", "Task {", "Task.", "await", "Mutex",
        "Atomic", "DispatchQueue", "hashValue", "Hasher(",
    ]

    static func ambientWords(_ file: SourceText) -> [Violation] {
        guard file.isSource, let module = file.module, Layers.isPure(module) else { return [] }
        return ambient.flatMap { word in
            file.offsets(of: word).map {
                Violation(
                    path: file.path, line: file.line(at: $0),
                    what: "`\(word)` below the purity line")
            }
        }
    }

    /// The pure modules say nothing themselves: what a person should see is an effect.
    static func printing(_ file: SourceText) -> [Violation] {
        guard file.isSource, let module = file.module, Layers.isPure(module) else { return [] }
        return ["print(", "debugPrint(", "dump("].flatMap { word in
            file.offsets(of: word).map {
                Violation(path: file.path, line: file.line(at: $0), what: "`\(word)` in \(module)")
            }
        }
    }
}
