import Model
import Testing

@testable import Storage

@Suite struct ExemplarTests {
    private func exemplar(_ time: Int64, _ trace: String = "t") -> Exemplar {
        Exemplar(time: at(time), value: Double(time), labels: Labels([("trace_id", trace)]))
    }

    /// A ring of four and two series.
    private struct World {
        var ring = ExemplarRing(capacity: 4)
        var newest: [UInt64] = [0, 0, 0]

        mutating func add(_ exemplar: Exemplar, _ id: UInt32) -> ExemplarOutcome {
            ring.add(exemplar, to: id, newest: &newest[Int(id)])
        }

        func read(_ id: UInt32, _ from: Int64, _ to: Int64) -> [Timestamp] {
            ring.read(id, newest: newest[Int(id)], from: at(from), to: at(to)).map(\.time)
        }
    }

    @Test func theNewestOfASeriesAreRead() {
        var world = World()
        let outcomes = [10, 10, 9, 11].map { world.add(exemplar($0), 1) }
        #expect(outcomes == [.stored, .duplicate, .outOfOrder, .stored])
        _ = world.add(exemplar(5), 2)
        #expect(world.read(1, 0, 99) == [at(10), at(11)])
        // The ring is full: the oldest of all goes.
        for time in 6...7 { _ = world.add(exemplar(Int64(time)), 2) }
        #expect(world.ring.count == 4)
        #expect(world.read(1, 0, 99) == [at(11)])
        #expect(world.read(2, 6, 7) == [at(6), at(7)])
        #expect(world.read(0, 0, 99).isEmpty)
    }

    @Test func metricsAreDescribedOnceAndWithinBounds() {
        var store = SeriesStore()
        let help = MetricDescription(kind: 1, help: "h", unit: "s")
        let told = (store.describe("m", as: help), store.describe("m", as: help))
        #expect(told == (true, false))
        for index in 0..<SeriesStore.descriptionsMax { _ = store.describe("n\(index)", as: help) }
        #expect(store.descriptions.count == SeriesStore.descriptionsMax)
        let isNews = store.describe("m", as: MetricDescription(kind: 2, help: "", unit: ""))
        #expect(isNews)
    }
}
