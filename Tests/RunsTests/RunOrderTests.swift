import Model
import Testing
import Wire

@testable import Runs

@Suite struct RunOrderTests {
    /// A run's reports, and what it must count, worked out another way.
    private struct Story {
        var reports: [RunReport] = []
        var startedAt: Int64?
        var firstAt: Int64?
        /// The last end: when and how.
        var end: (at: Int64, step: RunStep)?
    }

    private func story(_ id: String, _ chance: inout Chance) -> Story {
        var story = Story()
        let began = Int64(chance.below(1000))
        let hasStart = chance.below(5) > 0
        if hasStart {
            story.reports.append(report(id, .started, began))
            story.startedAt = began
            story.firstAt = began
        }
        for _ in 0..<chance.below(3) {
            let time = began + Int64(chance.below(300))
            story.reports.append(report(id, .running, time))
            story.firstAt = min(story.firstAt ?? time, time)
        }
        let ends: [RunStep] = [.completed, .failed, .aborted]
        for _ in 0..<[0, 1, 1, 1, 2][chance.below(5)] {
            let time = began + Int64(chance.below(400))
            let step = ends[chance.below(3)]
            story.reports.append(report(id, step, time))
            let rank: [RunStep: Int] = [.failed: 2, .completed: 1, .aborted: 0]
            if let known = story.end {
                let isLater =
                    time > known.at
                    || time == known.at && (rank[step] ?? 0) > (rank[known.step] ?? 0)
                if isLater { story.end = (time, step) }
            } else {
                story.end = (time, step)
            }
        }
        if story.reports.isEmpty {
            story.reports.append(report(id, .running, began))
            story.firstAt = began
        }
        return story
    }

    /// Success with a deadline of 200 s, of all stories, at their time.
    private func oracle(_ stories: [Story], now: Int64) -> Sums {
        var sums = Sums()
        for story in stories {
            let began = story.startedAt ?? story.firstAt
            let hangsAt = began.map { $0 + 200 }
            if let hangsAt, story.end.map({ $0.at > hangsAt }) ?? true {
                if hangsAt <= now { sums.add(bad: 1, total: 1) }
            } else if let end = story.end, end.step != .aborted {
                sums.add(bad: end.step == .failed ? 1 : 0, total: 1)
            }
        }
        return sums
    }

    @Test(arguments: 1...40)
    func countsDependOnWhatWasToldAndNotOnTheOrder(seed: Int) throws {
        var chance = Chance(UInt64(seed))
        let stories = (0..<60).map { story("run-\($0)", &chance) }
        var told = stories.flatMap(\.reports)
        told += told.filter { _ in chance.below(3) == 0 }
        chance.shuffle(&told)
        var hang = try rule(.success)
        hang.deadline = .seconds(200)
        var world = World([watch(hang)])
        var now: Int64 = 0
        for report in told {
            now += Int64(chance.below(20))
            world.take(report, now: max(now, 0))
            if chance.below(4) == 0 { world.advance(now) }
        }
        world.advance(5000)
        #expect(world["slo"] == oracle(stories, now: 5000))
        // No time of the ledger was left with less than nothing.
        #expect(world.times.values.allSatisfy { $0.bad >= 0 && $0.total >= $0.bad })
        #expect(world.book.count == 60)
    }

    @Test(arguments: 1...10)
    func aCheckpointInTheMiddleChangesNothing(seed: Int) throws {
        var chance = Chance(UInt64(seed) + 1000)
        var hang = try rule(.success)
        hang.deadline = .seconds(200)
        var late = try rule(.lateness)
        late.within = .seconds(90)
        late.schedule = RunSchedule(every: .minutes(5))
        let watches = [watch(hang), watch(late, by: ["job"], name: "late")]
        var told = (0..<80).flatMap { story("run-\($0)", &chance).reports }
        chance.shuffle(&told)
        var settings = RunSettings()
        settings.runsMax = 150
        var whole = World(watches, settings)
        var parted = World(watches, settings)
        for (place, report) in told.enumerated() {
            let now = Int64(place) * 5
            let faults = (whole.take(report, now: now), parted.take(report, now: now))
            #expect(faults.0 == faults.1)
            whole.advance(now)
            parted.advance(now)
            if chance.below(25) == 0 {
                parted.book = try restored(parted.book, watches, settings, at: at(now))
            }
        }
        whole.advance(4000)
        parted.advance(4000)
        // Only whether: what they are is a page long.
        let areSame = [whole.sums == parted.sums, whole.times == parted.times]
        #expect(areSame == [true, true])
        let isSameBook = bytes(of: whole.book) == bytes(of: parted.book)
        #expect(isSameBook)
    }

    private func restored(
        _ book: RunBook, _ watches: [RunWatch], _ settings: RunSettings, at now: Timestamp
    ) throws -> RunBook {
        var sections = RunSections(book)
        var copy = RunBook()
        while let section = sections.next() {
            let isTaken = copy.restore(section)
            #expect(isTaken)
        }
        let isWhole = copy.finishRestore(at: now)
        #expect(isWhole)
        copy.configure(watches, settings, at: now)
        let posts = copy.takePosts()
        #expect(posts.isEmpty)
        return copy
    }

    private func bytes(of book: RunBook) -> [[UInt8]] {
        var sections = RunSections(book)
        var all: [[UInt8]] = []
        while let section = sections.next() { all.append(section) }
        return all
    }

    @Test func damagedSectionsAreRefusedAndNeverTrap() throws {
        var world = World([watch(try rule(.success))])
        for number in 0..<30 {
            var told = report("r\(number)", number % 3 == 0 ? .started : .failed, Int64(number))
            told.facets = ["a", "b"]
            world.take(told, now: 40)
        }
        let all = bytes(of: world.book)
        for (place, section) in all.enumerated() {
            for cut in 0..<min(section.count, 600) {
                var copy = RunBook()
                for before in all[..<place] { _ = copy.restore(before) }
                let isWhole = copy.restore(Array(section[..<cut]))
                #expect(!isWhole)
            }
            for flip in stride(from: 0, to: section.count, by: 3) {
                var damaged = section
                damaged[flip] ^= 0x41
                var copy = RunBook()
                for before in all[..<place] { _ = copy.restore(before) }
                if copy.restore(damaged), copy.finishRestore(at: start) {
                    copy.configure([], RunSettings(), at: at(50))
                    copy.advance(to: at(100_000))
                }
            }
        }
    }
}

extension Sums {
    fileprivate mutating func add(bad: Double, total: Double) {
        self.bad += bad
        self.total += total
    }
}
