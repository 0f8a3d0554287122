import Testing

// Each house rule over the whole repository. That a rule bites is shown in RuleProofTests.swift.

@Suite struct HouseRuleTests {
    private func expectNone(_ violations: [Violation]) {
        for violation in violations { Issue.record("\(violation)") }
    }

    /// All code but what protoc-c generated.
    private var code: [SourceText] {
        Repository.texts.filter { file in
            let folders = ["Sources/", "Tests/", "scripts/"]
            let kinds = [".swift", ".c", ".cpp", ".h", ".py", ".sh"]
            return folders.contains { file.path.hasPrefix($0) }
                && kinds.contains { file.path.hasSuffix($0) } && !file.path.contains(".pb-c.")
        }
    }

    @Test func theRepositoryWasFound() {
        #expect(Repository.text("Package.swift") != nil)
        #expect(Repository.swift.count > 10)
    }

    @Test func linesFit() { expectNone(code.flatMap(ShapeRules.columns)) }

    @Test func functionsFitOnAScreen() {
        expectNone(Repository.swift.flatMap(ShapeRules.functionLength))
    }

    @Test func filesHoldOneIdea() {
        expectNone(
            code.flatMap { ShapeRules.fileLength($0, longFiles: ShapeRules.longFiles) })
        let gone = ShapeRules.longFiles.keys.filter { Repository.text($0) == nil }
        #expect(gone.isEmpty, "longFiles names files that are gone")
    }

    @Test func importsGoOneWay() { expectNone(Repository.swift.flatMap(ModuleRules.imports)) }

    @Test func theManifestFollowsTheDiagram() throws {
        let manifest = try #require(Repository.text("Package.swift"))
        #expect(ModuleRules.declaredDependencies(manifest)["Agent"]?.contains("SLO") == true)
        expectNone(ModuleRules.manifest(manifest))
    }

    @Test func pureModulesTakeTimeAndChanceAsArguments() {
        expectNone(Repository.swift.flatMap(ModuleRules.ambientWords))
    }

    @Test func pureModulesDoNotPrint() {
        expectNone(Repository.swift.flatMap(ModuleRules.printing))
    }

    @Test func sourcesDoNotImportFoundation() {
        expectNone(Repository.swift.flatMap(CodeRules.foundation))
    }

    @Test func sourcesDoNotCrashOnDemand() {
        expectNone(Repository.swift.flatMap(CodeRules.crashes))
    }

    @Test func nothingHasPackageAccess() {
        expectNone(Repository.swift.flatMap(CodeRules.packageAccess))
    }

    @Test func stateSwitchesListTheirCases() {
        expectNone(Repository.swift.flatMap(CodeRules.defaultInStateSwitch))
    }

    @Test func notesForLaterNameTheirIssue() {
        let own = "Tests/TidyTests/"
        expectNone(
            Repository.texts.filter { !$0.path.hasPrefix(own) && !$0.path.hasSuffix(".md") }
                .flatMap(CodeRules.notes))
    }

    @Test func publicDeclarationsSayWhatTheyAre() {
        var allowed = CodeRules.undocumented
        for file in Repository.swift {
            let found = DocumentationRules.undocumented(file)
            let known = allowed.removeValue(forKey: file.path) ?? 0
            if found.count > known { expectNone(found) }
            #expect(
                found.count >= known,
                "lower CodeRules.undocumented for \(file.path) to \(found.count)")
        }
        #expect(allowed.isEmpty, "CodeRules.undocumented names files that are gone")
    }

    @Test func filesAreOfKnownKinds() {
        expectNone(Repository.files.flatMap(RepositoryRules.fileType))
    }

    @Test func filesAreSmall() {
        expectNone(
            Repository.files.flatMap {
                RepositoryRules.fileSize($0, bytes: Repository.size($0))
            })
    }

    @Test func linksLeadSomewhere() {
        expectNone(
            Repository.texts.flatMap { RepositoryRules.links($0, exists: Repository.exists) })
    }

    @Test func aCloneStandsAlone() {
        expectNone(Repository.texts.flatMap(RepositoryRules.sharedFolder))
    }

    @Test func everyExampleIsUsed() {
        let examples = Repository.files.filter { $0.hasPrefix("rules/") && $0.hasSuffix(".yaml") }
        let users = Repository.texts.filter { file in
            file.path.hasPrefix("Tests/") || file.path.hasPrefix("Sources/pitot/")
                || file.path == "Makefile"
        }
        #expect(!examples.isEmpty)
        expectNone(RepositoryRules.unusedExamples(examples, users: users))
    }
}
