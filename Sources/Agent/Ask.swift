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
}

/// What was found out.
public enum Answer: Hashable, Sendable {
    case probe(ProbeOutcome)

    /// For metrics: which question, and how it ended.
    var kind: String {
        switch self {
        case .probe(let outcome): "probe/" + outcome.word
        }
    }

    /// What a person should know of it; empty when nothing is wrong.
    var fault: String {
        switch self {
        case .probe(.good): ""
        case .probe(let outcome): "the last probe ended with " + outcome.word
        }
    }
}

extension Answer: Archivable {
    /// To read into.
    public static let blank = Answer.probe(.notAsked)

    /// Its kind, then its content.
    public mutating func archive(_ archive: inout Archive) {
        var kind: UInt8 = 1
        archive.field(&kind)
        switch (kind, self) {
        case (1, .probe(var outcome)):
            archive.field(&outcome)
            self = .probe(outcome)
        default: archive.fail()
        }
    }
}

extension AgentCore {
    /// Takes the SLOs in force.
    mutating func configureAsks() {
        asks.configure(configuration.definitions, now: now, settings: AskSettings())
    }

    /// What to ask now.
    mutating func advanceAsks() -> [(id: AskID, question: Question)] {
        asks.begin(at: now).compactMap { id, slot, _ in
            switch slot.sli {
            case .probe(let sli): (id, .probe(sli.request))
            case .events, .latency, .freshness, .threshold, .composite, nil: nil
            }
        }
    }

    /// Counts what was answered, live or in replay.
    mutating func apply(_ answer: Answer, to id: AskID) {
        guard let (slot, about) = asks.end(id, answer) else { return }
        switch answer {
        case .probe(.notAsked): break
        case .probe(let outcome):
            ledger.post(
                EventCounts(bad: outcome == .good ? 0 : 1, total: 1), service: slot.service,
                name: slot.name, labels: .empty, at: about, interval: slot.interval)
        }
    }
}
