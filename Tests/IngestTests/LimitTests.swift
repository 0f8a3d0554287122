import Model
import Storage
import Testing
import Wire

@testable import Ingest

/// At a limit only new series are shed; those that are known go on.
@Suite struct LimitTests {
    private static let now = Timestamp(millis: 1_790_000_000_000)

    private func intake(series: Int, perNamespace: Int) -> Intake {
        var settings = IntakeSettings.standard
        settings.seriesMax = series
        settings.seriesPerNamespaceMax = perNamespace
        return Intake(settings: settings)
    }

    /// Writes one sample of each series at a second; tells the tally.
    private func write(
        _ intake: inout Intake, _ names: [(namespace: String, metric: String)], second: Int64
    ) throws -> WriteTally {
        let time = Self.now + .seconds(second)
        let series = names.map { name in
            OutgoingSeries(
                labels: Labels([("namespace", name.namespace), ("__name__", name.metric)]),
                samples: [(time, 1)])
        }
        let decoder = RemoteWriteDecoder(seed: HashSeed(low: 1, high: 2), limits: .standard)
        let batch = try decoder.decode(RemoteWriteEncoder.encode(series))
        let resolution = intake.resolve(batch, now: time)
        var output = IntakeOutput()
        return intake.apply(batch, resolution, now: time, into: &output).tally
    }

    private func refused(_ tally: WriteTally, _ refusal: Refusal) -> Int {
        zip(Refusal.all, tally.refused).first { $0.0 == refusal }?.1 ?? -1
    }

    @Test func theOverallLimitShedsOnlyNewSeries() throws {
        var intake = intake(series: 2, perNamespace: 100)
        let first = try write(&intake, [("a", "x"), ("b", "y"), ("c", "z")], second: 0)
        #expect(first.stored == 2 && refused(first, .seriesLimit) == 1)
        let second = try write(&intake, [("a", "x"), ("b", "y"), ("c", "z")], second: 15)
        #expect(second.stored == 2 && second.shedTotal == 1 && intake.store.count == 2)
    }

    @Test func aNamespaceAtItsLimitLeavesRoomForOthers() throws {
        var intake = intake(series: 100, perNamespace: 1)
        let tally = try write(&intake, [("a", "x"), ("a", "y"), ("b", "y")], second: 0)
        #expect(tally.stored == 2 && refused(tally, .namespaceLimit) == 1)
        #expect(tally.examples.map(\.series) == [#"y{namespace="a"}"#])
    }

    @Test func numbersThatAreUsedUpShedNewSeriesInsteadOfStopping() throws {
        var settings = IntakeSettings.standard
        settings.seriesNumbersMax = 2
        var intake = Intake(settings: settings)
        let tally = try write(&intake, [("a", "x"), ("a", "y"), ("b", "y")], second: 0)
        #expect(tally.stored == 2 && refused(tally, .seriesLimit) == 1)
    }

    @Test func theOffendersAreNamed() throws {
        var intake = intake(series: 100, perNamespace: 2)
        let names = [("a", "x"), ("a", "y"), ("a", "z"), ("b", "x")]
        _ = try write(&intake, names.map { (namespace: $0.0, metric: $0.1) }, second: 0)
        let namespaces = intake.cardinality.largestNamespaces(5)
        #expect(namespaces.map(\.name) == ["a", "b"])
        #expect(namespaces.map(\.series) == [2, 1] && namespaces.map(\.refusedSamples) == [1, 0])
        #expect(intake.cardinality.largestMetrics(1).map(\.name) == ["x"])
    }

    @Test func namespacesWithoutNumberCountTogether() throws {
        var intake = intake(series: 100_000, perNamespace: 100_000)
        let names = (0...Cardinality.namespacesMax).map { (namespace: "n\($0)", metric: "m") }
        _ = try write(&intake, names, second: 0)
        let all = intake.cardinality.largestNamespaces(20_000)
        #expect(all.count == Cardinality.namespacesMax)
        #expect(all.first?.name == "other namespaces" && all.first?.series == 2)
        #expect(all.reduce(0) { $0 + $1.series } == names.count)
    }
}
