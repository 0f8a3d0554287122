import Model
import Testing
import Text

@testable import Wire

/// NDJSON of features; `JSONValue`, another parser, is the oracle.
@Suite struct FeatureRowsTests {
    private func read(_ text: String, time: String? = nil, limits: FeatureLimits = FeatureLimits())
        throws -> (frames: [FeatureFrame], faults: [PayloadFault])
    {
        guard let rows = FeatureRows(limits: limits) else { throw NoMemory() }
        return rows.read(Array(text.utf8), time: time)
    }

    @Test func rowsOfTheSameMembersAreOneFrame() throws {
        let (frames, faults) = try read(
            "{\"a\":1,\"b\":\"x\"}\n{\"b\":\"y\",\"a\":2.5}\r\n\n{\"a\":null}")
        #expect(faults.isEmpty)
        #expect(frames.count == 1)
        #expect(frames[0].columns == ["a", "b"])
        #expect(frames[0].texts == ["x", "y"])
        let words: [FeatureWord] = [
            FeatureWord(1), FeatureWord(text: 0), FeatureWord(2.5), FeatureWord(text: 1), .missing,
            .missing,
        ]
        #expect(frames[0].words == words)
    }

    @Test func aNewMemberBeginsAFrame() throws {
        let (frames, _) = try read("{\"a\":1}\n{\"a\":2,\"b\":3}\n{\"a\":4}\n")
        #expect(frames.map(\.columns) == [["a"], ["a", "b"]])
        #expect(frames.map(\.rows) == [1, 2])
    }

    @Test func numbersThatJSONDoesNotHaveAreTakenForWhatTheyAre() throws {
        let (frames, faults) = try read(
            "{\"a\":NaN,\"b\":-Infinity,\"c\":\"NaN\",\"d\":Infinity}\n")
        #expect(faults.isEmpty)
        #expect(frames[0].words[0].double.isNaN && frames[0].words[0] == FeatureWord(.nan))
        #expect(frames[0].words[1].double == -.infinity)
        #expect(frames[0].words[2].content == .text(0))
        #expect(frames[0].words[3].double == .infinity)
    }

    @Test func aLineThatIsNoRowIsCountedAndTheOthersStay() throws {
        let (frames, faults) = try read(
            "{\"a\":1}\n[1]\n{\"a\":}\n{\"a\":1e999}\n7\n{\"a\":2}\n\"x\"\n{}\n")
        #expect(frames.map(\.rows) == [3], "an empty object misses all that the frame has")
        #expect(
            faults == [.notARow, .malformedJSON, .badNumber, .notARow, .notARow])
    }

    @Test func nestedAndLongValuesAreMarked() throws {
        var limits = FeatureLimits()
        limits.textBytes = 3
        let (frames, _) = try read(
            "{\"a\":{\"b\":1},\"b\":[1],\"c\":\"long\",\"d\":\"abc\",\"e\":true}", limits: limits)
        #expect(
            frames[0].words == [
                .nested, .nested, .tooLong, FeatureWord(text: 0), FeatureWord(true),
            ])
    }

    @Test func theMemberOfTimeIsNoFeature() throws {
        let (frames, _) = try read(
            "{\"t\":1700000000.5,\"a\":1}\n{\"a\":2,\"t\":1700000000500}\n{\"a\":3}\n", time: "t")
        #expect(frames[0].columns == ["a"])
        let time = Timestamp(millis: 1_700_000_000_500)
        #expect(frames[0].times == [time, time, .distantPast])
    }

    @Test func limitsHold() throws {
        var limits = FeatureLimits()
        limits.columns = 2
        limits.values = 4
        limits.nameBytes = 5
        let (frames, faults) = try read(
            "{\"a\":1,\"b\":2,\"c\":3}\n{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":2}\n{\"a\":1}\n",
            limits: limits)
        #expect(frames.map(\.rows) == [2])
        #expect(faults == [.tooManyColumns, .tooManyValues])
        #expect(try read("{\"longer\":1}", limits: limits).faults == [.nameTooLong])
        let deep = String(repeating: "[", count: 70) + String(repeating: "]", count: 70)
        #expect(try read("{\"a\":\(deep)}").faults == [.tooDeep])
        limits.bodyBytes = 8
        #expect(try read("{\"a\":1234567}", limits: limits).faults == [.tooLarge])
    }

    @Test(arguments: 1...40)
    func generatedRowsReadAsTheOtherParserReadsThem(seed: UInt64) throws {
        var random = Seeded(seed)
        var lines: [String] = []
        for _ in 0..<30 {
            var members = ["\"a\":\(value(&random))"]
            for name in ["b", "ccc", "d\\u00e9"] where random.next(4) > 0 {
                members.append("\"\(name)\":\(value(&random))")
            }
            if random.next(2) == 0 { members.reverse() }
            lines.append("{" + members.joined(separator: ",") + "}")
        }
        let (frames, faults) = try read(lines.joined(separator: "\n"))
        #expect(faults.isEmpty)
        var rows: [[String: FeatureWord.Content]] = []
        for frame in frames {
            for row in 0..<frame.rows {
                var values: [String: FeatureWord.Content] = [:]
                for (place, name) in frame.columns.enumerated() {
                    values[name] = frame.words[row * frame.columns.count + place].content
                }
                rows.append(values)
            }
        }
        #expect(rows.count == lines.count)
        for (row, line) in zip(rows, lines) {
            #expect(matches(row, try JSONValue.parse(Array(line.utf8)), frames), "\(line)")
        }
    }

    private func matches(
        _ row: [String: FeatureWord.Content], _ value: JSONValue, _ frames: [FeatureFrame]
    ) -> Bool {
        let members = Dictionary(value.members.map { ($0.key, $0.value) }) { _, last in last }
        for (name, content) in row where members[name] == nil && content != .missing {
            return false
        }
        return members.allSatisfy { name, member in
            switch (member, row[name]) {
            case (.null, .missing?): true
            case (.number(let number), .number(let other)?): number == other
            case (.bool(let flag), .flag(let other)?): flag == other
            case (.string(let text), .text(let place)?):
                frames.contains { place < $0.texts.count && $0.texts[place] == text }
            case (.array, .nested?), (.object, .nested?): true
            default: false
            }
        }
    }

    private func value(_ random: inout Seeded) -> String {
        switch random.next(8) {
        case 0: "null"
        case 1: "true"
        case 2: "\"t\(random.next(3))\""
        case 3: "\"\\u00fc\\n\(random.next(3))\""
        case 4: "[1,{\"x\":2}]"
        case 5: String(Int(random.next(2000)) - 1000)
        case 6: String(Double(random.next(1 << 40)) / 7)
        default: "\(Int(random.next(100)) - 50)e\(Int(random.next(40)) - 20)"
        }
    }

    @Test func everyTruncationAndFlipIsTakenOrCounted() throws {
        let good = Array("{\"a\":1.5,\"b\":\"x\\u0041\",\"c\":NaN}\n{\"a\":-2,\"b\":null}\n".utf8)
        guard let rows = FeatureRows() else { throw NoMemory() }
        for end in good.indices {
            let (frames, faults) = rows.read(Array(good[..<end]))
            #expect(frames.reduce(0) { $0 + $1.rows } + faults.count <= 2)
        }
        for place in good.indices {
            for bit in 0..<8 {
                var bytes = good
                bytes[place] ^= 1 << UInt8(bit)
                for frame in rows.read(bytes).frames {
                    #expect(frame.words.count == frame.rows * frame.columns.count)
                }
            }
        }
    }
}

/// A parser could not be made.
struct NoMemory: Error {}

/// SplitMix64.
struct Seeded {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next(_ bound: UInt64) -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return (mixed ^ (mixed >> 31)) % bound
    }
}
