import Model
import Testing
import Text

@testable import Storage

@Suite struct SeriesIndexTests {
    @Test func anIndexReadsLikeThis() throws {
        var index = SeriesIndex(seed: 1)
        let up = Labels([("__name__", "up"), ("job", "a")])
        let down = Labels([("__name__", "down"), ("job", "a")])
        #expect(index.find(up) == nil)
        let first = index.add(up)
        let second = index.add(down)
        #expect((first, second) == (SeriesID(0), SeriesID(1)))
        #expect(index.add(up) == first && index.count == 2)
        #expect(index.labels(of: second) == down && index.find(down) == second)
        #expect(try index.select([Matcher("job", .equal, "a")]) == [first, second])
        #expect(try index.select([Matcher("__name__", .matches, "u.*")]) == [first])
        #expect(try index.labelNames() == ["__name__", "job"])
        #expect(try index.labelValues("__name__") == ["down", "up"])
        let isRemoved = index.remove(first)
        let isRemovedTwice = index.remove(first)
        #expect(isRemoved && !isRemovedTwice)
        #expect(index.find(up) == nil && index.labels(of: first) == .empty)
        #expect(index.add(up) == SeriesID(2))
    }

    @Test func theSeriesWithoutLabelsIsASeries() throws {
        var index = SeriesIndex(seed: 1)
        let id = index.add(.empty)
        #expect(index.add(.empty) == id && index.find(.empty) == id)
        #expect(try index.select([Matcher("a", .equal, "")]) == [id])
        #expect(try index.select([Matcher("a", .notEqual, "")]) == [])
    }

    /// Adds, removes and questions at random, with snapshots that are asked long after.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func theIndexBehavesLikeADictionary(seed: UInt64) throws {
        var world = IndexWorld(seed)
        var index = SeriesIndex(seed: seed)
        var model = IndexModel()
        var held: [(SeriesIndexSnapshot, IndexModel)] = []
        for step in 0..<1200 {
            switch Int.random(in: 0..<10, using: &world.random) {
            case 0..<6:
                let pairs = world.labels()
                #expect(index.add(Labels(pairs)) == model.add(pairs))
            case 6..<8:
                // The oldest go, as in retention; now and then any.
                let ids = model.labels.keys.sorted()
                guard let oldest = ids.first else { break }
                let id = step % 3 == 0 ? world.pick(ids) : oldest
                let isRemoved = index.remove(id)
                #expect(isRemoved)
                model.labels[id] = nil
            case 8: index.compact(budget: Int.random(in: 1...50, using: &world.random))
            default:
                let matchers = world.matchers()
                #expect(try index.select(matchers) == model.select(matchers), "\(matchers)")
            }
            if step % 200 == 199 { held.append((index.snapshot(), model)) }
        }
        held.append((index.snapshot(), model))
        for (snapshot, model) in held { try compare(snapshot, model, &world) }
        try removeAll(&index, model)
    }

    /// Readers give the labels, or those asked for, in whatever order series are read.
    private func compareReaders(
        _ snapshot: SeriesIndexSnapshot, _ model: IndexModel, _ world: inout IndexWorld
    ) {
        let names = Set(model.labels.values.flatMap(\.keys)).sorted()
        let some = names.filter { _ in Bool.random(using: &world.random) } + ["nowhere"]
        let kept = [nil, some, ["nowhere"], []].randomElement(using: &world.random) ?? nil
        let count = Bool.random(using: &world.random) ? 1 : 1000
        var reader = LabelReader(snapshot, keeping: kept, count: count)
        let ascending = Array(0..<(model.end + 40))
        for number in ascending + ascending.shuffled(using: &world.random) {
            let pairs = (model.labels[SeriesID(number)] ?? [:])
                .filter { kept?.contains($0.key) ?? true }
            #expect(reader.labels(of: SeriesID(number)) == Labels(pairs))
        }
    }

    @Test func aReaderForgetsLabelsWhenItHoldsTooMany() {
        var index = SeriesIndex(seed: 1)
        let long = String(repeating: "x", count: 4000)
        let all = (0..<600).map { Labels([("a", "\(long)\($0)"), ("b", "\($0 % 7)")]) }
        for labels in all { _ = index.add(labels) }
        var reader = LabelReader(index.snapshot(), count: 600)
        for _ in 0..<2 {
            for (place, labels) in all.enumerated() {
                #expect(reader.labels(of: SeriesID(UInt32(place))) == labels)
            }
        }
    }

    private func compare(
        _ snapshot: SeriesIndexSnapshot, _ model: IndexModel, _ world: inout IndexWorld
    ) throws {
        #expect(snapshot.count == model.labels.count && snapshot.end.index == model.end)
        for number in 0..<(model.end + 40) {
            let id = SeriesID(number)
            #expect(snapshot.labels(of: id) == model.labels[id].map { Labels($0) } ?? .empty)
            #expect(snapshot.isLive(id) == (model.labels[id] != nil))
        }
        compareReaders(snapshot, model, &world)
        for _ in 0..<60 {
            let matchers = world.matchers()
            #expect(try snapshot.select(matchers) == model.select(matchers), "\(matchers)")
            #expect(try snapshot.labelNames(matching: matchers) == model.labelNames(matchers))
            let name = world.pick(["pod", "le", "rare", "none"])
            #expect(
                try snapshot.labelValues(name, matching: matchers)
                    == model.labelValues(name, matchers), "\(name) \(matchers)")
        }
    }

    /// What nobody has any more takes no room: symbols, lists and records are gone.
    private func removeAll(_ index: inout SeriesIndex, _ model: IndexModel) throws {
        for id in model.labels.keys.sorted() {
            let isRemoved = index.remove(id)
            #expect(isRemoved)
        }
        while index.compact(budget: 100) >= 100 {}
        #expect(
            index.counts
                == IndexCounts(
                    series: 0, numbers: Int(model.end), labelNames: 0, labels: 0, ripeLists: 0))
        #expect(try index.select([]) == [])
        #expect(try index.labelNames() == [] && index.labelValues("pod") == [])
    }

    /// Churned pods: their names' bytes, numbers and lists are used again.
    @Test func churnDoesNotGrowTheSymbols() {
        var index = SeriesIndex(seed: 3)
        var most = 0
        for pod in 0..<3000 {
            _ = index.add(
                Labels([("__name__", "m"), ("pod", "deployment-\(pod * 7919)-abcde")]))
            if pod >= 100 { index.remove(SeriesID(UInt32(pod - 100))) }
            index.compact(budget: 100)
            most = max(most, index.counts.labels)
        }
        #expect(most <= 102)
        #expect(index.snapshot().state.values.numbers <= 103)
        let list = index.snapshot().state.postings(0)
        #expect(list.count <= 220 && list.runCount <= 2)
    }

    @Test func badExpressionsAreRefusedWhateverElseIsAsked() {
        var index = SeriesIndex(seed: 1)
        _ = index.add(Labels([("a", "b")]))
        for bad in ["(", "a\\", "[", "a**{", "(?P<>x)", String(repeating: "a", count: 9000)] {
            #expect(throws: PatternError.self) {
                try index.select([Matcher("none", .equal, "x"), Matcher("none", .matches, bad)])
            }
            #expect(throws: PatternError.self) {
                try index.labelValues("none", matching: [Matcher("none", .notMatches, bad)])
            }
        }
    }

    @Test func namesAndValuesAreInByteOrder() throws {
        var index = SeriesIndex(seed: 1)
        for value in ["ü", "z", "Z", "a", "aa", "\u{1F600}", "~"] {
            _ = index.add(Labels([(value, value)]))
        }
        let order = ["Z", "a", "aa", "z", "~", "ü", "\u{1F600}"]
        #expect(try index.labelNames() == order)
        for value in order { #expect(try index.labelValues(value) == [value]) }
    }

    /// 40 threads' worth of questions while the owner goes on; run under `make tsan` too.
    @Test func snapshotsAreReadWhileTheOwnerGoesOn() async throws {
        var world = IndexWorld(77)
        var index = SeriesIndex(seed: 7)
        var model = IndexModel()
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for round in 0..<30 {
                for _ in 0..<40 {
                    let pairs = world.labels()
                    let id = model.add(pairs)
                    #expect(index.add(Labels(pairs)) == id)
                }
                if let oldest = model.labels.keys.min(), round % 2 == 0 {
                    index.remove(oldest)
                    model.labels[oldest] = nil
                }
                index.compact(budget: 20)
                let (snapshot, then, seed) = (index.snapshot(), model, UInt64(round))
                group.addTask { try Self.agree(snapshot, then, seed) }
            }
            for try await isEqual in group { #expect(isEqual) }
        }
    }

    private static func agree(
        _ snapshot: SeriesIndexSnapshot, _ model: IndexModel, _ seed: UInt64
    ) throws -> Bool {
        var world = IndexWorld(seed)
        for (id, pairs) in model.labels where snapshot.labels(of: id) != Labels(pairs) {
            return false
        }
        for _ in 0..<20 {
            let matchers = world.matchers()
            guard try snapshot.select(matchers) == model.select(matchers) else { return false }
        }
        return true
    }
}
