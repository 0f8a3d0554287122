public import Agent
import Glibc

/// A whole file, or nil with the reason in `errno`; one of more than `limit` bytes is too large.
public func readFile(_ path: String, limit: Int = .max) -> [UInt8]? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(min(Int(status.st_size), limit))
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
        let count = read(file, &chunk, chunk.count)
        if count < 0 {
            if errno == EINTR { continue }
            return nil
        }
        if count == 0 { return bytes }
        guard bytes.count + count <= limit else {
            errno = EFBIG
            return nil
        }
        bytes.append(contentsOf: chunk[..<count])
    }
}

/// The names in a folder, in no order, or nil with the reason in `errno`.
func listFolder(_ path: String) -> [String]? {
    guard let folder = opendir(path) else { return nil }
    defer { closedir(folder) }
    var names: [String] = []
    while true {
        errno = 0
        guard let entry = readdir(folder) else { return errno == 0 ? names : nil }
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
            String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { names.append(name) }
    }
}

/// Whether a path leads to a folder.
public func isFolder(_ path: String) -> Bool {
    fileStatus(path).map { $0.isKind(S_IFDIR) } ?? false
}

/// What the system says of a file, links followed; nil when there is none.
private func fileStatus(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
}

/// What the last call to the system failed with.
public func lastSystemFault() -> String { String(cString: strerror(errno)) }

/// A file's bytes, or nil with the reason in `errno`.
func fileSize(_ path: String) -> Int? { fileStatus(path).map { Int($0.st_size) } }

extension stat {
    fileprivate func isKind(_ kind: mode_t) -> Bool { st_mode & S_IFMT == kind }
}

/// Creates a folder and those above it.
public func makeFolder(_ path: String) -> Bool {
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

    init(path: String, reason: String) {
        self.path = path
        self.reason = reason
    }

    /// What the last call to the system failed with.
    init(_ path: String) {
        self.init(path: path, reason: String(cString: strerror(errno)))
    }
}

/// The YAML files at a path: itself, or everything below a folder that ends in .yaml or .yml, or
/// in one of other `endings`.
/// Names that begin with a dot are passed over, which is what a mounted ConfigMap needs (its
/// `..data` link would show every file twice). Sorted. What cannot be read is a fault, never an
/// empty folder: the SLOs in it would go without a word.
public func ruleFiles(
    at path: String, endings: [String] = [".yaml", ".yml"]
) throws(FileFault) -> [SourceFile] {
    try ruleFiles(at: [path], endings: endings)
}

/// The same of several paths. A file that several names or links lead to is read once, under the
/// first of them: twice, its groups would be two.
public func ruleFiles(
    at paths: [String], endings: [String] = [".yaml", ".yml"]
) throws(FileFault) -> [SourceFile] {
    var walk = RuleWalk(endings: endings)
    for path in paths { try walk.visit(path) }
    return walk.files
}

/// Collects rule files. Links may lead back to a folder above, which is then not entered again.
private struct RuleWalk {
    let endings: [String]
    private(set) var files: [SourceFile] = []
    private var bytes = 0
    /// Device and inode of each file read.
    private var read: Set<[UInt64]> = []
    /// Device and inode of the folders that the walk is in.
    private var above: [(device: dev_t, inode: ino_t)] = []

    init(endings: [String]) { self.endings = endings }

    mutating func visit(_ path: String) throws(FileFault) {
        guard let status = fileStatus(path), status.isKind(S_IFDIR) else { return try take(path) }
        if above.contains(where: { $0.device == status.st_dev && $0.inode == status.st_ino }) {
            return
        }
        guard above.count <= RuleFileLimits.depth else {
            throw FileFault(
                path: path, reason: "folders more than \(RuleFileLimits.depth) deep")
        }
        guard let names = listFolder(path) else { throw FileFault(path) }
        above.append((status.st_dev, status.st_ino))
        defer { above.removeLast() }
        for name in names.sorted() where !name.hasPrefix(".") {
            try visit(child: path.hasSuffix("/") ? path + name : path + "/" + name)
        }
    }

    private mutating func visit(child: String) throws(FileFault) {
        let status = fileStatus(child)
        if status?.isKind(S_IFDIR) != true {
            guard endings.contains(where: { child.hasSuffix($0) }) else { return }
            // A pipe would wait for its writer.
            if let status, !status.isKind(S_IFREG) {
                throw FileFault(path: child, reason: "not a regular file")
            }
        }
        try visit(child)
    }

    private mutating func take(_ path: String) throws(FileFault) {
        if let status = fileStatus(path),
            !read.insert([UInt64(status.st_dev), UInt64(status.st_ino)]).inserted
        {
            return
        }
        guard files.count < RuleFileLimits.files else {
            throw FileFault(path: path, reason: "more than \(RuleFileLimits.files) files")
        }
        guard let content = readFile(path, limit: RuleFileLimits.bytes - bytes) else {
            throw FileFault(path)
        }
        bytes += content.count
        files.append(SourceFile(path: path, bytes: content))
    }
}
