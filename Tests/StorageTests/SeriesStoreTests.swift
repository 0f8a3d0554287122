import Model
import Testing

@testable import Storage

@Suite struct SeriesStoreTests {
    private let up = Labels([("__name__", "up")])
    private let down = Labels([("__name__", "down")])

    @Test func aSeriesKeepsItsNumberAndItsOwnTail() {
        var store = SeriesStore()
        let (first, second) = (store.add(up), store.add(down))
        #expect((first, second) == (SeriesID(0), SeriesID(1)) && store.count == 2)
        store.advance(first, to: at(5), value: 1)
        #expect(store.tail(of: first) == SeriesTail(time: at(5), value: 1))
        #expect(store.tail(of: second).isEmpty)
        #expect(store.labels(of: second) == down)
        #expect(store.find(up) == first && store.find(Labels([("a", "b")])) == nil)
    }

    @Test func manyKeysMayStandForOneSeries() {
        var store = SeriesStore()
        let id = store.add(up)
        #expect(store.find(low: 1, high: 2) == nil)
        store.remember(low: 1, high: 2, as: id)
        store.remember(low: 3, high: 4, as: id)
        #expect(store.find(low: 1, high: 2) == id && store.find(low: 3, high: 4) == id)
    }

    /// A sender can write one label set in endless ways; the keys stay bounded, the newest known.
    @Test func theKeysAreBounded() {
        var store = SeriesStore()
        let id = store.add(up)
        for key in 0..<10_000 {
            store.remember(low: UInt64(key), high: 0, as: id)
            #expect(store.find(low: UInt64(key), high: 0) == id)
        }
        let known = (0..<10_000).count { store.find(low: UInt64($0), high: 0) != nil }
        #expect(known <= 4 + 1024 + 1)
    }
}
