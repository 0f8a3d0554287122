import Foundation
import Testing

/// The committed C of the oracle is what protoc-c makes of its .proto files.
@Suite struct GeneratedOracleTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private static let hasGenerator = (ProcessInfo.processInfo.environment["PATH"] ?? "")
        .split(separator: ":")
        .contains { FileManager.default.isExecutableFile(atPath: $0 + "/protoc-c") }

    @Test(.enabled(if: hasGenerator, "protoc-c is not installed"))
    func theCommittedCodeIsWhatIsGenerated() throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "pitot-gen-\(ProcessInfo.processInfo.processIdentifier)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = Self.root.appending(path: "scripts/gen.sh")
        let process = try Process.run(script, arguments: [folder.path])
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        let names = [
            "remote.pb-c.c", "include/remote.pb-c.h", "remote2.pb-c.c", "include/remote2.pb-c.h",
        ]
        for name in names {
            let made = try Data(contentsOf: folder.appending(path: name))
            let committed = try Data(contentsOf: Self.root.appending(path: "Tests/Oracle/" + name))
            #expect(made == committed, "\(name): run `make gen`")
        }
    }
}
