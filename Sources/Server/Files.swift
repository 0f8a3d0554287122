public import Agent
import Glibc

/// A whole file, or nil.
public func readFile(_ path: String, limit: Int = .max) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Int(status.st_size))
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(file, &chunk, chunk.count)
        if count < 0 {
            if errno == EINTR { continue }
            return nil
        }
        if count == 0 { return bytes }
        bytes.append(contentsOf: chunk[..<count])
    }
}

/// The names in a folder, in no order; empty when it cannot be read.
func listFolder(_ path: String) -> [String] {
    guard let folder = opendir(path) else { return [] }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
            String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// Creates a folder and those above it.
func makeFolder(_ path: String) -> Bool {
    var made = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false) {
        made += made.isEmpty && !path.hasPrefix("/") ? part : "/" + part
        if !part.isEmpty && mkdir(made, 0o750) != 0 && errno != EEXIST { return false }
    }
    return isFolder(path)
}

/// Caps on what the paths of rules may hold.
enum RuleFileLimits {
    /// Folders within each other.
    static let depth = 16
    static let files = 2000
    /// Of all files; they go into one record of the log.
    static let bytes = 32 << 20
}

/// Why rule files could not be read.
public struct FileFault: Error, Sendable {
    public let path: String
    public let reason: String
}

/// The YAML files at a path: itself, or everything below a folder that ends in .yaml or .yml.
/// Names that begin with a dot are passed over, which is what a mounted ConfigMap needs (its
/// `..data` link would show every file twice). Sorted.
public func ruleFiles(at path: String) throws(FileFault) -> [SourceFile] {
    guard isFolder(path) else {
        guard let bytes = readFile(path) else {
            throw FileFault(path: path, reason: String(cString: strerror(errno)))
        }
        return [SourceFile(path: path, bytes: bytes)]
    }
    var files: [SourceFile] = []
    for name in listFolder(path).sorted() where !name.hasPrefix(".") {
        let child = path.hasSuffix("/") ? path + name : path + "/" + name
        if isFolder(child) || name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
            files += try ruleFiles(at: child)
        }
    }
    return files
}
