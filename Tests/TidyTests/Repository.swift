import Foundation

/// The working tree this test was compiled from.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Folders that hold nothing tracked: at the root, and anywhere.
    private static let untrackedAtRoot: Set<String> = [".git", ".build", "build", "data"]
    private static let untracked: Set<String> = ["__pycache__", ".swiftpm", ".vscode"]

    /// Every file's path relative to the root, sorted.
    static let files: [String] = {
        var found: [String] = []
        var folders = [""]
        while let folder = folders.popLast() {
            let url = folder.isEmpty ? root : root.appending(path: folder)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
            for name in names {
                if untracked.contains(name) { continue }
                if folder.isEmpty && untrackedAtRoot.contains(name) { continue }
                let path = folder.isEmpty ? name : folder + "/" + name
                if isFolder(path) { folders.append(path) } else { found.append(path) }
            }
        }
        return found.sorted()
    }()

    /// The text files, read once.
    static let texts: [SourceText] = files.compactMap { path in
        // Not UTF-8: a binary, which the rule on file types judges by its name.
        guard let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8)
        else { return nil }
        return SourceText(path: path, text: text)
    }

    static let swift: [SourceText] = texts.filter(\.isSwift)

    static func text(_ path: String) -> SourceText? { texts.first { $0.path == path } }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    static func size(_ path: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: root.appending(path: path).path)
        return (attributes?[.size] as? Int) ?? 0
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(
            atPath: root.appending(path: path).path, isDirectory: &isFolder)
        return exists && isFolder.boolValue
    }
}
