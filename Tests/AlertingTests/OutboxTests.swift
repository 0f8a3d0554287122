import Model
import Testing

@testable import Alerting

@Suite struct OutboxTests {
    private let hook = Destination.receiver("http://hook", .webhook, 0)

    private func request(_ body: String = "x", to url: String = "http://hook") -> OutboxRequest {
        OutboxRequest(
            destination: .receiver(url, .webhook, 0), url: SecretText(url), body: Array(body.utf8),
            subject: body, alerts: [])
    }

    private func isBalanced(_ outbox: Outbox) -> Bool {
        let counters = outbox.counters
        return counters.enqueued
            == counters.delivered + counters.droppedTotal + UInt64(outbox.queued)
    }

    private func ids(_ deliveries: [Delivery]) -> [UInt64] { deliveries.map(\.id.number) }

    @Test func sendsOneAtATimeAndInOrder() {
        var outbox = Outbox()
        for body in ["1", "2"] { outbox.enqueue(request(body), at: at(0)) }
        outbox.enqueue(request("3", to: "http://other"), at: at(0))
        #expect(ids(outbox.take(at: at(0))) == [1, 3])
        #expect(outbox.take(at: at(0)).isEmpty)
        outbox.delivered(DeliveryID(1), .delivered(status: 204), at: at(1))
        #expect(ids(outbox.take(at: at(1))) == [2])
        #expect(outbox.nextDeadline == nil)
        #expect(isBalanced(outbox))
    }

    @Test func retriesWithGrowingWaitsUpToFiveMinutes() {
        var outbox = Outbox()
        outbox.enqueue(request(), at: at(0))
        var now = at(0)
        var waits: [TimeSpan] = []
        for attempt in 1...12 {
            let deliveries = outbox.take(at: now)
            #expect(deliveries.map(\.attempt) == [attempt])
            outbox.delivered(DeliveryID(1), .failed(reason: .unreachable), at: now)
            let deadline = outbox.nextDeadline ?? now
            #expect(outbox.take(at: deadline - .milliseconds(1)).isEmpty)
            waits.append(deadline - now)
            now = deadline
        }
        for (index, wait) in waits.enumerated() {
            let base = min(Int64(1000) << Int64(index), 300_000)
            #expect(wait.millis <= base && wait.millis >= base - base / 4)
        }
        #expect(outbox.counters.failed(.unreachable) == 12)
        #expect(outbox.queued == 1)
    }

    @Test(arguments: [408, 429, 500, 502, 503, 599])
    func retriesWhatMayPass(_ status: Int) {
        var outbox = Outbox()
        outbox.enqueue(request(), at: at(0))
        _ = outbox.take(at: at(0))
        outbox.delivered(
            DeliveryID(1), .refused(status: status, retryAfter: nil), at: at(0))
        #expect(outbox.take(at: at(0)).isEmpty)
        #expect(ids(outbox.take(at: at(1))) == [1])
        #expect(outbox.counters.retriableRefusals == 1)
        #expect(outbox.deadLetters.isEmpty)
        #expect(isBalanced(outbox))
    }

    @Test func honoursRetryAfterWithinReason() {
        func wait(_ retryAfter: TimeSpan) -> TimeSpan? {
            var outbox = Outbox()
            outbox.enqueue(request(), at: at(0))
            _ = outbox.take(at: at(0))
            outbox.delivered(
                DeliveryID(1), .refused(status: 429, retryAfter: retryAfter), at: at(0))
            return outbox.nextDeadline.map { $0 - at(0) }
        }
        #expect(wait(.seconds(17)) == .seconds(17))
        #expect(wait(.minutes(20)) == .minutes(20))
        #expect(wait(.zero) == .seconds(1))
        #expect(wait(.days(30)) == .hours(1))
    }

    @Test(arguments: [301, 400, 401, 403, 404, 410, 413, 422])
    func aRefusalForGoodIsADeadLetter(_ status: Int) {
        var outbox = Outbox()
        outbox.enqueue(request("about"), at: at(0))
        outbox.enqueue(request("next"), at: at(0))
        _ = outbox.take(at: at(0))
        outbox.delivered(
            DeliveryID(1), .refused(status: status, retryAfter: .seconds(9)), at: at(3))
        #expect(
            outbox.deadLetters == [
                DeadLetter(
                    id: DeliveryID(1), destination: hook, subject: "about", reason: .refused,
                    status: status, attempts: 1, at: at(3))
            ])
        #expect(outbox.counters.dropped(.refused) == 1)
        #expect(ids(outbox.take(at: at(3))) == [2])
        #expect(isBalanced(outbox))
    }

    @Test func keepsOnlyTheLatestDeadLetters() {
        var outbox = Outbox()
        outbox.limits.deadLetters = 3
        for number in 1...5 {
            outbox.enqueue(request("\(number)"), at: at(0))
            _ = outbox.take(at: at(0))
            outbox.delivered(
                DeliveryID(UInt64(number)), .refused(status: 400, retryAfter: nil), at: at(0))
        }
        #expect(outbox.deadLetters.map(\.subject) == ["3", "4", "5"])
        #expect(outbox.counters.dropped(.refused) == 5)
    }

    @Test func aFullQueueDropsTheOldestThatIsNotInFlight() {
        var outbox = Outbox()
        outbox.limits.deliveriesPerDestination = 3
        outbox.enqueue(request("1"), at: at(0))
        #expect(ids(outbox.take(at: at(0))) == [1])
        for body in ["2", "3", "4", "5"] { outbox.enqueue(request(body), at: at(0)) }
        #expect(outbox.counters.dropped(.queueFull) == 2)
        #expect(outbox.deadLetters.map(\.subject) == ["2", "3"])
        outbox.delivered(DeliveryID(1), .delivered(status: 200), at: at(1))
        #expect(ids(outbox.take(at: at(1))) == [4])
        #expect(isBalanced(outbox))
    }

    @Test func bytesAreBoundedAndTheNewestStays() {
        var outbox = Outbox()
        outbox.limits.bytesPerDestination = 10
        outbox.enqueue(request("123456"), at: at(0))
        outbox.enqueue(request("12345"), at: at(0))
        #expect(outbox.counters.dropped(.queueFull) == 1)
        outbox.enqueue(request("1234567890ABC"), at: at(0))
        #expect(outbox.queued == 1)
        #expect(ids(outbox.take(at: at(0))) == [3])
        #expect(isBalanced(outbox))
    }

    @Test func aRestartSendsAgainWhatWasInFlight() {
        var outbox = Outbox()
        outbox.enqueue(request("1"), at: at(0))
        outbox.enqueue(request("2", to: "http://later"), at: at(0))
        _ = outbox.take(at: at(0))
        outbox.delivered(
            DeliveryID(2), .refused(status: 503, retryAfter: .seconds(60)), at: at(0))
        outbox.restarted()
        let again = outbox.take(at: at(0))
        #expect(again.map(\.id.number) == [1])
        #expect(again.map(\.attempt) == [2])
        #expect(ids(outbox.take(at: at(60))) == [2])
    }

    @Test func anAnswerNobodyWaitsForChangesNothing() {
        var outbox = Outbox()
        outbox.enqueue(request(), at: at(0))
        outbox.delivered(DeliveryID(1), .delivered(status: 200), at: at(0))
        outbox.delivered(DeliveryID(9), .delivered(status: 200), at: at(0))
        #expect(outbox.queued == 1)
        #expect(outbox.counters.delivered == 0)
    }

    @Test func aRemovedDestinationLeavesDeadLettersAndCounts() {
        var outbox = Outbox()
        outbox.enqueue(request("1"), at: at(0))
        outbox.enqueue(request("2"), at: at(0))
        outbox.enqueue(request("3", to: "http://kept"), at: at(0))
        _ = outbox.take(at: at(0))
        outbox.keep([.receiver("http://kept", .webhook, 0)], at: at(1))
        #expect(outbox.counters.dropped(.destinationRemoved) == 2)
        #expect(outbox.statuses.map(\.queued) == [1])
        #expect(outbox.deadLetters.map(\.attempts) == [1, 0])
        outbox.delivered(DeliveryID(1), .delivered(status: 200), at: at(2))
        #expect(isBalanced(outbox))
    }

    @Test func statusesSayWhatWaitsAndWhy() {
        var outbox = Outbox()
        outbox.enqueue(request(), at: at(0))
        _ = outbox.take(at: at(1))
        outbox.delivered(
            DeliveryID(1), .refused(status: 503, retryAfter: .seconds(9)), at: at(1))
        let status = outbox.statuses[0]
        #expect(status.destination == hook)
        #expect(status.queued == 1)
        #expect(!status.isInFlight)
        #expect(status.failures == 1)
        #expect(status.retryAt == at(10))
        #expect(status.oldestQueuedAt == at(0))
    }
}
