import Glibc
import Model

/// A bounded queue into one thread: many post, one drains all there is.
///
/// A pthread mutex and condition: draining in bulk costs about 50 ns a message where an actor hop
/// from a plain thread costs two microseconds (measured, Swift 6.3.1).
final class Mailbox<Message: Sendable>: Sendable {
    private struct State {
        var messages: [Message] = []
        var isClosed = false
    }

    private let state = Awaited(State())
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    /// Messages that wait.
    var count: Int { state.withLock { $0.messages.count } }

    /// Adds a message; false when the queue is full or closed.
    func post(_ message: Message) -> Bool { add(message, room: capacity) }

    /// Adds a message that must not be lost, over the capacity if need be: a result of our own.
    /// Once closed there is nobody left to take it.
    func postAlways(_ message: Message) { _ = add(message, room: .max) }

    private func add(_ message: Message, room: Int) -> Bool {
        let count = state.withLock { state in
            guard !state.isClosed, state.messages.count < room else { return 0 }
            state.messages.append(message)
            return state.messages.count
        }
        // Who drains takes all: it sleeps only while there is none.
        if count == 1 { state.wakeOne() }
        return count > 0
    }

    /// Takes all there is and nothing more: a message that came later would wait for ever.
    func close() -> [Message] {
        state.withLock { state in
            state.isClosed = true
            defer { state.messages = [] }
            return state.messages
        }
    }

    /// Waits until there are messages or the time has come, and takes all.
    func drain(until deadline: Timestamp?) -> [Message] {
        state.wait(
            until: deadline, while: { $0.messages.isEmpty },
            then: { state in
                defer { state.messages = [] }
                return state.messages
            })
    }
}

/// Starts a thread that runs `body` once. Joined by `join`.
final class Worker: @unchecked Sendable {
    // Sound: `thread` is written once before `start` returns.
    private var thread = pthread_t()

    /// `niceness` above 0 makes way for other threads (nice(1)); Linux has one for each thread.
    init(niceness: Int32 = 0, _ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(
            Body {
                // Whatever the system says: it goes on at the priority there is.
                if niceness > 0 { _ = nice(niceness) }
                body()
            })
        let status = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        precondition(status == 0, "the system can start a thread")
    }

    func join() { pthread_join(thread, nil) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
