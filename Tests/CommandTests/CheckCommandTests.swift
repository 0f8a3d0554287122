import Foundation
import Testing

@testable import pitot

@Suite struct CheckCommandTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test func cleanFilesEndWithZero() throws {
        try folder.write("slos.yaml", goodRules)
        try folder.write("pitot.yaml", "listen: 127.0.0.1:0\n")
        let ended = try Pitot.run("check", folder.path)
        #expect(ended.code == 0 && ended.err == "")
        #expect(ended.out == "2 files, 1 SLOs: 0 errors, 0 warnings\n")
    }

    @Test func errorsEndWithOneAndTheirPlace() throws {
        let path = try folder.write("slos.yaml", goodRules.replacing("objective", with: "objectiv"))
        let ended = try Pitot.run("check", path)
        #expect(ended.code == 1 && ended.err == "")
        #expect(ended.out.hasPrefix(path + ":"))
        #expect(ended.out.contains("did you mean"))
        #expect(ended.out.contains("1 files, "))
    }

    @Test func aBrokenConfigurationIsAnError() throws {
        let path = try folder.write("pitot.yaml", "lisen: x\n")
        let ended = try Pitot.run("check", path)
        #expect(ended.code == 1)
        #expect(ended.out.hasPrefix(path + ":1:1: "))
    }

    @Test func warningsEndWithThreeOnlyWhenToldTo() throws {
        let path = try folder.write("groups.yaml", "groups: []\n")
        let plain = try Pitot.run("check", path)
        #expect(plain.code == 0)
        #expect(plain.out.contains(path + ":1:1: warning: "))
        #expect(plain.out.hasSuffix("1 files, 0 SLOs: 0 errors, 1 warnings\n"))
        #expect(try Pitot.run("check", "--lint-fatal", path).code == 3)
        let broken = try folder.write("broken.yaml", "kind: SLOs\n")
        #expect(try Pitot.run("check", "--lint-fatal", path, broken).code == 1)
    }

    @Test func githubAnnotationsAreOneLineEach() throws {
        let path = try folder.write("50%, new:slos.yaml", "kind: \"SL%0AOs\"\n")
        let ended = try Pitot.run("check", "-o", "github", path)
        #expect(ended.code == 1)
        let lines = ended.out.split(separator: "\n").filter { $0.hasPrefix("::") }
        let file = folder.path + "/50%25%2C new%3Aslos.yaml"
        #expect(!lines.isEmpty)
        for line in lines { #expect(line.hasPrefix("::error file=\(file),line=1,col="), "\(line)") }
        #expect(lines.contains { $0.contains("SL%250AOs") })
        let warned = try folder.write("groups.yaml", "groups: []\n")
        #expect(
            try Pitot.run("check", "-o=github", warned).out
                .hasPrefix("::warning file=\(warned),line=1,col=1::"))
    }

    @Test func whatCannotBeReadEndsWithOne() throws {
        let ended = try Pitot.run("check", folder.path + "/nowhere")
        #expect(ended.code == 1 && ended.out == "")
        #expect(
            ended.err == folder.path
                + "/nowhere: No such file or directory; expected a readable file or folder\n")
    }

    @Test(arguments: [
        ["check"], ["check", "-o", "xml", "."], ["check", "--nope", "."], ["check", "-o"], [],
        ["chek"], ["demo", "--pace", "x"], ["demo", "--pace", "-1"], ["demo", "x"],
        ["serve", "x"], ["serve", "--nope"], ["serve", "--data"],
        ["serve", "--log-format", "xml"], ["serve", "--listen"],
    ])
    func aBadLineEndsWithTwoAndTheUsage(line: [String]) throws {
        #expect(CommandLineTool.run(line) == 2)
    }

    @Test func helpEndsWithZeroAndTheUsageOnStandardOutput() throws {
        for command in [["help"], ["--help"], ["-h"], ["serve", "--help"], ["check", "--help"]] {
            #expect(CommandLineTool.run(command) == 0)
        }
        let ended = try Pitot.run("serve", "--help")
        #expect(ended.out.hasPrefix("usage: pitot serve") && ended.err == "")
        let usage = try Pitot.run("serve", "--nope")
        #expect(usage.code == 2 && usage.out == "")
        #expect(usage.err.hasPrefix("pitot serve: unknown option --nope; expected one of "))
        #expect(usage.err.contains("usage: pitot serve"))
        #expect(try Pitot.run("version").out.hasPrefix("pitot "))
    }
}
