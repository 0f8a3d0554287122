import Glibc
import Model
import Synchronization

// libmicrohttpd's timeout is of inactivity: a client that sends one byte every two seconds holds
// its connection for ever (measured). Here each phase of a connection has an end by the clock, and
// a sweeper shuts down the sockets that pass it; libmicrohttpd then sees them closed.

/// How long each phase of a connection may take.
struct PhaseLimits: Sendable {
    /// To the end of the headers, the wait between two requests included.
    var headers = TimeSpan.seconds(120)
    /// For a body, beside the time that `bodyBytesPerSecondMin` gives it.
    var body = TimeSpan.seconds(10)
    var bodyBytesPerSecondMin = 64 << 10
}

/// The connections that are waiting for their client.
final class ConnectionDeadlines: Sendable {
    private struct State {
        var deadlines: [Int32: Timestamp] = [:]
        var isStopping = false
    }

    private let limits: PhaseLimits
    private let state = Locked(State())
    private let cuts = Atomic<Int>(0)

    init(limits: PhaseLimits) { self.limits = limits }

    /// Connections cut so far.
    var cutCount: Int { cuts.load(ordering: .relaxed) }

    /// The connection was opened, or its last request is answered: it waits for headers.
    func waitsForHeaders(_ socket: Int32) { set(socket, wallClock() + limits.headers) }

    /// The headers are read; `bytes` of body are announced, or the most a body may have.
    func waitsForBody(_ socket: Int32, bytes: Int) {
        let seconds = Int64(bytes / limits.bodyBytesPerSecondMin)
        set(socket, wallClock() + limits.body + .seconds(seconds))
    }

    /// The request is complete: from here on it is ours to be quick.
    func isServed(_ socket: Int32) { set(socket, nil) }

    /// Called before the socket is closed, so that its number cannot be another's yet.
    func closed(_ socket: Int32) { set(socket, nil) }

    private func set(_ socket: Int32, _ deadline: Timestamp?) {
        guard socket >= 0 else { return }
        state.withLock { $0.deadlines[socket] = deadline }
    }

    /// Shuts down what is over its time. Under the lock: a socket cannot be closed, and its number
    /// given away, in between.
    func sweep(at now: Timestamp) {
        state.withLock { state in
            for (socket, deadline) in state.deadlines where deadline <= now {
                shutdown(socket, Int32(SHUT_RDWR))
                state.deadlines[socket] = nil
                cuts.wrappingAdd(1, ordering: .relaxed)
            }
        }
    }

    /// Sweeps until `stop`, four times a second.
    func run() {
        while !state.withLock({ $0.isStopping }) {
            sweep(at: wallClock())
            usleep(250_000)
        }
    }

    func stop() { state.withLock { $0.isStopping = true } }
}
