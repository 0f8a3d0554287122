import Foundation
import Testing

@testable import pitot

@Suite struct ConvertCommandTests {
    private let folder: Folder

    init() throws { folder = try Folder() }

    private let sloth = """
        version: prometheus/v1
        service: shop
        slos:
          - name: payments
            objective: 99.9
            sli:
              events:
                error_query: sum(rate(pay_total{code="500"}[{{.window}}]))
                total_query: sum(rate(pay_total[{{.window}}]))
            alerting: {name: PaymentsFail}

        """

    @Test func aFolderBecomesAFolderThatChecksAndGeneratesRules() throws {
        try FileManager.default.createDirectory(
            atPath: folder.path + "/in/deep", withIntermediateDirectories: true)
        try folder.write("in/deep/shop.yml", sloth)
        try folder.write("in/other.yaml", "kind: Kustomization\n")
        try folder.write("in/notes.md", "nothing to read\n")
        let out = folder.path + "/out"
        let ended = try Pitot.run("convert", "-o", out, folder.path + "/in")
        #expect(ended.code == 1 && ended.err == "")
        #expect(
            ended.out.contains("/in/deep/shop.yml:4:5: shop/payments: events, 99.9 % over 30d\n"))
        #expect(ended.out.contains("refused: \(folder.path)/in/other.yaml:1:1: a Kustomization"))
        #expect(ended.out.hasSuffix("\n1 converted, 1 refused\n"))
        let checked = try Pitot.run("check", "--lint-fatal", out)
        #expect(checked.code == 0, "\(checked.out)")
        #expect(checked.out == "1 files, 1 SLOs: 0 errors, 0 warnings\n")
        let rules = try Pitot.run("generate", "rules", "-o", folder.path + "/rules", out)
        #expect(rules.code == 0 && rules.out.hasSuffix("1 generated, 0 refused\n"))
        #expect(folder.read("rules/slo-shop.yaml").contains("alert: SLOBurn"))
    }

    @Test func withoutAFolderTheFilesGoToStandardOutput() throws {
        let path = try folder.write("shop.yaml", sloth)
        let ended = try Pitot.run("convert", path, path)
        #expect(ended.code == 0)
        #expect(ended.out.hasPrefix("# Converted by `pitot convert` from \(path).\n"))
        #expect(ended.out.split(separator: "\n").filter { $0 == "---" }.count == 1)
        #expect(ended.err.hasSuffix("\n2 converted, 0 refused\n"))
    }

    @Test func theReportIsJSONWhenAsked() throws {
        let path = try folder.write("shop.yaml", sloth)
        let out = folder.path + "/out"
        let ended = try Pitot.run("convert", "--report", "json", "-o", out, path)
        #expect(ended.code == 0)
        let json = try JSONSerialization.jsonObject(with: Data(ended.out.utf8)) as? [String: Any]
        #expect(json?["converted"] as? Int == 1 && json?["refused"] as? Int == 0)
        let files = json?["files"] as? [[String: Any]]
        #expect(files?.first?["source"] as? String == "sloth")
        let slos = files?.first?["slos"] as? [[String: Any]]
        #expect((slos?.first?["differences"] as? [[String: Any]])?.isEmpty == false)
    }

    @Test func twoFilesOfOneNameAreNotWrittenOverEachOther() throws {
        try folder.write("a.yml", sloth)
        try folder.write("a.yaml", sloth)
        let ended = try Pitot.run("convert", "-o", folder.path + "/out", folder.path)
        #expect(ended.code == 1 && ended.err.contains("both become"))
    }

    @Test(arguments: [
        ["convert"], ["convert", "--report", "xml", "x"], ["convert", "--sloth-period", "1h", "x"],
        ["convert", "--nope", "x"], ["generate"], ["generate", "x"], ["generate", "rules", "x"],
        ["generate", "rules", "-o", "x"], ["generate", "rules", "-o", "x", "--format", "y", "z"],
    ])
    func aBadLineEndsWithTwo(line: [String]) throws {
        #expect(CommandLineTool.run(line) == 2)
    }

    @Test func whatCannotBeReadEndsWithOne() throws {
        #expect(try Pitot.run("convert", folder.path + "/nowhere").code == 1)
        #expect(try Pitot.run("generate", "rules", "-o", "x", folder.path + "/nowhere").code == 1)
        let broken = try folder.write("broken.yaml", "kind: SLOs\n")
        #expect(try Pitot.run("generate", "rules", "-o", "x", broken).code == 1)
    }
}
