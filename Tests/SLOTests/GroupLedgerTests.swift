import Model
import Testing

@testable import Ingest
@testable import SLO

/// One group's books: classes by day, times not seen, and how much memory that takes.
@Suite struct GroupLedgerTests {
    private func group(days: Int64 = 30) -> GroupLedger {
        GroupLedger(slo: 0, labels: .empty, period: .rolling(.days(days)))
    }

    @Test func classesAreSummedByDayAndMidnightBelongsToTheOldDay() {
        var group = group()
        group.classify(1, .birth, at: at(0))
        group.classify(10, .normal, at: at(0.001))
        group.classify(20, .normal, at: at(86_400))
        group.classify(40, .reset, at: at(86_400.001))
        #expect(group.classes(from: at(-1))[.birth] == 1)
        let whole = group.classes(from: at(0))
        #expect(whole[.birth] == 0 && whole[.normal] == 30 && whole[.reset] == 40)
        let second = group.classes(from: at(86_400))
        #expect(second[.normal] == 0 && second[.reset] == 40)
    }

    @Test func classesOlderThanThePeriodAreForgotten() {
        var group = group(days: 7)
        for day in 0..<1000 {
            group.observe(at(Double(day) * 86_400 + 1))
            group.classify(1, .normal, at: at(Double(day) * 86_400 + 1))
        }
        #expect(group.classes(from: at(0))[.normal] <= 9)
    }

    @Test func timesNotSeenAreForgottenWithThePeriodAndNeverJoinedAcrossIt() {
        var group = group(days: 7)
        for day in 0..<365 {
            let start = Double(day) * 86_400
            group.observe(at(start + 60))
            group.addUnobserved(UnobservedInterval(from: at(start), to: at(start + 60), weight: 1))
        }
        let now = 365 * 86_400.0
        #expect(group.unobservedSeconds(from: at(now - 7 * 86_400), to: at(now)) == 7 * 60)
    }

    @Test func tooManyTimesNotSeenOnlyWidenTheBounds() {
        var group = group()
        for step in 0..<500 {
            let start = Double(step) * 600
            group.observe(at(start + 60))
            group.addUnobserved(
                UnobservedInterval(from: at(start), to: at(start + 60), weight: 0.5))
        }
        let seconds = group.unobservedSeconds(from: at(0), to: at(500 * 600))
        #expect(seconds >= 500 * 30 && seconds <= 500 * 600)
    }

    @Test func aThirtyDayGroupTakesAtMostTwentyKibibytes() {
        var group = group()
        for step in 0..<3000 {
            let time = at(Double(step) * 1200)
            group.observe(time)
            let counts = EventCounts(bad: 1, total: 10)
            group.history.add(counts, at: time, span: .seconds(301 + Int64(step)))
            group.classify(1, .gap, at: time)
            group.addUnobserved(UnobservedInterval(from: time - .seconds(5), to: time, weight: 1))
        }
        let bytes = MemoryLayout<GroupLedger>.stride + heapBytes(group)
        #expect(bytes <= 20 * 1024, "\(bytes) bytes")
        #expect(bytes > 16 * 1024, "\(bytes) bytes: not everything was measured")
    }

    /// Bytes of all arrays: 32 for the header, the elements' fields, room to the next power of 2.
    private func heapBytes(_ value: Any) -> Int {
        let mirror = Mirror(reflecting: value)
        guard mirror.displayStyle == .collection else {
            return mirror.children.reduce(0) { $0 + heapBytes($1.value) }
        }
        guard let first = mirror.children.first else { return 0 }
        let element = inlineBytes(first.value)
        let count = mirror.children.count
        var capacity = 1
        while capacity < count { capacity *= 2 }
        // The rings never grow: they have exactly what they need.
        let isRing = count > 100
        let inner = mirror.children.reduce(0) { $0 + heapBytes($1.value) }
        return 32 + (isRing ? count : capacity) * element + inner
    }

    private func inlineBytes(_ value: Any) -> Int {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .collection || mirror.children.isEmpty { return 8 }
        return mirror.children.reduce(0) { $0 + inlineBytes($1.value) }
    }
}
