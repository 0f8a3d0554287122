import Model
import Testing

@testable import Server

@Suite struct WorkQueueTests {
    @Test func everyItemIsTakenOnceByOneOfTheThreads() {
        let queue = WorkQueue<Int>(capacity: 100)
        let taken = Locked<[Int]>([])
        let threads = (0..<4).map { _ in
            Worker { while let item = queue.take() { taken.withLock { $0.append(item) } } }
        }
        for item in 0..<1000 {
            while !queue.post(item) {}
        }
        while taken.withLock({ $0.count }) < 1000 {}
        #expect(queue.close() == [])
        for thread in threads { thread.join() }
        #expect(taken.withLock { $0.sorted() } == Array(0..<1000))
    }

    @Test func whatNobodyTookComesBackWhenItIsClosed() {
        let queue = WorkQueue<Int>(capacity: 2)
        #expect(queue.post(1) && queue.post(2) && !queue.post(3))
        #expect(queue.take() == 1)
        #expect(queue.close() == [2])
        #expect(!queue.post(4) && queue.take() == nil)
    }

    @Test func whoWaitsIsWokenAtTheTime() {
        let state = Awaited(0)
        let deadline = wallClock() + .milliseconds(20)
        let value = state.wait(
            until: deadline, while: { $0 == 0 },
            then: { value in
                value = 7
                return value
            })
        #expect(value == 7 && wallClock() >= deadline)
        #expect(state.withLock { $0 } == 7)
    }
}
