import Drift
import Foundation
import Testing

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
}
