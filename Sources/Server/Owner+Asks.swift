import Agent

// What is asked for SLIs: who finds it out.

extension Owner {
    /// Hands a question over; its answer comes back as a message.
    func ask(_ id: AskID, _ question: Question) {
        switch question {
        case .probe(let request): prober.ask(id, request)
        case .query(let question):
            rules.take(question, on: agent.queryView()) { [mailbox] answer in
                mailbox.postAlways(.answered(id, answer))
            }
        }
    }
}
