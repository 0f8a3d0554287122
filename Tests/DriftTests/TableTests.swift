import Drift
import Model
import Testing

@Suite struct TableTests {
    private func csv(_ text: String, time: String? = nil) throws -> TrainingTable {
        try CSVTable.read(Array(text.utf8), time: time, isInOrder: false)
    }

    private func lines(_ text: String, time: String? = nil) throws -> TrainingTable {
        try NDJSONTable.read(Array(text.utf8), time: time, isInOrder: true)
    }

    private func expectFailure(
        _ line: Int, _ what: TableError.What, _ read: () throws -> TrainingTable
    ) {
        #expect(throws: TableError(line: line, what)) { try read() }
    }

    @Test func columnsOfNumbersAndOfTexts() throws {
        let table = try csv(
            "amount,country,flag\r\n1.5,de,1\r\n,\"a \"\"b\"\", c\nd\",0\r\n-2e3,,\n")
        #expect(table.names == ["amount", "country", "flag"])
        #expect(table.columns[0] == .numbers([1.5, nil, -2000]))
        #expect(table.columns[1] == .texts(["de", "a \"b\", c\nd", nil]))
        #expect(table.columns[2] == .numbers([1, 0, nil]))
        #expect(table.times == nil)
    }

    @Test func whatIsQuotedIsText() throws {
        #expect(try csv("a\n\"1\"\n2").columns[0] == .texts(["1", "2"]))
        #expect(try csv("a\n0x10\nnanny").columns[0] == .texts(["0x10", "nanny"]))
        guard case .numbers(let numbers) = try csv("a\nNaN\n-inf\n3").columns[0] else {
            Issue.record("words for no number are numbers, refused later")
            return
        }
        #expect(numbers[0]?.isNaN == true && numbers[1] == -.infinity && numbers[2] == 3)
    }

    @Test func timesAreSecondsOrMilliseconds() throws {
        let table = try csv("t,x\n1790000000,1\n1790000000500,2\n", time: "t")
        #expect(table.names == ["x"])
        #expect(
            table.times == [
                Timestamp(millis: 1_790_000_000_000), Timestamp(millis: 1_790_000_000_500),
            ])
        expectFailure(1, .noSuchTimeColumn("u")) { try csv("t,x\n1,1\n", time: "u") }
        #expect(throws: TableError.self) { try csv("t,x\nnow,1\n", time: "t") }
        #expect(throws: TableError.self) { try csv("t,x\nnan,1\n", time: "t") }
    }

    @Test func malformedCSVSaysWhere() {
        expectFailure(3, .fields(3, expected: 2)) { try csv("a,b\n1,2\n1,2,3\n") }
        expectFailure(1, .repeatedName("a")) { try csv("a,a\n1,2\n") }
        expectFailure(2, .unclosedQuote) { try csv("a\n\"1\n2\n") }
        expectFailure(2, .textAfterQuote) { try csv("a\n\"1\"2\n") }
        expectFailure(1, .empty) { try csv("") }
        expectFailure(1, .empty) { try csv("a,b\n") }
        expectFailure(2, .badText) {
            try CSVTable.read(Array("a\n".utf8) + [0xff, 0xfe], isInOrder: false)
        }
        #expect(
            TableError(line: 3, .fields(3, expected: 2)).text == "3: 3 fields; expected 2")
    }

    @Test func flatObjectsBecomeColumns() throws {
        let table = try lines(
            #"""
            {"x": 1, "name": "a\u00e9\ud83d\ude00\n"}

            {"x": -2.5e1, "late": true, "name": null}
            {}
            """#)
        #expect(table.names == ["x", "name", "late"])
        #expect(table.columns[0] == .numbers([1, -25, nil]))
        #expect(table.columns[1] == .texts(["aé😀\n", nil, nil]))
        #expect(table.columns[2] == .texts([nil, "true", nil]))
        #expect(table.isInOrder)
    }

    @Test func malformedNDJSONSaysWhere() {
        expectFailure(2, .nested("x")) { try lines("{\"x\":1}\n{\"x\":[1]}") }
        expectFailure(1, .notAnObject) { try lines("[1]") }
        expectFailure(1, .notAnObject) { try lines("{\"x\":1} 2") }
        expectFailure(1, .notAnObject) { try lines("{\"x\":}") }
        expectFailure(1, .notAnObject) { try lines("{\"x\" 1}") }
        expectFailure(1, .unclosedQuote) { try lines("{\"x") }
        expectFailure(1, .badText) { try lines("{\"\\ud800\":1}") }
        expectFailure(1, .badText) { try lines("{\"\\q\":1}") }
    }

    @Test func noTruncationAndNoFlipCrashes() {
        let files = [
            "t,a,b\n1,2.5,\"x \"\"y\"\"\"\n2,,z\n",
            "{\"t\":1,\"a\":2.5,\"b\":\"x\\u0041\\n\"}\n{\"t\":2,\"b\":null}\n",
        ]
        var random = SplitMix64(90)
        for (index, file) in files.enumerated() {
            let bytes = Array(file.utf8)
            func read(_ bytes: [UInt8]) -> Bool {
                let table =
                    index == 0
                    ? try? CSVTable.read(bytes, time: "t", isInOrder: false)
                    : try? NDJSONTable.read(bytes, time: "t", isInOrder: false)
                return table != nil
            }
            let isWhole = read(bytes)
            #expect(isWhole)
            for length in bytes.indices { _ = read(Array(bytes[..<length])) }
            for _ in 0..<2000 {
                var flipped = bytes
                flipped[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() % 256)
                _ = read(flipped)
            }
        }
    }

    @Test func aLiveBaselineIsThatOfItsFirstRows() throws {
        var random = SplitMix64(91)
        let numbers = DriftWorld.normals(200, &random)
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = 1
        let made = BaselineCollector(rows: 200, columns: ["x"], settings)
        var collector = try #require(made)
        for (row, number) in numbers.enumerated() {
            #expect(try collector.build() == nil)
            collector.observe([.number(number)], at: DriftWorld.start + .seconds(Int64(row)))
        }
        collector.observe([.number(1000)], at: DriftWorld.start)
        #expect(collector.isComplete && collector.collected == 200)
        let live = try #require(try collector.build()).baseline
        let file = try DriftWorld.baseline([("x", numbers)])
        #expect(live.id == file.id)
        #expect(BaselineCollector(rows: .max, columns: ["x"], settings) == nil)
    }
}
