import Drift
import Model
import Testing

@Suite struct LabelTests {
    private func time(_ second: Int) -> Timestamp { DriftWorld.start + .seconds(Int64(second)) }

    @Test func labelsFindTheirPredictionsInAnyOrder() {
        var tracker = LabelTracker()
        #expect(tracker.coverage == nil && tracker.errorRatio == nil)
        for id: UInt64 in 0..<10 { tracker.predict(id: id, answer: id % 2, at: time(Int(id))) }
        let late = [7, 3, 3, 99, 0].map { tracker.label(id: $0, answer: 1) }
        #expect(late == [.right, .right, .unknown, .unknown, .wrong])
        #expect(tracker.predictions == 10 && tracker.labelled == 3 && tracker.pending == 7)
        #expect(tracker.unmatched == 2 && tracker.wrong == 1)
        #expect(agree(tracker.coverage ?? 0, 0.3))
        #expect(agree(tracker.errorRatio ?? 0, 1.0 / 3))
    }

    @Test func theOldestGiveWayAndNothingIsLostSilently() {
        var tracker = LabelTracker(pendingMax: 100)
        var random = SplitMix64(95)
        var waiting: [UInt64] = []
        for id: UInt64 in 0..<5000 {
            tracker.predict(id: id, answer: 0, at: time(Int(id)))
            waiting.append(id)
            if waiting.count > 100 { waiting.removeFirst() }
            if random.next() % 3 == 0 {
                let place = Int(random.next() % UInt64(waiting.count))
                #expect(tracker.label(id: waiting[place], answer: 0) == .right)
                waiting.remove(at: place)
            }
            #expect(tracker.pending == waiting.count)
            let all = tracker.labelled + UInt64(tracker.pending) + tracker.evicted
            #expect(all == tracker.predictions)
        }
        #expect(tracker.evicted > 1000)
        tracker.predict(id: 4999, answer: 1, at: time(5000))
        tracker.expire(before: time(4990))
        #expect(tracker.pending <= 11)
        tracker.expire(before: .distantFuture)
        #expect(tracker.pending == 0)
    }

    @Test func aPredictionCountsOnce() {
        var tracker = LabelTracker()
        tracker.predict(id: 1, answer: 5, at: time(0))
        tracker.predict(id: 1, answer: 6, at: time(1))
        #expect(tracker.predictions == 1 && tracker.duplicates == 1)
        let outcome = tracker.label(id: 1, answer: 5)
        #expect(outcome == .right)
    }

    @Test func confidenceForetellsTheAccuracy() {
        // A model that is right with its confidence squared: the labels teach the bins.
        var random = SplitMix64(96)
        var tracker = LabelTracker(pendingMax: 50_000)
        var right = 0.0
        for id: UInt64 in 0..<20_000 {
            let confidence = random.uniform()
            let isRight = random.uniform() < confidence * confidence
            right += isRight ? 1 : 0
            tracker.predict(id: id, answer: 1, confidence: confidence, at: time(0))
            // One label in four comes.
            if id == 100 { #expect(abs((tracker.expectedErrorRatio ?? 0) - 0.5) < 0.1) }
            if id > 200 && id % 4 == 0 { _ = tracker.label(id: id, answer: isRight ? 1 : 0) }
        }
        let actual = 1 - right / 20_000
        #expect(abs((tracker.expectedErrorRatio ?? 0) - actual) < 0.015)
        #expect(abs((tracker.bins.overconfidence ?? 0) - 1.0 / 6) < 0.02)
        tracker.predict(id: 1 << 40, answer: 1, confidence: .nan, at: time(0))
        tracker.predict(id: 1 << 41, answer: 1, confidence: 1.5, at: time(0))
        #expect(tracker.bins.predictions == 20_000)
    }

    @Test func binsAddExactly() {
        var random = SplitMix64(97)
        var whole = ConfidenceBins()
        var parts = [ConfidenceBins(), ConfidenceBins(), ConfidenceBins()]
        for _ in 0..<3000 {
            let confidence = random.uniform()
            let part = Int(random.next() % 3)
            let (first, second) = (whole.predict(confidence), parts[part].predict(confidence))
            #expect(first && second)
            whole.label(confidence, isRight: confidence > 0.5)
            parts[part].label(confidence, isRight: confidence > 0.5)
        }
        parts[2].merge(parts[0])
        parts[2].merge(parts[1])
        #expect(parts[2] == whole)
        #expect(parts[2].expectedAccuracy == whole.expectedAccuracy)
    }

    @Test func aCheckpointGoesOn() {
        var tracker = LabelTracker(pendingMax: 50)
        for id: UInt64 in 0..<80 {
            tracker.predict(id: id, answer: id % 3, confidence: 0.7, at: time(Int(id)))
            if id % 5 == 0 { _ = tracker.label(id: id, answer: 0) }
        }
        var written = Archive()
        tracker.archiveState(&written)
        var read = LabelTracker(pendingMax: 50)
        var archive = Archive(reading: written.bytes)
        read.archiveState(&archive)
        #expect(archive.isComplete)
        for id: UInt64 in 40..<90 {
            let (first, second) = (tracker.label(id: id, answer: 1), read.label(id: id, answer: 1))
            #expect(first == second)
        }
        #expect(read.errorRatio == tracker.errorRatio && read.pending == tracker.pending)
        for length in written.bytes.indices {
            var cut = Archive(reading: Array(written.bytes[..<length]))
            var other = LabelTracker(pendingMax: 50)
            other.archiveState(&cut)
            #expect(!cut.isComplete)
            _ = other.label(id: 3, answer: 1)
        }
    }
}
