import Testing

// A rule that cannot fail is no rule: each is shown to object to a bad snippet, and to leave alone
// the good ones that look most like it.

private func source(_ text: String, path: String = "Sources/Model/Snippet.swift") -> SourceText {
    SourceText(path: path, text: text)
}

private func lines(_ violations: [Violation]) -> [Int] { violations.map(\.line) }

@Suite struct ProseBlankingTests {
    private func code(_ text: String) -> String {
        String(decoding: blankingProse(Array(text.utf8)), as: UTF8.self)
    }

    @Test func commentsAndLiteralsAreBlankedAndLineBreaksKept() {
        #expect(code("a // b\nc") == "a     \nc")
        #expect(code("a /* b /* c */ d\n */ e") == "a               \n    e")
        #expect(code(#"f("x\"y")"#) == #"f("    ")"#)
        #expect(code("f(\"\"\"\n a\"b\n \"\"\")") == "f(\"\"\"\n    \n \"\"\")")
    }

    @Test func interpolatedCodeStays() {
        #expect(code(#"f("a \(g("b") + h) c") i"#) == #"f("  \(g(" ") + h)  ") i"#)
    }

    @Test func rawStringsEndAtTheirOwnHashes() {
        #expect(code(##"f(#"a"b"#, c)"##) == ##"f(#"   "#, c)"##)
        #expect(code("#if os(Linux)\nlet a = 1") == "#if os(Linux)\nlet a = 1")
    }
}

@Suite struct ShapeRuleProofTests {
    @Test func aLongLineIsFound() {
        let long = "// " + String(repeating: "x", count: 98)
        #expect(lines(ShapeRules.columns(source("a\n" + long))) == [2])
        #expect(ShapeRules.columns(source(String(long.dropLast()))).isEmpty)
        // A hundred characters of two bytes each still fit.
        #expect(ShapeRules.columns(source(String(repeating: "ä", count: 100))).isEmpty)
    }

    @Test func aLongFunctionIsFound() {
        let body = String(repeating: "    step()\n", count: 69)
        let long = "\nfunc long(\n    a: Int\n) -> Int {\n" + body + "}\n"
        #expect(lines(ShapeRules.functionLength(source(long))) == [2])
        let fits = "func fits() {\n" + body.dropLast("    step()\n".count) + "}\n"
        #expect(ShapeRules.functionLength(source(fits)).isEmpty)
        let built = "init(a: () -> Void = {}) {\n" + body + "}\n"
        #expect(lines(ShapeRules.functionLength(source(built))) == [1])
    }

    @Test func aRequirementHasNoLength() {
        let body = String(repeating: "    step()\n", count: 80)
        let text = "protocol P {\n    func a() -> Int\n    init()\n}\nlet b = {\n" + body + "}\n"
        #expect(ShapeRules.functionLength(source(text)).isEmpty)
        #expect(ShapeRules.functionLength(source("let a = B.init(c)\ndo {\n" + body + "}")).isEmpty)
    }

    @Test func aLongFileIsFoundAndTheListOnlyShrinks() {
        let file = source(String(repeating: "a\n", count: 401))
        #expect(ShapeRules.fileLength(file, longFiles: [:]).count == 1)
        #expect(ShapeRules.fileLength(file, longFiles: [file.path: 401]).isEmpty)
        #expect(ShapeRules.fileLength(file, longFiles: [file.path: 400]).count == 1)
        #expect(ShapeRules.fileLength(file, longFiles: [file.path: 402]).count == 1)
        let short = source(String(repeating: "a\n", count: 400))
        #expect(ShapeRules.fileLength(short, longFiles: [:]).isEmpty)
        #expect(ShapeRules.fileLength(short, longFiles: [short.path: 401]).count == 1)
    }
}

@Suite struct ModuleRuleProofTests {
    private func imports(_ text: String, from module: String) -> [Int] {
        lines(ModuleRules.imports(source(text, path: "Sources/\(module)/Snippet.swift")))
    }

    @Test(arguments: [
        "Foundation", "FoundationEssentials", "Glibc", "Dispatch", "Synchronization", "CCurl",
        "Server", "Agent", "Ingest",
    ])
    func aPureModuleMayNotImport(_ module: String) {
        #expect(imports("import Model\ninternal import \(module)", from: "Wire") == [2])
    }

    @Test func siblingsDoNotKnowEachOther() {
        #expect(imports("import Storage", from: "Wire") == [1])
        #expect(imports("@testable import struct Alerting.Route", from: "Wire") == [1])
        #expect(imports("import Wire", from: "Wire") == [1])
    }

    @Test func whatTheDiagramAllowsPasses() {
        #expect(imports("public import Model\nimport Text\nimport CSnappy", from: "Wire").isEmpty)
        #expect(imports("import Glibc\nimport CCurl\nimport Agent", from: "Server").isEmpty)
        #expect(imports("// import Glibc\nlet important = 1", from: "Model").isEmpty)
    }

    @Test func aModuleWithoutALayerIsFound() {
        #expect(imports("let a = 1", from: "Utilities") == [1])
    }

    @Test func aManifestAgainstTheDiagramIsFound() {
        func manifest(_ entry: String) -> [Violation] {
            ModuleRules.manifest(source(entry, path: "Package.swift"))
        }
        #expect(manifest(#".target(name: "Model", dependencies: ["Text"])"#).count == 1)
        #expect(manifest(#".target(name: "Agent", dependencies: ["Server"])"#).count == 1)
        #expect(manifest(#".target(name: "SLO", dependencies: ["CCurl"])"#).count == 1)
        #expect(manifest(#".target(name: "SLO", dependencies: ["Model", "CMath"])"#).isEmpty)
        #expect(manifest(#".target(name: "Server", dependencies: ["Agent", "CCurl"])"#).isEmpty)
    }

    @Test(arguments: [
        "let t = ContinuousClock.now", "let t = SuspendingClock()", "let d = Date()",
        "clock_gettime(0, &t)", "var g = SystemRandomNumberGenerator()", "Int.random(in: 0..<9)",
        "arc4random()", "getenv(\"HOME\")", "Task { run() }", "await run()", "let m = Mutex(0)",
        "x.hashValue", "list.shuffled()", "let h = Hasher()",
    ])
    func ambientInputsAreFound(_ snippet: String) {
        #expect(!ModuleRules.ambientWords(source("\n" + snippet)).isEmpty)
        let shell = source(snippet, path: "Sources/Server/Snippet.swift")
        #expect(ModuleRules.ambientWords(shell).isEmpty)
    }

    @Test(arguments: ["// a Mutex", "let upDate = upDate(1)", "let Mutexes = 1", "\"hashValue\""])
    func wordsThatOnlyLookAmbientPass(_ snippet: String) {
        #expect(ModuleRules.ambientWords(source(snippet)).isEmpty)
    }

    @Test func printingIsFound() {
        #expect(lines(ModuleRules.printing(source("a()\nprint(a)"))) == [2])
        #expect(ModuleRules.printing(source("blueprint(a) // print(a)")).isEmpty)
        let tool = source("print(a)", path: "Sources/pitot/Snippet.swift")
        #expect(ModuleRules.printing(tool).isEmpty)
    }
}

@Suite struct CodeRuleProofTests {
    @Test func foundationIsFound() {
        let server = "Sources/Server/Snippet.swift"
        #expect(CodeRules.foundation(source("import Foundation", path: server)).count == 1)
        #expect(
            CodeRules.foundation(source("import FoundationNetworking", path: server)).count == 1)
        #expect(CodeRules.foundation(source("import FoundationEssentials", path: server)).isEmpty)
    }

    @Test(arguments: [
        "try! a()", "a as! B", "a!", "a!.b", "a()!", "a[0]!", "let a: Int!", "let a: B<C>!",
        "fatalError(\"\")",
    ])
    func crashesAreFound(_ snippet: String) {
        #expect(lines(CodeRules.crashes(source("\n" + snippet))) == [2])
    }

    @Test(arguments: ["a != b", "a!=b", "!a", "(!a)", "try? a()", "// a!", "\"a!\"", "if !a {}"])
    func whatOnlyLooksLikeACrashPasses(_ snippet: String) {
        #expect(CodeRules.crashes(source(snippet)).isEmpty)
    }

    @Test func packageAccessIsFound() {
        #expect(lines(CodeRules.packageAccess(source("\npackage func a() {}"))) == [2])
        #expect(CodeRules.packageAccess(source("package let a = 1")).count == 1)
        #expect(CodeRules.packageAccess(source("let package = package + 1")).isEmpty)
    }

    @Test func aDefaultInAStateSwitchIsFound() {
        let body = "{\ncase .firing: a()\ndefault: b()\n}"
        #expect(CodeRules.defaultInStateSwitch(source("switch state " + body)).count == 1)
        #expect(CodeRules.defaultInStateSwitch(source("switch self.alertState " + body)).count == 1)
        #expect(CodeRules.defaultInStateSwitch(source("switch byte " + body)).isEmpty)
        let nested = "switch state {\ncase .a: switch byte {\ndefault: b()\n}\ncase .b: c()\n}"
        #expect(CodeRules.defaultInStateSwitch(source(nested)).isEmpty)
    }

    @Test func aNoteWithoutAnIssueIsFound() {
        #expect(CodeRules.notes(source("// TO" + "DO: later")).count == 1)
        #expect(CodeRules.notes(source("// FIX" + "ME later")).count == 1)
        #expect(CodeRules.notes(source("// TO" + "DO(#12): later")).isEmpty)
    }

    @Test func aPublicDeclarationWithoutACommentIsFound() {
        func found(_ text: String) -> [Int] { lines(DocumentationRules.undocumented(source(text))) }
        #expect(found("public struct A {}") == [1])
        #expect(found("@inlinable public static func a() {\n}") == [1])
        #expect(found("public func a() { b() }\npublic func c() {\n}") == [2])
        #expect(found("/// Says.\n@inlinable\npublic func a() {}").isEmpty)
        #expect(found("public init() {}\npublic static func < (l: A, r: A) -> Bool {").isEmpty)
        #expect(found("public func hash(into hasher: inout Hasher) {").isEmpty)
        #expect(
            found("extension A: B {\n    public func c() {\n    }\n}\npublic func d() {\n}") == [5])
        #expect(found("struct A {}\npublic let a = 1").isEmpty)
    }
}

@Suite struct RepositoryRuleProofTests {
    @Test func anUnknownKindOfFileIsFound() {
        #expect(RepositoryRules.fileType("Sources/Model/a.out").count == 1)
        #expect(RepositoryRules.fileType("notes").count == 1)
        #expect(RepositoryRules.fileType("Sources/Model/A.swift").isEmpty)
        #expect(RepositoryRules.fileType("Makefile").isEmpty)
    }

    @Test func aBlobIsFound() {
        #expect(RepositoryRules.fileSize("a.json", bytes: 262_145).count == 1)
        #expect(RepositoryRules.fileSize("a.json", bytes: 262_144).isEmpty)
    }

    @Test func aDeadLinkIsFound() {
        func found(_ text: String) -> [Int] {
            lines(
                RepositoryRules.links(source(text, path: "docs/decisions/1.md")) {
                    $0 == "docs/A.md" || $0 == "Makefile"
                })
        }
        #expect(found("[a](../A.md) [b](../../Makefile#c) [d](https://e.f/g) [h](#i)").isEmpty)
        #expect(found("x\n[a](A.md)") == [2])
        #expect(found("[a](../../../Makefile)") == [1])
    }

    @Test func theSharedFolderIsFound() {
        #expect(RepositoryRules.sharedFolder(source("a\nsee ../sha" + "red/B.md")).count == 1)
        #expect(RepositoryRules.sharedFolder(source("shared/a")).isEmpty)
    }

    @Test func anUnusedExampleIsFound() {
        let user = source("check(\"rules/a.yaml\")", path: "Tests/EndToEnd/check.py")
        let found = RepositoryRules.unusedExamples(["rules/a.yaml", "rules/b.yaml"], users: [user])
        #expect(found.map(\.path) == ["rules/b.yaml"])
    }
}
