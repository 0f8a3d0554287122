import Foundation
import Testing

// Runs the built `pitot` as a person would.

struct Ended {
    let code: Int32
    let out: String
    let err: String
}

enum Pitot {
    /// Beside the test bundle, where the build puts both.
    static var binary: URL {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let here = bundle.appendingPathComponent("pitot")
        if FileManager.default.isExecutableFile(atPath: here.path) { return here }
        return bundle.deletingLastPathComponent().appendingPathComponent("pitot")
    }

    static func run(_ arguments: String..., input: String = "") throws -> Ended {
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        let out = Pipe()
        let err = Pipe()
        process.standardOutput = out
        process.standardError = err
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let outBytes = try out.fileHandleForReading.readToEnd() ?? Data()
        let errBytes = try err.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Ended(
            code: process.terminationStatus, out: String(decoding: outBytes, as: UTF8.self),
            err: String(decoding: errBytes, as: UTF8.self))
    }
}

/// A folder of one test. Gone with the value.
final class Folder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/pitot-command-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        let file = path + "/" + name
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }

    func read(_ name: String) -> String {
        (try? String(contentsOfFile: path + "/" + name, encoding: .utf8)) ?? ""
    }
}

let goodRules = """
    apiVersion: pitot/v1
    kind: SLOs
    service: shop
    slos:
      - name: availability
        objective: 99
        period: 30d
        sli:
          events:
            bad: requests_total{code="500"}
            total: requests_total

    """
