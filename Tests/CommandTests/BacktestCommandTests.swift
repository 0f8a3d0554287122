import Foundation
import Testing

private let history = """
    interval: 1m
    input_series:
      - series: requests_total{job="shop", instance="a", code="200"}
        values: 0+600x120 72000x120
      - series: requests_total{job="shop", instance="a", code="500"}
        values: 0x120 600+600x119
    """

private let incidents = """
    incidents:
      - {name: outage, start: 2026-01-01T02:00:00Z, end: 2026-01-01T04:00:00Z, service: shop}
    """

@Suite struct BacktestCommandTests {
    private func folder() throws -> Folder {
        let folder = try Folder()
        try folder.write("history.yaml", history)
        try folder.write("incidents.yaml", incidents)
        try folder.write("a.yaml", goodRules)
        try folder.write(
            "b.yaml", goodRules.replacing("objective: 99\n", with: "objective: 99.9\n"))
        try folder.write("same.yaml", goodRules + "# a remark\n")
        return folder
    }

    @Test func oneRuleSetEndsWithZeroAndTellsItsPages() throws {
        let folder = try folder()
        let ended = try Pitot.run(
            "backtest", "--rules", folder.path + "/a.yaml", "--from", folder.path + "/history.yaml",
            "--incidents", folder.path + "/incidents.yaml")
        #expect(ended.code == 0, "\(ended.err)")
        #expect(ended.out.contains("incident outage: paged after 8m"))
        #expect(ended.out.contains("false pages: 0"))
    }

    @Test func rulesThatPageDifferentlyEndWithThree() throws {
        let folder = try folder()
        for format in ["text", "json", "markdown"] {
            let ended = try Pitot.run(
                "backtest", "--rules", folder.path + "/a.yaml", "--against",
                folder.path + "/b.yaml", "--from", folder.path + "/history.yaml", "-o", format)
            #expect(ended.code == 3, "\(ended.err)")
            #expect(ended.out.contains("moved"))
        }
    }

    @Test func rulesThatPageAlikeEndWithZero() throws {
        let folder = try folder()
        let ended = try Pitot.run(
            "backtest", "--rules", folder.path + "/a.yaml", "--against",
            folder.path + "/same.yaml", "--from", folder.path + "/history.yaml")
        #expect(ended.code == 0, "\(ended.err)")
        #expect(ended.out.contains("page and ticket alike"))
    }

    @Test func aBadLineEndsWithTwoAndABadFileWithOne() throws {
        let folder = try folder()
        #expect(try Pitot.run("backtest", "--rules", "x").code == 2)
        #expect(try Pitot.run("backtest", "--rules", "x", "--from", "y", "-o", "pdf").code == 2)
        #expect(
            try Pitot.run("backtest", "--rules", "x", "--from", "y", "--start", "noon").code == 2)
        let missing = try Pitot.run(
            "backtest", "--rules", folder.path + "/none.yaml", "--from",
            folder.path + "/history.yaml")
        #expect(missing.code == 1)
        #expect(missing.err.contains("none.yaml"))
        let empty = try Pitot.run(
            "backtest", "--rules", folder.path + "/a.yaml", "--from", folder.path)
        #expect(empty.code == 1)
        #expect(empty.err.contains("neither a recording nor the data folder"))
    }
}
