import CMath
import Drift
import Model
import Testing

/// Answers and what they should have been.
@Suite struct OutcomeTests {
    private func at(_ second: Int) -> Timestamp { DriftWorld.start + .seconds(Int64(second)) }
    private func hash(_ id: Int) -> UInt64 {
        var hash = FNV1a64()
        hash.combine("id \(id)".utf8)
        return hash.value
    }

    @Test func everyPairIsCountedAsABruteForceCountSays() throws {
        var random = SplitMix64(130)
        var tracker = OutcomeTracker(OutcomeRules())
        let names = ["a", "b", "c"]
        var given: [Int: String] = [:]
        var pairs: [(given: String, right: String)] = []
        for id in 0..<4000 {
            let answer = names[Int(random.next() % 3)]
            tracker.predict(id: hash(id), .text(answer), confidence: 0.8, at: at(id))
            given[id] = answer
            let old = Int(random.next() % UInt64(id + 1))
            let label = names[random.uniform() < 0.6 ? 0 : Int(random.next() % 3)]
            let outcome = tracker.label(id: hash(old), .text(label), at: at(id))
            if let answer = given.removeValue(forKey: old) {
                pairs.append((answer, label))
                #expect(outcome == (answer == label ? .right : .wrong))
            } else {
                #expect(outcome == .unknown)
            }
        }
        #expect(tracker.predictions == 4000 && tracker.labels == UInt64(pairs.count))
        #expect(tracker.wrong == UInt64(pairs.count { $0.given != $0.right }))
        #expect(tracker.pending == given.count && tracker.givenUp == 0)
        #expect(agree(try #require(tracker.coverage), Double(pairs.count) / 4000))
        let before = Double(pairs.count { $0.right == "a" }) / Double(pairs.count)
        let top = try #require(tracker.classes(1).first)
        #expect(top.label == "a" && agree(top.before, before))
        let now = Double(pairs.count { $0.given == "a" }) / Double(pairs.count)
        #expect(agree(top.now, now))
        // The distance of three shares, worked out here.
        func shares(_ of: (String) -> Int) -> [Double] {
            names.map { Double(of($0)) / Double(pairs.count) }
        }
        let labels = shares { name in pairs.count { $0.right == name } }
        let answers = shares { name in pairs.count { $0.given == name } }
        var psi = 0.0
        let (n, spread) = (Double(pairs.count), 15.5)
        for (p, q) in zip(labels, answers) {
            let (ps, qs) = ((p * n + 0.5) / (n + spread), (q * n + 0.5) / (n + spread))
            psi += (ps - qs) * pitot_log(ps / qs)
        }
        let found = try #require(tracker.divergence).psi
        #expect(agree(found, psi), "\(found), \(psi)")
        #expect(try #require(tracker.divergence).jensenShannon > 0.1)
    }

    @Test func numbersAreRightWithinTheTolerance() throws {
        var rules = OutcomeRules()
        rules.tolerance = 0.5
        var tracker = OutcomeTracker(rules)
        for id in 0..<4 { tracker.predict(id: hash(id), .number(10), confidence: nil, at: at(0)) }
        let truths: [FeatureValue] = [.number(10.5), .number(9.49), .number(12), .text("x")]
        let outcomes = truths.enumerated().map {
            tracker.label(id: hash($0.offset), $0.element, at: at(60))
        }
        #expect(outcomes == [.right, .wrong, .wrong, .unknown])
        #expect(tracker.refused == 1 && tracker.pending == 1)
        #expect(agree(try #require(tracker.meanAbsoluteError), (0.5 + 0.51 + 2) / 3))
        #expect(agree(try #require(tracker.meanError), (-0.5 + 0.51 - 2) / 3))
        #expect(tracker.meanDelaySeconds == 60)
        tracker.predict(id: hash(9), .number(.nan), confidence: nil, at: at(0))
        #expect(tracker.refused == 2 && tracker.predictions == 4)
    }

    @Test func aClassIsTheSameHoweverItIsWritten() {
        var tracker = OutcomeTracker(OutcomeRules())
        let same: [(FeatureValue, FeatureValue)] = [
            (.number(1), .text("1")), (.flag(true), .number(1)), (.number(2.5), .text("2.5")),
        ]
        for (id, pair) in same.enumerated() {
            tracker.predict(id: hash(id), pair.0, confidence: nil, at: at(0))
            let outcome = tracker.label(id: hash(id), pair.1, at: at(1))
            #expect(outcome == .right)
        }
    }

    @Test func whatComesTooLateIsGivenUpAndAWindowEnds() {
        var rules = OutcomeRules()
        rules.within = .seconds(100)
        var tracker = OutcomeTracker(rules)
        for id in 0..<10 { tracker.predict(id: hash(id), .number(0), confidence: 0.9, at: at(id)) }
        let outcome = tracker.label(id: hash(3), isRight: false, at: at(50))
        #expect(outcome == .wrong && tracker.windowErrorRatio == nil)
        tracker.endWindow(at: at(105))
        #expect(tracker.windowErrorRatio == 1 && tracker.givenUp == 4 && tracker.pending == 5)
        let late = tracker.label(id: hash(0), .number(0), at: at(106))
        #expect(late == .unknown)
        tracker.endWindow(at: at(106))
        #expect(tracker.windowErrorRatio == nil)
        let all = tracker.labels + tracker.givenUp + UInt64(tracker.pending)
        #expect(all == tracker.predictions)
    }

    @Test func manyClassesAndManyAnswersAreBounded() {
        var rules = OutcomeRules()
        rules.pendingMax = 640
        var tracker = OutcomeTracker(rules)
        for id in 0..<5000 {
            tracker.predict(id: hash(id), .number(Double(id)), confidence: nil, at: at(id))
            if id % 10 == 0 { _ = tracker.label(id: hash(id), .number(Double(id)), at: at(id)) }
        }
        #expect(tracker.pending <= 640)
        #expect(tracker.classes(100).count <= OutcomeTracker.classesMax + 1)
        #expect(tracker.wrong == 0 && tracker.labels == 500)
        #expect(tracker.labels + tracker.givenUp + UInt64(tracker.pending) == 5000)
    }

    @Test func aCheckpointGoesOn() {
        var tracker = OutcomeTracker(OutcomeRules())
        for id in 0..<300 {
            tracker.predict(
                id: hash(id), .text("c\(id % 5)"), confidence: 0.7, at: at(id))
            if id % 3 == 0 { _ = tracker.label(id: hash(id / 2), .text("c1"), at: at(id)) }
        }
        var written = Archive()
        tracker.archiveState(&written)
        var read = OutcomeTracker(OutcomeRules())
        var archive = Archive(reading: written.bytes)
        read.archiveState(&archive)
        #expect(archive.isComplete)
        var again = Archive()
        read.archiveState(&again)
        #expect(again.bytes == written.bytes)
        for id in 0..<300 {
            let (one, other) = (
                tracker.label(id: hash(id), .text("c2"), at: at(400)),
                read.label(id: hash(id), .text("c2"), at: at(400))
            )
            #expect(one == other)
        }
        #expect(read.expectedErrorRatio == tracker.expectedErrorRatio)
        for length in stride(from: 0, to: written.bytes.count, by: 61) {
            var cut = Archive(reading: Array(written.bytes[..<length]))
            var other = OutcomeTracker(OutcomeRules())
            other.archiveState(&cut)
            #expect(!cut.isComplete)
        }
    }
}
