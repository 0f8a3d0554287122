import Foundation
import Query

/// Files that the tests read.
enum Scripts {
    /// The project's own scripts: name and text, sorted.
    static let own: [(name: String, text: String)] = read(
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "scripts"))

    /// Upstream's scripts, which lie beside the checkout where they may be had.
    static let conformance: [(name: String, text: String)] = read(
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "shared/conformance/promqltest/v3.5.3"))

    private static func read(_ folder: URL) -> [(name: String, text: String)] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(".test") }.sorted().compactMap { name in
            let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
            return text.map { (name, $0) }
        }
    }

    /// The expressions of all evaluations that are not to fail.
    static func expressions(_ scripts: [(name: String, text: String)]) -> [String] {
        scripts.flatMap { script in
            script.text.split(separator: "\n").compactMap { line -> String? in
                let words = line.drop { $0 == " " || $0 == "\t" }
                    .split(separator: " ", omittingEmptySubsequences: true)
                guard let first = words.first, first.hasPrefix("eval"), first != "eval_fail",
                    words.count > 3
                else { return nil }
                let skipped = words[1] == "range" ? 8 : words[2] == "at" ? 4 : 2
                return words.dropFirst(skipped).joined(separator: " ")
            }
        }
    }
}
