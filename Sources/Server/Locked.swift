import Glibc
import Model

/// A value behind a lock.
///
/// A pthread mutex and not Swift's `Mutex`: ThreadSanitizer knows it, so `make tsan` can tell a
/// race from a lock it does not see; and under contention the toolchain's `Mutex` collapses (Swift
/// 6.3.1, measured). 20 ns uncontended.
final class Locked<Value: Sendable>: @unchecked Sendable {
    // Sound: `value` is touched only with `mutex` held.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var value: Value

    init(_ value: Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// Calls `body` with the value. Not reentrant; keep it short.
    func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}

/// A value behind a lock that threads can wait on.
///
/// A change that others wait for is followed by `wake`: one thread, or all of them.
final class Awaited<Value: Sendable>: @unchecked Sendable {
    // Sound: `value` is touched only with `mutex` held.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var value: Value

    init(_ value: Value) {
        self.value = value
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// Calls `body` with the value. Not reentrant; keep it short.
    func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }

    func wakeOne() { pthread_cond_signal(condition) }
    func wakeAll() { pthread_cond_broadcast(condition) }

    /// Waits as long as `isWaiting` says so, at most until `deadline`; then calls `body`.
    func wait<Result>(
        until deadline: Timestamp? = nil, while isWaiting: (Value) -> Bool,
        then body: (inout Value) -> Result
    ) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while isWaiting(value) {
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
        return body(&value)
    }
}
