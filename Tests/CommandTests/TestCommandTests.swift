import Foundation
import Testing

@testable import pitot

private let rules = """
    groups:
      - name: g
        rules:
          - {record: twice, expr: x * 2}

    """

private let good = """
    rule_files: [rules.yml]
    tests:
      - name: first
        input_series: [{series: x, values: 1 2}]
        promql_expr_test:
          - {expr: twice, eval_time: 1m, exp_samples: [{labels: twice, value: 4}]}
      - name: second
        promql_expr_test: [{expr: vector(1), eval_time: 0, exp_samples: [{value: 1}]}]

    """

@Suite struct TestCommandTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    @Test func passingFilesEndWithZero() throws {
        try folder.write("rules.yml", rules)
        let ended = try Pitot.run("test", try folder.write("test.yml", good))
        #expect(ended.code == 0 && ended.err == "" && ended.out == "2 passed, 0 failed\n")
    }

    @Test func failuresEndWithOneAndShowTheDifference() throws {
        try folder.write("rules.yml", rules)
        let path = try folder.write("test.yml", good.replacing("value: 4", with: "value: 5"))
        let ended = try Pitot.run("test", path)
        #expect(ended.code == 1)
        #expect(
            ended.out == """
                \(path):6:9: test "first": expr twice at 1m: 1 samples expected, 1 found
                    - twice 5
                    + twice 4
                1 passed, 1 failed

                """)
    }

    @Test func runTakesOnlyTheTestsThatMatch() throws {
        try folder.write("rules.yml", rules)
        let path = try folder.write("test.yml", good.replacing("value: 4", with: "value: 5"))
        let ended = try Pitot.run("test", "--run", "^sec", path)
        #expect(ended.code == 0 && ended.out == "1 passed, 0 failed\n")
        #expect(try Pitot.run("test", "--run", "sec", "--run", "irs", path).code == 1)
        #expect(try Pitot.run("test", "--run", "(", path).code == 2)
    }

    @Test func missingRulesWarnAndBrokenOnesFailEveryExpectation() throws {
        let path = try folder.write("test.yml", good)
        let missing = try Pitot.run("test", "--run", "second", path)
        #expect(missing.code == 0)
        #expect(missing.err == "\(path):1:14: warning: no file matches \"rules.yml\"\n")
        let broken = try folder.write("rules.yml", rules.replacing("x * 2", with: "x *"))
        let ended = try Pitot.run("test", path)
        #expect(ended.code == 1 && ended.out.hasSuffix("0 passed, 2 failed\n"))
        #expect(ended.out.hasPrefix("\(broken):4:31: could not parse expression: "))
    }

    @Test func whatCannotBeReadFails() throws {
        let ended = try Pitot.run("test", folder.path + "/nothing.yml")
        #expect(ended.code == 1 && ended.out.hasSuffix("0 passed, 1 failed\n"))
        #expect(ended.out.contains("nothing.yml: No such file or directory"))
        let path = try folder.write("test.yml", "tsets: []\n")
        let wrong = try Pitot.run("test", path)
        #expect(wrong.code == 1 && wrong.out.hasPrefix("\(path):1:1: unknown key \"tsets\""))
        #expect(try Pitot.run("test", "--ignore-unknown-fields", path).code == 0)
    }

    @Test func featuresAreOffUnlessAskedFor() throws {
        let text = """
            tests:
              - input_series: [{series: x, values: 1 2}]
                promql_expr_test:
                  - {expr: "mad_over_time(x[5m])", eval_time: 1m, exp_samples: [{value: 0.5}]}
            """
        let path = try folder.write("test.yml", text)
        #expect(try Pitot.run("test", path).code == 1)
        let on = try Pitot.run(
            "test", "--enable-feature", "promql-delayed-name-removal,promql-experimental-functions",
            path)
        #expect(on.code == 0)
        #expect(try Pitot.run("test", "--enable-feature", "x", path).code == 2)
    }

    @Test func junitHasACaseForEachTest() throws {
        try folder.write("rules.yml", rules)
        let path = try folder.write("te<st.yml", good.replacing("value: 4", with: "value: 5"))
        _ = try Pitot.run("test", "--junit", folder.path + "/out.xml", path)
        let text = folder.read("out.xml")
        let parser = XMLParserBox(text)
        #expect(parser.isWellFormed)
        #expect(text.contains("te&lt;st.yml\" tests=\"2\" failures=\"1\" errors=\"0\""))
        #expect(text.contains("<testcase name=\"second\"></testcase>"))
        #expect(text.contains("- twice 5&#xA;+ twice 4</failure>"))
        let bad = try Pitot.run("test", "--junit", folder.path + "/no/out.xml", path)
        #expect(bad.code == 1 && bad.err.contains("No such file or directory"))
    }

    @Test(arguments: [["test"], ["test", "--junit"], ["test", "--nope", "x"]])
    func aBadLineEndsWithTwo(line: [String]) { #expect(CommandLineTool.run(line) == 2) }

    /// The files that `Tests/EndToEnd/test_rule_tests.py` also gives to a real promtool.
    @Test func eachFileOfTheCorpusHasTheVerdictOfItsName() throws {
        let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("RuleTests")
        let files = try FileManager.default.contentsOfDirectory(atPath: corpus.path).sorted()
            .filter { $0.hasSuffix(".yml") }
        #expect(files.count >= 40)
        for file in files {
            let ended = try Pitot.run("test", corpus.path + "/" + file)
            #expect(ended.code == (file.hasPrefix("pass-") ? 0 : 1), "\(file): \(ended.out)")
        }
    }
}

/// Brackets that open and close: enough to see that nothing is left unescaped.
private struct XMLParserBox {
    let isWellFormed: Bool

    init(_ text: String) {
        var open: [Substring] = []
        var isGood = true
        for part in text.split(separator: "<") {
            guard let end = part.firstIndex(of: ">") else {
                isGood = false
                break
            }
            let name = part[..<end].prefix { $0 != " " }
            if name.hasPrefix("/") {
                isGood = isGood && open.popLast() == name.dropFirst()
            } else {
                open.append(name)
            }
        }
        isWellFormed = isGood && open.isEmpty
    }
}

@Suite struct PathGlobTests {
    @Test(arguments: [
        ("*.yml", "a.yml", true), ("*.yml", ".yml", true), ("*.yml", "a.yaml", false),
        ("a?c", "abc", true), ("a?c", "ac", false), ("[a-c]x", "bx", true),
        ("[^a-c]x", "bx", false), ("[^a-c]x", "dx", true), ("\\*", "*", true),
        ("\\*", "a", false), ("*a*b*", "xaybz", true), ("*a*b*", "xbya", false), ("", "", true),
        ("**", "anything", true), ("[]a]", "]", false), ("[-a]", "-", false),
        ("[\\]a]", "]", true),
    ])
    func aPartMatchesAsInGo(pattern: String, name: String, matches: Bool) {
        #expect(
            PathGlob.matches(Array(pattern.utf8)[...], Array(name.utf8)[...]) == matches,
            "\(pattern) \(name)")
    }

    @Test func filesAreFoundSortedThroughFolders() throws {
        let folder = try Folder()
        for name in ["x", "y"] {
            try FileManager.default.createDirectory(
                atPath: folder.path + "/" + name, withIntermediateDirectories: false)
        }
        for name in ["x/b.yml", "x/a.yml", "y/c.yml", "y/d.txt"] { try folder.write(name, "") }
        let found = PathGlob.files(matching: folder.path + "/*/*.yml")
        #expect(
            found?.map { String($0.dropFirst(folder.path.count + 1)) } == [
                "x/a.yml", "x/b.yml", "y/c.yml",
            ])
        #expect(PathGlob.files(matching: folder.path + "/x/a.yml")?.count == 1)
        #expect(PathGlob.files(matching: folder.path + "/z/*.yml") == [])
        #expect(PathGlob.files(matching: folder.path + "/[x") == nil)
    }
}
