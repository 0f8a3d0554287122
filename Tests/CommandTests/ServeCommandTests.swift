import Foundation
import Glibc
import Testing

@testable import pitot

/// The agent as a process: what keeps it from starting, signals, and a real full disk.
@Suite struct ServeCommandTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    private func fails(_ options: String...) throws -> String {
        let process = Process()
        process.executableURL = Pitot.binary
        process.arguments =
            ["serve", "--listen", "127.0.0.1:0", "--data", folder.path + "/data"]
            + options
        let err = Pipe()
        process.standardError = err
        try process.run()
        let text = try err.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 1)
        return String(decoding: text, as: UTF8.self)
    }

    @Test func brokenRulesKeepItFromStarting() throws {
        let path = try folder.write("slos.yaml", goodRules.replacing("99", with: "120"))
        #expect(try fails("--rules", path).hasPrefix(path + ":6:"))
    }

    @Test func missingFilesKeepItFromStarting() throws {
        #expect(try fails("--rules", "/nowhere").hasPrefix("/nowhere: No such file"))
        #expect(try fails("--config", "/nowhere").hasPrefix("/nowhere: No such file"))
    }

    @Test func aBadAddressKeepsItFromStarting() throws {
        #expect(try fails("--listen", "nowhere").hasPrefix("cannot listen on nowhere: expected"))
    }

    @Test func anUnusableDataFolderKeepsItFromStarting() throws {
        let text = try fails("--data", "/dev/null/data")
        #expect(text.hasPrefix("the event log cannot be used: create /dev/null/data: "))
    }

    @Test func aLogThatCannotBeReadEndsItWithOne() throws {
        let segment = folder.path + "/data/00000000000000000001.log"
        try FileManager.default.createDirectory(
            atPath: segment, withIntermediateDirectories: true)
        #expect(try fails().contains("the event log cannot be read"))
    }

    @Test func aTermSignalEndsItWithZeroAndAHangUpReloads() throws {
        let rules = try folder.write("slos.yaml", goodRules)
        let agent = try RunningAgent(folder, ["--rules", rules, "--log-format", "json"])
        #expect(agent.log.contains("\"msg\":\"ready\""))
        kill(agent.pid, SIGHUP)
        #expect(agent.waits { _ in agent.taken == 2 })
        try folder.write("slos.yaml", "kind: SLO\n")
        kill(agent.pid, SIGHUP)
        #expect(agent.waits { $0.contains("the old one stays") })
        kill(agent.pid, SIGTERM)
        #expect(agent.exitCode() == 0)
        #expect(agent.log.contains("\"msg\":\"stopped\""))
    }

    /// A file size limit is what a full disk is: a write goes through in part and then fails.
    @Test func aFullDiskIsSurvived() throws {
        let long = "# " + String(repeating: "x", count: 50_000) + "\n" + goodRules
        let rules = try folder.write("slos.yaml", goodRules)
        do {
            let agent = try RunningAgent(folder, ["--rules", rules])
            try folder.write("slos.yaml", long)
            try limitFileSize(of: agent.pid, "20000:unlimited")
            kill(agent.pid, SIGHUP)
            #expect(agent.waits { $0.contains("the log cannot be written") })
            #expect(agent.taken == 1)
            try limitFileSize(of: agent.pid, "unlimited:unlimited")
            #expect(agent.waits { $0.contains("the log can be written again") })
            #expect(agent.waits { _ in agent.taken == 2 })
            kill(agent.pid, SIGKILL)
            #expect(agent.exitCode() == SIGKILL)
        }
        let agent = try RunningAgent(folder, ["--rules", rules])
        #expect(agent.log.contains("log replayed") && !agent.log.contains("log cut"))
    }

    private func limitFileSize(of pid: Int32, _ limit: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
        process.arguments = ["--pid", "\(pid)", "--fsize=" + limit]
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
    }
}

/// `pitot serve` under a test's eyes; killed with it.
final class RunningAgent {
    private let process = Process()
    private let folder: Folder

    var pid: Int32 { process.processIdentifier }
    var log: String { folder.read("agent.log") }
    /// How often it took a configuration; once at the start.
    var taken: Int { log.ranges(of: "configuration taken").count }

    init(_ folder: Folder, _ options: [String]) throws {
        self.folder = folder
        try folder.write("agent.log", "")
        process.executableURL = Pitot.binary
        process.arguments =
            ["serve", "--listen", "127.0.0.1:0", "--data", folder.path + "/data"] + options
        process.standardError = FileHandle(forWritingAtPath: folder.path + "/agent.log")
        try process.run()
        try #require(waits { $0.contains("msg=ready") || $0.contains(#""msg":"ready""#) })
    }

    deinit {
        if process.isRunning { kill(pid, SIGKILL) }
        process.waitUntilExit()
    }

    /// Whether the log comes to say something, within ten seconds.
    func waits(_ holds: (String) -> Bool) -> Bool {
        for _ in 0..<1000 {
            if holds(log) { return true }
            usleep(10_000)
        }
        return false
    }

    func exitCode() -> Int32? {
        for _ in 0..<1000 where process.isRunning { usleep(10_000) }
        return process.isRunning ? nil : process.terminationStatus
    }
}
