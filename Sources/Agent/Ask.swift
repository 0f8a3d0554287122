import Alerting
public import Model
public import SLO

// What the agent asks the world for an SLI, and what it is answered.

/// A question under way.
public struct AskID: Hashable, Sendable {
    public let number: UInt64

    public init(_ number: UInt64) { self.number = number }
}

/// What is to be found out.
public enum Question: Sendable {
    case probe(ProbeRequest)
    case query(QueryQuestion)
}

/// What was found out.
public enum Answer: Hashable, Sendable {
    case probe(ProbeOutcome)
    /// Of each group that has a total.
    case query([QueryCount])
    /// Why it could not be evaluated.
    case queryFailed(String)

    /// For metrics: which question, and how it ended.
    var kind: String {
        switch self {
        case .probe(let outcome): "probe/" + outcome.word
        case .query: "query/good"
        case .queryFailed: "query/failed"
        }
    }

    /// What a person should know of it; empty when nothing is wrong.
    var fault: String {
        switch self {
        case .probe(.good): ""
        case .probe(let outcome): "the last probe ended with " + outcome.word
        case .query: ""
        case .queryFailed(let reason): "the last evaluation failed: " + reason
        }
    }
}

extension Answer: Archivable {
    /// To read into.
    public static let blank = Answer.probe(.notAsked)

    /// Its kind, then its content.
    public mutating func archive(_ archive: inout Archive) {
        var kind: UInt8
        var outcome = ProbeOutcome.notAsked
        var counts: [QueryCount] = []
        var reason = ""
        switch self {
        case .probe(let ended): (kind, outcome) = (1, ended)
        case .query(let counted): (kind, counts) = (2, counted)
        case .queryFailed(let why): (kind, reason) = (3, why)
        }
        archive.field(&kind)
        switch kind {
        case 1:
            archive.field(&outcome)
            self = .probe(outcome)
        case 2:
            archive.field(&counts)
            self = .query(counts)
        case 3:
            archive.field(&reason)
            self = .queryFailed(reason)
        default: archive.fail()
        }
    }
}

extension AgentCore {
    /// Takes the SLOs in force.
    mutating func configureAsks() {
        asks.configure(
            configuration.definitions, now: now,
            settings: AskSettings(
                queryInterval: configuration.notifier.evaluationInterval,
                queryTimeout: configuration.queries.timeout))
    }

    /// What to ask now.
    mutating func advanceAsks() -> [(id: AskID, question: Question)] {
        asks.begin(at: now).compactMap { id, slot, about in
            switch slot.sli {
            case .query(let sli):
                (id, .query(QueryQuestion(sli: sli, by: slot.by, time: about)))
            case .probe(let sli): (id, .probe(sli.request))
            case .events, .latency, .freshness, .threshold, .composite, .runs, .spans, nil: nil
            }
        }
    }

    /// Counts what was answered, live or in replay.
    mutating func apply(_ answer: Answer, to id: AskID) {
        guard let (slot, about) = asks.end(id, answer) else { return }
        switch answer {
        case .probe(.notAsked), .queryFailed: break
        case .query(let counts):
            for count in counts {
                ledger.post(
                    EventCounts(bad: count.bad, total: count.total), service: slot.service,
                    name: slot.name, labels: count.labels, at: about, interval: slot.interval)
            }
        case .probe(let outcome):
            ledger.post(
                EventCounts(bad: outcome == .good ? 0 : 1, total: 1), service: slot.service,
                name: slot.name, labels: .empty, at: about, interval: slot.interval)
        }
    }
}
