import Glibc
import Model

/// A bounded queue into one thread: many post, one drains all there is.
///
/// A pthread mutex and condition: draining in bulk costs about 50 ns a message where an actor hop
/// from a plain thread costs two microseconds (measured, Swift 6.3.1).
final class Mailbox<Message: Sendable>: @unchecked Sendable {
    // Sound: `messages` and `isClosed` are touched only with `mutex` held.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var messages: [Message] = []
    private var isClosed = false
    private let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Messages that wait.
    var count: Int {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return messages.count
    }

    /// Adds a message; false when the queue is full or closed.
    func post(_ message: Message) -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed, messages.count < capacity else { return false }
        messages.append(message)
        if messages.count == 1 { pthread_cond_signal(condition) }
        return true
    }

    /// Adds a message that must not be lost, over the capacity if need be: a result of our own.
    /// Once closed there is nobody left to take it.
    func postAlways(_ message: Message) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed else { return }
        messages.append(message)
        if messages.count == 1 { pthread_cond_signal(condition) }
    }

    /// Takes all there is and nothing more: a message that came later would wait for ever.
    func close() -> [Message] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        isClosed = true
        defer { messages = [] }
        return messages
    }

    /// Waits until there are messages or the time has come, and takes all.
    func drain(until deadline: Timestamp?) -> [Message] {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while messages.isEmpty {
            guard let deadline else {
                pthread_cond_wait(condition, mutex)
                continue
            }
            // The system refuses times before 1970; to wait again for one would spin.
            let millis = max(0, deadline.millis)
            var until = timespec(
                tv_sec: Int(millis / 1000), tv_nsec: Int(millis % 1000) * 1_000_000)
            if pthread_cond_timedwait(condition, mutex, &until) != 0 { break }
        }
        defer { messages = [] }
        return messages
    }
}

/// Starts a thread that runs `body` once. Joined by `join`.
final class Worker: @unchecked Sendable {
    // Sound: `thread` is written once before `start` returns.
    private var thread = pthread_t()

    init(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(body))
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
