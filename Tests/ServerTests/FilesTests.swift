import Agent
import Foundation
import Glibc
import Testing

@testable import Server

@Suite struct FilesTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func found(_ name: String = "") throws -> [String] {
        let files = try ruleFiles(at: folder.path(name))
        return files.map { String($0.path.dropFirst(folder.path.utf8.count + 1)) }
    }

    private func fault(_ path: String) -> FileFault? {
        do throws(FileFault) {
            _ = try ruleFiles(at: path)
            return nil
        } catch { return error }
    }

    @Test func aFolderGivesItsYAMLFilesInTheOrderOfTheirPaths() throws {
        for name in ["b.yaml", "a.yml", "z/c.yaml", "z/y/d.yml", "a.yaml", "notes.txt", "yaml"] {
            try folder.write(name, name)
        }
        #expect(try found() == ["a.yaml", "a.yml", "b.yaml", "z/c.yaml", "z/y/d.yml"])
        #expect(try ruleFiles(at: folder.path + "/").count == 5)
        #expect(try ruleFiles(at: folder.path)[4].bytes == Array("z/y/d.yml".utf8))
    }

    @Test func aFileOfAnyNameIsReadWhenItIsNamed() throws {
        let path = try folder.write("rules.conf", "x: 1")
        #expect(try ruleFiles(at: path).map(\.path) == [path])
        #expect(try ruleFiles(at: folder.write(".hidden.yaml", "")).count == 1)
    }

    @Test func namesThatBeginWithADotArePassedOver() throws {
        try folder.write(".a.yaml", "")
        try folder.write(".git/b.yaml", "")
        try folder.write("c.yaml", "")
        #expect(try found() == ["c.yaml"])
    }

    @Test func aMountedConfigMapShowsEachFileOnce() throws {
        try folder.write("..2026_11_01/slos.yaml", "new")
        try folder.link("..data", to: "..2026_11_01")
        try folder.link("slos.yaml", to: "..data/slos.yaml")
        #expect(try ruleFiles(at: folder.path).map(\.bytes) == [Array("new".utf8)])
    }

    @Test func anEmptyFolderHasNoFiles() throws { #expect(try found() == []) }

    @Test func whatIsMissingOrUnreadableIsAFault() throws {
        #expect(fault(folder.path("nowhere"))?.reason == "No such file or directory")
        try folder.link("gone.yaml", to: "nowhere")
        #expect(fault(folder.path)?.path == folder.path("gone.yaml"))
        let path = try folder.write("secret.yaml", "")
        chmod(path, 0)
        chmod(folder.path, 0o755)
        #expect(asNobody { self.fault(path) }?.reason == "Permission denied")
    }

    /// A folder that cannot be listed is not an empty one: a reload would drop its SLOs silently.
    @Test func anUnreadableFolderIsAFault() throws {
        try folder.write("closed/a.yaml", "")
        chmod(folder.path("closed"), 0o300)
        chmod(folder.path, 0o755)
        defer { chmod(folder.path("closed"), 0o755) }
        for path in [folder.path("closed"), folder.path] {
            let fault = asNobody { self.fault(path) }
            #expect(fault?.reason == "Permission denied")
            #expect(fault?.path == folder.path("closed"))
        }
    }

    @Test func aLinkBackToAFolderAboveIsFollowedOnce() throws {
        try folder.write("a/slos.yaml", "")
        try folder.link("a/up", to: "..")
        try folder.link("a/self", to: ".")
        try folder.link("b", to: "a")
        var names: [String] = []
        #expect(try seconds { names = try found() } < 2)
        // Both names lead to one file, which is read once.
        #expect(names == ["a/slos.yaml"])
    }

    @Test func foldersNestedTooDeepAreAFault() throws {
        let deep = (0..<RuleFileLimits.depth).map { "d\($0)" }.joined(separator: "/")
        try folder.write(deep + "/a.yaml", "")
        #expect(try found().count == 1)
        try folder.write(deep + "/e/a.yaml", "")
        #expect(fault(folder.path)?.reason.contains("deep") == true)
    }

    @Test func tooManyFilesAreAFault() throws {
        for index in 0...RuleFileLimits.files { try folder.write("\(index).yaml", "") }
        #expect(fault(folder.path)?.reason.contains("more than") == true)
    }

    @Test func filesTooLargeAreAFault() throws {
        let path = try folder.write("a.yaml", "")
        truncate(path, RuleFileLimits.bytes + 1)
        #expect(fault(path)?.reason == "File too large")
        truncate(path, RuleFileLimits.bytes / 2 + 1)
        #expect(fault(folder.path) == nil)
        truncate(try folder.write("b.yaml", ""), RuleFileLimits.bytes / 2 + 1)
        #expect(fault(folder.path)?.reason == "File too large")
        #expect(fault("/dev/zero")?.reason == "File too large")
    }

    @Test func aPipeAmongTheRulesIsAFaultAndDoesNotHang() throws {
        try #require(mkfifo(folder.path("pipe.yaml"), 0o644) == 0)
        #expect(fault(folder.path)?.reason == "not a regular file")
    }

    @Test func theBytesOfAFileAreReadWhole() throws {
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(readFile(try folder.write("a", bytes)) == bytes)
        #expect(readFile(folder.path("nowhere")) == nil)
        #expect(readFile(folder.path) == nil)
        #expect(readFile(folder.path("a"), limit: 200_000) == bytes)
        #expect(readFile(folder.path("a"), limit: 199_999) == nil)
    }

    @Test func foldersAreMadeWithThoseAbove() throws {
        #expect(makeFolder(folder.path("a/b//c/")))
        #expect(isFolder(folder.path("a/b/c")))
        #expect(makeFolder(folder.path("a/b/c")))
        try folder.write("file", "")
        #expect(!makeFolder(folder.path("file")))
        #expect(!makeFolder(folder.path("file/below")))
        #expect(!makeFolder(""))
    }
}
