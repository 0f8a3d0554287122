import Drift
import Model
import Testing

@Suite struct BaselineBytesTests {
    /// A baseline with everything in it.
    private static func rich(
        shift: Double = 0, rows: Int = 400, phases: PhaseKind = .hourOfDay
    ) throws -> Baseline {
        var random = SplitMix64(9)
        let columns: [(String, TrainingColumn)] = [
            ("amount", .numbers((0..<rows).map { _ in random.normal() + shift })),
            ("country", .texts((0..<rows).map { _ in "c\(random.next() % 40)" })),
            ("flag", .numbers((0..<rows).map { _ in Double(random.next() % 2) })),
            ("plan", .texts((0..<rows).map { $0 % 2 == 0 ? "free" : nil })),
        ]
        var settings = BaselineSettings(model: "fraud", version: "7")
        settings.stride = 1
        settings.phases = phases
        settings.phaseRowsMin = 15
        settings.sliceKeys = ["plan"]
        settings.sliceRowsMin = rows / 3
        let times = (0..<rows).map { DriftWorld.start + .minutes(Int64($0) * 61) }
        return try BaselineBuilder.build(DriftWorld.table(columns, times: times), settings).baseline
    }

    @Test func bytesReadBackAsTheSameBaseline() throws {
        let baseline = try Self.rich()
        #expect(baseline.features.count == 7)
        let again = try #require(Baseline(bytes: baseline.bytes))
        let isSame = again == baseline
        #expect(isSame)
        #expect(again.bytes == baseline.bytes)
        #expect(again.id == baseline.id)
        #expect(baseline.id.count == 64)
    }

    @Test func unitsAreContentAndBaselinesWithoutThemKeepTheirNames() throws {
        var random = SplitMix64(8)
        let table = try DriftWorld.table([("age", .numbers(DriftWorld.normals(60, &random)))])
        var settings = BaselineSettings(model: "m", version: "1")
        settings.stride = 1
        let plain = try BaselineBuilder.build(table, settings).baseline
        #expect(plain.bytes.first == 1)
        settings.units = ["age": "years"]
        let years = try BaselineBuilder.build(table, settings).baseline
        #expect(years.id != plain.id && years.units == ["age": "years"])
        #expect(Baseline(bytes: years.bytes)?.units == years.units)
        #expect(
            plain.changes(to: years) == [.unit(feature: "age", before: "", after: "years")])
        for length in 0..<years.bytes.count {
            #expect(Baseline(bytes: Array(years.bytes[..<length])) == nil)
        }
        settings.units = ["wage": "EUR"]
        #expect(throws: BaselineError.noSuchUnitColumn("wage")) {
            try BaselineBuilder.build(table, settings)
        }
    }

    @Test func theNameIsTheContents() throws {
        let baseline = try Self.rich()
        #expect(try Self.rich().id == baseline.id)
        #expect(try Self.rich(shift: 1e-9).id != baseline.id)
    }

    @Test func noTruncationAndNoFlipIsReadAsTheSame() throws {
        let baseline = try Self.rich(rows: 60, phases: .none)
        let bytes = baseline.bytes
        for length in 0..<bytes.count {
            let isRead = Baseline(bytes: Array(bytes[..<length])) != nil
            #expect(!isRead, "\(length) of \(bytes.count) bytes")
        }
        var random = SplitMix64(3)
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= UInt8(1 << (random.next() % 8))
            // Either refused, or another content under another name; never a crash.
            guard let read = Baseline(bytes: flipped) else { continue }
            let isSame = read == baseline || read.id == baseline.id
            #expect(!isSame, "byte \(index)")
        }
    }

    @Test func changesNameWhatIsDifferent() throws {
        let before = try Self.rich()
        #expect(before.changes(to: before).isEmpty)
        let recut = before.changes(to: try Self.rich(shift: 1))
        #expect(recut.contains(.recut(feature: "amount")))
        #expect(!recut.contains(.recut(feature: "country")))
        var random = SplitMix64(10)
        let numbers = (0..<300).map { Double($0 % 2) }
        let moved = (0..<300).map { _ in random.uniform() < 0.2 ? 1.0 : 0 }
        let old = try DriftWorld.baseline([("a", numbers), ("b", numbers)])
        let new = try DriftWorld.baseline([("b", moved), ("c", numbers)])
        let changes = old.changes(to: new)
        #expect(changes.count == 3)
        #expect(changes[0] == .removed(feature: "a"))
        guard case .moved(feature: "b", let psi, let pValue) = changes[1] else {
            Issue.record("\(changes[1])")
            return
        }
        #expect(psi > 0.2 && pValue < 1e-6)
        #expect(changes[2] == .added(feature: "c"))
    }

    @Test func namesAreSHA256() throws {
        // Equal to coreutils' sha256sum of the bytes of the blank baseline.
        #expect(Baseline.blank.bytes == [1, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0])
        #expect(
            Baseline.blank.id
                == "9b3fbce5c842dc03796fb0178528ffd65f589d4dbbf5852d0ae0f50008a7930d")
    }
}
