import Glibc
import Storage

// Segments of samples on disk: `segments/<number>.segment`, written under another name, made
// durable, renamed, then mapped. They are read in place and only ever unlinked; a mapping outlives
// the name.

/// The segments of a data folder.
struct SegmentFolder: Sendable {
    private static let suffix = ".segment"

    let folder: String

    init(in data: String) { folder = data + "/segments" }

    private func path(of number: UInt32) -> String {
        let digits = String(number)
        let zeros = String(repeating: "0", count: max(0, 10 - digits.count))
        return folder + "/" + zeros + digits + Self.suffix
    }

    /// Writes a segment and maps it.
    func write(_ draft: SegmentDraft) throws(LogFault) -> Region {
        guard makeFolder(folder) else { throw LogFault("create", folder) }
        let path = path(of: draft.number)
        let temporary = path + ".tmp"
        let file = open(temporary, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw LogFault("create", temporary) }
        do throws(LogFault) {
            defer { close(file) }
            try writeAll(draft.encode(), to: file, temporary)
            guard fdatasync(file) == 0 else { throw LogFault("fdatasync", temporary) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else { throw LogFault("rename", temporary) }
        try syncFolder(folder)
        return try map(draft.number)
    }

    /// Maps a segment that is there.
    func map(_ number: UInt32) throws(LogFault) -> Region {
        let path = path(of: number)
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw LogFault("open", path) }
        defer { close(file) }
        guard let size = fileSize(path), size > 0,
            let start = mmap(nil, size, PROT_READ, MAP_SHARED, file, 0), start != MAP_FAILED
        else { throw LogFault("map", path) }
        return Region(
            base: UnsafeRawPointer(start), count: size, owner: Mapping(start, size))
    }

    /// Removes segments; those that are gone already are.
    func remove(_ numbers: [UInt32]) {
        for number in numbers { unlink(path(of: number)) }
    }

    /// Removes files that no segment of these numbers has.
    func removeAllBut(_ numbers: Set<UInt32>) {
        for name in listFolder(folder) ?? [] {
            let number = UInt32(name.prefix { $0 != "." })
            let isKnown = name.hasSuffix(Self.suffix) && number.map(numbers.contains) == true
            if !isKnown { unlink(folder + "/" + name) }
        }
    }
}

/// Unmaps a file's bytes when nobody reads them any more.
private final class Mapping {
    private let start: UnsafeMutableRawPointer
    private let count: Int

    init(_ start: UnsafeMutableRawPointer, _ count: Int) {
        self.start = start
        self.count = count
    }

    deinit { munmap(start, count) }
}
