import Drift
import Foundation
import Testing
import Text

@testable import pitot

/// `pitot drift` on files, and its report of an agent's answer.
@Suite struct DriftCommandTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "pitot-drift-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }

    private func write(_ name: String, _ text: String) throws -> String {
        let file = folder.appending(path: name)
        try Data(text.utf8).write(to: file)
        return file.path
    }

    private var baselines: [String] {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: folder.appending(path: "out").path)
        return (names ?? []).sorted().map { folder.appending(path: "out/\($0)").path }
    }

    private func csv(shift: Int = 0) -> String {
        "age,zip,city\n"
            + (0..<500).map { row in
                "\((row * 37) % 60 + shift),\(row % 7),\(row % 3 == 0 ? "Bonn" : "Ulm")\n"
            }.joined()
    }

    private func make(_ file: String, _ more: String...) -> Int32 {
        DriftCommand.run(
            ["baseline", file, "--model", "credit", "-o", folder.appending(path: "out").path]
                + more)
    }

    @Test func theSameRowsGiveTheSameFile() throws {
        let file = try write("a.csv", csv())
        #expect(make(file, "--thin", "1") == 0 && make(file, "--thin", "1") == 0)
        let names = baselines
        #expect(names.count == 1)
        let bytes = Array(try Data(contentsOf: URL(filePath: names[0])))
        let baseline = try #require(Baseline(bytes: bytes))
        #expect(names[0].hasSuffix("/\(baseline.id).baseline"))
        #expect(baseline.isGuaranteed && baseline.rows == 500)
        #expect(DriftCommand.run(["diff", names[0], names[0]]) == 0)
    }

    @Test func whatIsDifferentIsAFinding() throws {
        #expect(make(try write("a.csv", csv()), "--thin", "1") == 0)
        #expect(make(try write("b.csv", csv(shift: 20)), "--thin", "1") == 0)
        let names = baselines
        #expect(names.count == 2)
        #expect(DriftCommand.run(["diff", names[0], names[1]]) == 3)
        let broken = try write("broken", "no baseline")
        #expect(DriftCommand.run(["diff", names[0], broken]) == 1)
    }

    @Test func columnsOfNumbersCanBeNames() throws {
        let file = try write("a.csv", csv())
        #expect(make(file, "--categorical", "zip", "--ignore", "age,city") == 0)
        let bytes = Array(try Data(contentsOf: URL(filePath: baselines[0])))
        let baseline = try #require(Baseline(bytes: bytes))
        #expect(baseline.features.map(\.name) == ["zip"])
        guard case .levels(let levels) = baseline.features[0].cells else {
            Issue.record("zip is not cut into levels")
            return
        }
        #expect(levels.sorted() == ["0", "1", "2", "3", "4", "5", "6"])
    }

    @Test func badLinesAndOptionsAreSaid() throws {
        #expect(make(try write("a.csv", "a,b\n1\n")) == 1)
        #expect(make(try write("few.csv", "a\n1\n2\n")) == 1)
        #expect(make(folder.path + "/none.csv") == 1)
        #expect(make(try write("b.csv", csv()), "--phases", "hourOfDay") == 2)
        #expect(make(try write("b.csv", csv()), "--thin", "0") == 2)
        #expect(DriftCommand.run([]) == 2)
        #expect(DriftCommand.run(["report", "--agent", "http://127.0.0.1:1"]) == 1)
    }

    @Test func aReportIsLinesOrOneFile() throws {
        let answer = """
            {"status":"success","data":{"models":[{"model":"<credit>","namespace":"","endpoint":"",
             "version":"3","state":"drifted","rows":{"seen":900,"used":500},
             "baseline":{"rows":400,"guarantee":"one row in 1 is used"},
             "detector":{"evidence":2e5,"budget":1e5,"alarms":1},
             "alarm":{"moved":[{"feature":"age","cells":[
              {"cell":"[1, 2)","before":0.1,"now":0.4}]}]},
             "windows":{"clean":2,"drifted":1,"noData":0},
             "lastWindow":{"rows":400,"pValue":0.00001,"features":[{"feature":"age","unit":"years",
              "measures":{"psi":{"value":0.31,"pValue":0},"chi_squared":{"value":9,"pValue":0}},
              "moved":[{"cell":"[1, 2)","before":0.1,"now":0.4}],
              "cells":[{"cell":"[1, 2)","baseline":40,"now":160},
               {"cell":"x","baseline":360,"now":240}]}]}
            }]}}
            """
        let report = try #require(DriftReport(Array(answer.utf8)))
        #expect(report.text.contains("<credit> (version 3): drifted"))
        #expect(report.text.contains("[1, 2) 10.0 % -> 40.0 %"))
        let html = report.html
        #expect(html.contains("&lt;credit&gt;") && !html.contains("<credit>"))
        #expect(html.contains("<svg") && html.contains("age [years]: PSI 0.3100"))
        #expect(!html.contains("http"), "it needs nothing else")
        #expect(DriftReport(Array("{}".utf8)) == nil)
    }

    /// Counters as an agent tells them.
    private func counters(_ baseline: Baseline, _ ends: [Int: [Int]], seed: Int = 7) -> String {
        let intervals = ends.sorted { $0.key < $1.key }.map { end, cells in
            let rows = cells.reduce(0, +)
            let filled = cells.enumerated().filter { $0.element > 0 }
                .map { "[0,0,\($0.offset),\($0.element)]" }.joined(separator: ",")
            return "{\"end\":\(end),\"rows\":\(rows),\"cells\":[\(filled)]}"
        }
        return """
            {"status":"success","data":{"models":[{"model":"credit","stream":"inputs",\
            "baseline":"\(baseline.id)","seed":"\(seed)","budgetRows":1000,"alpha":0.001,\
            "windowRowsMin":100,"usedRowsMin":0,"effectMin":null,"evidence":10.5,
            "intervals":[\(intervals.joined(separator: ","))]}]}}
            """
    }

    @Test func countersOfAgentsAreJudgedAsOne() throws {
        let file = try write("a.csv", csv())
        #expect(make(file, "--thin", "1", "--ignore", "zip,city", "--unit", "age=years") == 0)
        let bytes = Array(try Data(contentsOf: URL(filePath: baselines[0])))
        let baseline = try #require(Baseline(bytes: bytes))
        #expect(baseline.units == ["age": "years"])
        let cells = baseline.features[0].valueCells.count
        let even = [Int](repeating: 10, count: cells)
        let high = (0..<cells).map { $0 < cells / 2 ? 0 : 20 }
        func half(_ counts: [Int]) -> [Int] { counts.map { $0 / 2 } }
        let whole = try write("w", counters(baseline, [3600: even, 7200: high]))
        let one = try write("1", counters(baseline, [3600: half(even), 7200: half(high)]))
        let two = try write("2", counters(baseline, [7200: half(high), 3600: half(even)]))
        let other = try write("o", counters(baseline, [3600: even], seed: 8))
        func merge(_ files: String...) -> Int32 {
            DriftCommand.run(["merge", "--baseline", baselines[0]] + files)
        }
        #expect(merge(whole) == 3 && merge(one, two) == 3)
        #expect(merge(whole, other) == 1)
        #expect(merge(file) == 1 && merge() == 2)
        func steps(_ files: String...) throws -> [DriftMerges.Outcome] {
            var merges = DriftMerges()
            merges.know(baseline)
            for file in files {
                let root = try JSONValue.parse(Array(try Data(contentsOf: URL(filePath: file))))
                for model in root["data"]?["models"]?.elements ?? [] {
                    #expect(merges.add(model) == nil)
                }
            }
            return try #require(merges.run())
        }
        let (single, split) = (try steps(whole), try steps(two, one))
        #expect(single[0].steps == split[0].steps && single[0].steps.count == 2)
        #expect(split[0].agents == 2 && split[0].summed == 21)
        let lines = DriftMerges.text(single).split(separator: "\n")
        let others = DriftMerges.text(split).split(separator: "\n")
        #expect(lines.dropFirst().dropLast() == others.dropFirst().dropLast())
        #expect(lines.contains { $0.contains("alarm at row") && $0.contains("age") })
        let said = try JSONValue.parse(Array(DriftMerges.json(single).utf8))
        #expect(said[0]?["intervals"]?[1]?["alarms"]?[0]?["features"]?[0]?.asString == "age")
    }
}
