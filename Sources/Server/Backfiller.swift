import Agent
import Backtest
import Glibc
import Model
import Synchronization
import Text

// Reads the past from a Prometheus once, at the first start on a data folder: slice by slice, one
// request at a time. Each slice is an event of the agent's, so progress is in the log and a reader
// that was killed goes on where the agent stands.

/// What is done with the past.
enum BackfillStep: Sendable {
    case begin(from: Timestamp)
    case samples(PastSamples)
    case end(isWhole: Bool)
}

/// Reads the past.
final class Backfiller: @unchecked Sendable {
    // Sound: what changes is an atomic, a mailbox, or belongs to the reader's thread.

    /// How long after the start the last slice is read: by then senders have begun to send, and
    /// each series' first live sample ends its past.
    static let joinAfter = TimeSpan.seconds(25)
    private static let waitMax = TimeSpan.seconds(30)

    let requests = Atomic<Int>(0)
    let failures = Atomic<Int>(0)
    private let isStopping = Atomic<Bool>(false)
    private let settings: BackfillSettings
    private let range: TimeSpan
    private let selectors: [String]
    private let owner: Owner
    private let logger: Logger
    private let joinAfter: TimeSpan
    private let answers = Mailbox<BackfillProgress>(capacity: 16)
    private var labels: [Labels] = []
    private var slice = FetchLimits().slice
    private var worker: Worker?

    init(
        _ settings: BackfillSettings, range: TimeSpan, selectors: [String], owner: Owner,
        logger: Logger, joinAfter: TimeSpan = Backfiller.joinAfter
    ) {
        self.settings = settings
        self.range = range
        self.selectors = selectors
        self.owner = owner
        self.logger = logger
        self.joinAfter = joinAfter
    }

    /// Asks the agent to begin, before it hears of anything live.
    func prepare() { post(.begin(from: wallClock() - range)) }

    func start() { worker = Worker { [self] in run() } }

    /// Ends the thread after the request it is at.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
        answers.postAlways(BackfillProgress.blank)
        worker?.join()
    }

    private var isStopped: Bool { isStopping.load(ordering: .relaxed) }

    private func run() {
        let begun = wallClock()
        guard var progress = answer() else { return }
        guard progress.phase == .reading else {
            if progress.phase == .none {
                logger.warn(
                    "no back-fill: this data folder has counted already, and a past cannot be put "
                        + "before counts exactly",
                    ("do", "for a whole past move the data folder away and start anew"))
            }
            return
        }
        logger.info(
            "back-fill begins", ("from", progress.from.rfc3339),
            ("through", progress.through.rfc3339))
        let deadline = max(begun, progress.began) + settings.timeout
        var wait = TimeSpan.seconds(1)
        while !isStopped {
            do throws(FileFault) {
                try read(&progress)
                guard progress.phase == .reading else { break }
                let joinAt = progress.began + joinAfter
                if wallClock() < joinAt {
                    pause(until: joinAt)
                    continue
                }
                finish(isWhole: true)
                break
            } catch {
                failures.add(1, ordering: .relaxed)
                logger.warn("back-fill: no answer", ("reason", error.reason))
                guard wallClock() < deadline else {
                    finish(isWhole: false)
                    break
                }
                pause(until: wallClock() + wait)
                wait = min(Self.waitMax, wait * 2)
            }
        }
    }

    private func finish(isWhole: Bool) {
        guard let progress = ask(.end(isWhole: isWhole)) else { return }
        logger.info(
            "back-fill \(progress.phase.word)", ("samples", String(progress.samples)),
            ("refused", String(progress.refused)), ("through", progress.through.rfc3339))
    }

    /// Reads from where the agent stands to now.
    private func read(_ progress: inout BackfillProgress) throws(FileFault) {
        let extra = try externalLabels()
        var limits = FetchLimits()
        limits.attempts = 1
        limits.pause = settings.pause
        limits.timeout = .seconds(20)
        limits.slice = slice
        var history = PrometheusHistory(
            url: settings.remoteRead.isEmpty ? settings.prometheus : settings.remoteRead,
            selectors: selectors, from: progress.through,
            to: wallClock(), extra: extra, limits: limits)
        labels = []
        defer { requests.add(history.requests, ordering: .relaxed) }
        while !isStopped {
            let fetched: FetchedSlice?
            do throws(FileFault) {
                fetched = try history.next()
            } catch {
                // What takes too long is asked in shorter slices.
                slice = max(.minutes(5), TimeSpan(millis: slice.millis / 2))
                if let span = history.retryAfter { pause(until: wallClock() + span) }
                throw error
            }
            guard let fetched else { return }
            labels += fetched.added
            for part in pastSamples(fetched.columns, labels: labels, through: fetched.to) {
                guard let answer = ask(.samples(part)) else { return }
                progress = answer
                guard progress.phase == .reading else { return }
            }
        }
    }

    /// What the source adds to its series when it sends them.
    private func externalLabels() throws(FileFault) -> Labels {
        if let given = settings.externalLabels { return given }
        // The source adds them to what it is asked by remote read.
        if !settings.remoteRead.isEmpty { return .empty }
        let url = settings.prometheus + "/api/v1/status/config"
        let answer = HTTPClient().get(url)
        requests.add(1, ordering: .relaxed)
        guard answer.status == 200, let json = try? JSONValue.parse(answer.body),
            let text = json["data"]?["yaml"]?.asString
        else {
            throw FileFault(
                path: url,
                reason: "status \(answer.status); expected the configuration, or give "
                    + "backfill.externalLabels")
        }
        let document = try? YAML.parse(Array(text.utf8), file: "prometheus.yml").first
        guard let labels = document?["global"]?["external_labels"],
            case .mapping(let pairs) = labels.content
        else { return .empty }
        return Labels(
            pairs.compactMap { pair in
                guard let name = pair.key.asString, let value = pair.value.asString else {
                    return nil
                }
                return (name, value)
            })
    }

    /// Gives the agent a step and waits until it was taken; nil when there is no time left for it.
    private func ask(_ step: BackfillStep) -> BackfillProgress? {
        if isStopped { return nil }
        post(step)
        return answer()
    }

    private func post(_ step: BackfillStep) {
        owner.mailbox.postAlways(.backfill(step) { [answers] in answers.postAlways($0) })
    }

    private func answer() -> BackfillProgress? {
        let answer = answers.drain(until: nil).first
        return isStopped ? nil : answer
    }

    private func pause(until time: Timestamp) {
        while !isStopped, wallClock() < time {
            usleep(UInt32(clamping: min(200, max(1, (time - wallClock()).millis)) * 1000))
        }
    }
}

extension Owner {
    /// Takes a step, and says where the reading stands then. While the log cannot be written
    /// nothing is taken: the reader sees that it is no further, and comes again.
    func backfill(_ step: BackfillStep, _ answer: @Sendable (BackfillProgress) -> Void) {
        if !isFailing {
            switch step {
            case .begin(let from):
                if agent.canBackfill { handle(.backfillBegan(from: from)) }
            case .samples(let past): handle(.backfilled(past))
            case .end(let isWhole): handle(.backfillEnded(isWhole: isWhole))
            }
        }
        answer(agent.backfill)
    }
}
