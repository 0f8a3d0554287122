import Agent
import Glibc
import Model

// Takes changed files without being told: every few seconds the configuration and the rules are
// read and compared with what was last offered, by content, so that a ConfigMap whose `..data` link
// is swapped and an editor that writes a new file are the same to it. What cannot be read, or is
// refused, is offered once and not again until it has changed.

/// Looks after the configuration's files on a thread of its own.
final class FileWatch: @unchecked Sendable {
    // Sound: `thread` is written by `start` and read by `stop`; `seen` belongs to the thread.
    private let interval: TimeSpan
    private let load: @Sendable () throws(FileFault) -> ConfigurationFiles
    private let offer: @Sendable (ConfigurationFiles) -> Void
    private let logger: Logger
    private let stopping = Mailbox<Void>(capacity: 1)
    private var seen: ConfigurationFiles
    private var fault: String?
    private var thread: Worker?

    /// `seen` is what is in force.
    init(
        _ seen: ConfigurationFiles, each interval: TimeSpan, logger: Logger,
        load: @escaping @Sendable () throws(FileFault) -> ConfigurationFiles,
        offer: @escaping @Sendable (ConfigurationFiles) -> Void
    ) {
        self.seen = seen
        self.interval = interval
        self.logger = logger
        self.load = load
        self.offer = offer
    }

    func start() {
        thread = Worker { [self] in
            while stopping.drain(until: wallClock() + interval).isEmpty { look() }
        }
    }

    func stop() {
        stopping.postAlways(())
        thread?.join()
    }

    private func look() {
        do throws(FileFault) {
            let files = try load()
            fault = nil
            guard files != seen else { return }
            seen = files
            logger.info("files have changed")
            offer(files)
        } catch {
            let text = "\(error.path): \(error.reason)"
            if text == fault { return }
            fault = text
            logger.error(
                "files not read; the old ones stay in force", ("file", error.path),
                ("reason", error.reason))
        }
    }
}
