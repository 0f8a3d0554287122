import Agent
import Model
import Synchronization

// The threads that evaluate rules. The owner hands over a round with a point in time of the store;
// the outcome goes back to it as a message. How many rounds are under way the core decides.

/// Evaluates rounds of rules.
final class RuleRunner: @unchecked Sendable {
    // Sound: `threads` is set before the first round and read after the last; the rest is behind
    // the queue's lock or atomic.
    private struct Job: Sendable {
        let work: Work
        let view: QueryView
    }

    private enum Work: Sendable {
        case round(RuleRound)
        /// Of an SLI, and who is told.
        case question(QueryQuestion, @Sendable (Answer) -> Void)
    }

    private let queue = WorkQueue<Job>(capacity: 1024)
    private let isStopping = Atomic<Bool>(false)
    private let concurrency: Int
    private let deliver: @Sendable (RuleOutcome) -> Void
    private var threads: [Worker] = []

    /// `deliver` is called on a thread of the runner's.
    init(concurrency: Int, deliver: @escaping @Sendable (RuleOutcome) -> Void) {
        self.concurrency = concurrency
        self.deliver = deliver
    }

    func start() {
        threads = (0..<concurrency).map { _ in Worker { [self] in run() } }
    }

    /// Takes a round. Once it is stopped the round is lost, as at the end of the process.
    func take(_ round: RuleRound, on view: QueryView) {
        _ = queue.post(Job(work: .round(round), view: view))
    }

    /// Takes a question of an SLI; `answer` is called on a thread of the runner's.
    func take(
        _ question: QueryQuestion, on view: QueryView, answer: @escaping @Sendable (Answer) -> Void
    ) {
        _ = queue.post(Job(work: .question(question, answer), view: view))
    }

    /// Ends the rounds under way; their outcomes are not delivered.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        _ = queue.close()
        for thread in threads { thread.join() }
    }

    private func run() {
        while let job = queue.take() {
            let deadline = wallClock() + job.view.settings.timeout
            let shouldStop: @Sendable () -> Bool = { [self] in
                isStopping.load(ordering: .relaxed) || wallClock() >= deadline
            }
            switch job.work {
            case .round(let round):
                let outcome = round.evaluate(
                    on: job.view, startedAt: wallClock(),
                    nanoseconds: { Int64(monotonicSeconds() * 1e9) }, shouldStop: shouldStop)
                if isStopping.load(ordering: .relaxed) { return }
                deliver(outcome)
            case .question(let question, let tell):
                let answer = question.evaluate(on: job.view, shouldStop: shouldStop)
                if isStopping.load(ordering: .relaxed) { return }
                tell(answer)
            }
        }
    }
}
