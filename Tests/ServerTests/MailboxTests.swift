import Model
import Synchronization
import Testing

@testable import Server

@Suite struct MailboxTests {
    @Test func messagesComeOutInTheOrderTheyWentIn() {
        let mailbox = Mailbox<Int>(capacity: 10)
        for number in 0..<5 { #expect(mailbox.post(number)) }
        #expect(mailbox.drain(until: nil) == [0, 1, 2, 3, 4])
    }

    @Test func aFullMailboxTakesOnlyWhatMustNotBeLost() {
        let mailbox = Mailbox<Int>(capacity: 2)
        #expect(mailbox.post(1) && mailbox.post(2))
        #expect(!mailbox.post(3))
        mailbox.postAlways(4)
        #expect(mailbox.drain(until: nil) == [1, 2, 4])
        #expect(mailbox.post(5))
    }

    @Test(arguments: [Timestamp.distantPast, Timestamp(millis: -1), Timestamp(millis: 0)])
    func aDeadlineLongPastDoesNotWait(deadline: Timestamp) {
        let mailbox = Mailbox<Int>(capacity: 2)
        let isDone = Atomic(false)
        let worker = Worker {
            #expect(mailbox.drain(until: deadline) == [])
            isDone.store(true, ordering: .releasing)
        }
        #expect(eventually(within: 2) { isDone.load(ordering: .acquiring) })
        _ = mailbox.post(1)
        worker.join()
    }

    @Test func theWaitEndsAtTheDeadline() {
        let mailbox = Mailbox<Int>(capacity: 2)
        let took = seconds {
            #expect(mailbox.drain(until: wallClock() + .milliseconds(30)) == [])
        }
        #expect(took >= 0.028)
    }

    @Test func aMessageEndsTheWait() {
        let mailbox = Mailbox<Int>(capacity: 2)
        let got = Collected<[Int]>()
        let worker = Worker { got.add(mailbox.drain(until: .distantFuture)) }
        _ = mailbox.post(7)
        worker.join()
        #expect(got.all == [[7]])
    }

    @Test func nothingIsLostBetweenManyPostersAndOneReader() {
        let mailbox = Mailbox<Int>(capacity: 1 << 20)
        let taken = Collected<Int>()
        let reader = Worker {
            while taken.count < 8000 {
                for number in mailbox.drain(until: nil) { taken.add(number) }
            }
        }
        inParallel(8) { thread in
            for index in 0..<1000 { mailbox.postAlways(thread * 1000 + index) }
        }
        reader.join()
        #expect(taken.all.sorted() == Array(0..<8000))
    }
}
