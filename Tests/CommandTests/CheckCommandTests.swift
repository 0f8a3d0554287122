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

    private let faulty = """
        groups:
          - name: g
            rules:
              - alert: Never
                expr: |
                  up and
                  absent(x) > 1

        """

    @Test func findingsEndWithThreeOnlyWhenToldTo() throws {
        let path = try folder.write("rules.yaml", faulty)
        let plain = try Pitot.run("check", path)
        #expect(plain.code == 0)
        #expect(plain.out.hasPrefix(path + ":7:11: warning: this alert never fires: "))
        #expect(plain.out.contains("absent(x) is always 1, never > 1 [never-fires] ("))
        #expect(plain.out.hasSuffix("\n1 files, 0 SLOs, 1 rules: 0 errors, 1 warnings\n"))
        #expect(try Pitot.run("check", "--lint-fatal", path).code == 3)
        let broken = try folder.write("broken.yaml", "kind: SLOs\n")
        #expect(try Pitot.run("check", "--lint-fatal", path, broken).code == 1)
        let ignored = faulty.replacing("up and", with: "up and # pitot:ignore never-fires")
        #expect(
            try Pitot.run("check", "--lint-fatal", try folder.write("r.yaml", ignored)).code == 0)
    }

    @Test func kubernetesResourcesAndTestsAreKnownByTheirContent() throws {
        let resource = """
            apiVersion: monitoring.coreos.com/v1
            kind: PrometheusRule
            metadata: {name: x}
            spec: {groups: [{name: g, rules: [{record: r, expr: "rate(x_total[1s])"}]}]}
            ---
            kind: Service
            """
        let path = try folder.write("resource.yaml", resource)
        let found = try Pitot.run("check", path)
        #expect(found.out.hasPrefix(path + ":4:59: warning: rate over 1s needs two samples"))
        #expect(found.out.hasSuffix("1 files, 0 SLOs, 1 rules: 0 errors, 1 warnings\n"))
        #expect(try Pitot.run("check", "--scrape-interval", "500ms", path).out.hasPrefix("1 files"))
        let test = try folder.write("test.yaml", "tests: [{interval: x}]\n")
        #expect(try Pitot.run("check", test).out.hasPrefix(test + ":1:20: \"interval\" is "))
    }

    @Test func jsonHoldsEachFinding() throws {
        let path = try folder.write("rules.yaml", faulty)
        let ended = try Pitot.run("check", "-o", "json", path)
        let object = try JSONSerialization.jsonObject(with: Data(ended.out.utf8))
        let found = try #require((object as? [String: Any])?["findings"] as? [[String: Any]])
        #expect(found.count == 1 && found.first?["code"] as? String == "never-fires")
        #expect(
            found.first?["line"] as? Int == 7 && found.first?["severity"] as? String == "warning")
    }

    @Test func anAgentThatIsNotThereIsAnError() throws {
        let path = try folder.write("rules.yaml", faulty)
        let ended = try Pitot.run("check", "--agent", "http://127.0.0.1:1", path)
        #expect(ended.code == 1 && ended.out == "")
        #expect(ended.err.hasPrefix("http://127.0.0.1:1: no answer; expected a running agent"))
    }

    /// What `promtool check rules` refuses, with the place of the fault.
    @Test(arguments: [
        ("- {record: a, alert: b, expr: x}", "4:9"), ("- {expr: x}", "4:9"),
        ("- {record: r}", "4:9"), ("- {record: r, expr: 'sum('}", "4:28"),
        ("- {record: '{a}', expr: x}", "4:10"), ("- {record: r, expr: x, for: 1m}", "4:30"),
        ("- {record: r, expr: x, labels: {__name__: y}}", "4:30"),
        ("- {alert: a, expr: x, labels: {a: '{{ $nope }}'}}", "4:9"),
        ("- {alert: a, expr: x, annotations: {a: '{{ if }}'}}", "4:9"),
        ("- {alert: a, expr: x, annotation: {}}", "4:29"),
        ("- {alert: a, expr: x, for: soon}", "4:34"),
        ("- {alert: a, expr: [x]}", "4:26"),
    ])
    func aWrongRuleIsAnErrorWithItsPlace(rule: String, place: String) throws {
        let text = "groups:\n  - name: g\n    rules:\n      \(rule)\n"
        let path = try folder.write("rules.yaml", text)
        let ended = try Pitot.run("check", path)
        #expect(ended.code == 1)
        #expect(ended.out.hasPrefix("\(path):\(place): "), "\(rule): \(ended.out)")
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
        let warned = try folder.write("groups.yaml", faulty)
        #expect(
            try Pitot.run("check", "-o=github", warned).out
                .hasPrefix("::warning file=\(warned),line=7,col=11::"))
    }

    @Test func whatCannotBeReadEndsWithOne() throws {
        let ended = try Pitot.run("check", folder.path + "/nowhere")
        #expect(ended.code == 1 && ended.out == "")
        #expect(
            ended.err == folder.path
                + "/nowhere: No such file or directory; expected a readable file or folder\n")
    }

    @Test(arguments: [
        ["check"], ["check", "-o", "xml", "."], ["check", "--scrape-interval", "x", "."],
        ["query"], ["query", "a", "b"], ["query", "-o", "xml", "a"], ["query", "--time", "x", "a"],
        ["query", "--end", "5", "a"], ["query", "--time", "5", "--start", "5", "a"],
        ["query", "--start", "9", "--end", "5", "a"],
        ["query", "--start", "9", "--step", "0", "a"], ["check", "--nope", "."], ["check", "-o"],
        [],
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
