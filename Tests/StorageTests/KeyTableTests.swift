import Model
import Testing

@testable import Storage

@Suite struct KeyTableTests {
    private struct Key: Hashable {
        let low: UInt64
        let high: UInt64
    }

    /// Keys of few bits meet in the same slots again and again; zero is a key like any other.
    @Test(arguments: [2, 8, 64], 0..<4)
    func theTableBehavesLikeADictionary(bits: UInt64, stream: UInt64) {
        var random = SplitMix64(100 * bits + stream)
        var table = KeyTable()
        var model: [Key: SeriesID] = [:]
        let mask: UInt64 = bits == 64 ? .max : (1 << bits) - 1
        for step in 0..<3000 {
            let key = Key(low: random.next() & mask, high: random.next() & mask)
            #expect(table.find(key.low, key.high) == model[key])
            let id = SeriesID(UInt32(step))
            table.insert(key.low, key.high, id)
            model[key] = id
            #expect(table.count == model.count)
        }
        for (key, id) in model { #expect(table.find(key.low, key.high) == id) }
    }

    @Test func keysThatShareALowHalfAreDifferent() {
        var table = KeyTable()
        for high in 0..<500 { table.insert(5, UInt64(high), SeriesID(UInt32(high))) }
        for high in 0..<500 { #expect(table.find(5, UInt64(high)) == SeriesID(UInt32(high))) }
        #expect(table.find(5, 500) == nil && table.find(6, 0) == nil)
    }

    @Test func everySeriesNumberButTheLastCanBeHeld() {
        var table = KeyTable()
        table.insert(1, 1, SeriesID(0))
        table.insert(2, 2, SeriesID(.max - 1))
        #expect(table.find(1, 1) == SeriesID(0))
        #expect(table.find(2, 2) == SeriesID(.max - 1))
    }
}
