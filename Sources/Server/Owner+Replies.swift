import Agent
import Ingest
import Model
import Text
import Wire

// Answers to writes.

extension Owner {
    func written(_ tally: WriteTally) -> Written {
        Written(
            samples: tally.written, histograms: tally.histogramsWritten,
            exemplars: tally.exemplarsWritten)
    }

    func answer(_ reply: WriteReply) -> HTTPResponse {
        guard let line = reply.refusals else { return .empty(204) }
        let response = HTTPResponse.text(reply.status, line)
        return reply.status == 429 ? response.adding("Retry-After", "60") : response
    }

    /// Gives the agent spans; who sent them waits.
    func take(_ batch: SpanBatch, _ exchange: SpanExchange) {
        guard !isFailing else { return exchange.complete(nil) }
        lastRequest += 1
        let id = RequestID(lastRequest)
        waitingSpans[id] = exchange
        handle(.spans(batch, id))
    }

    /// Tells who offered a configuration what has become of it.
    func tell(_ report: ConfigurationReport) {
        lens.withLock { $0 = agent.spanLens }
        precondition(!offers.isEmpty, "each configuration offered is reported once")
        let request = offers.removeFirst()
        if report.isTaken { vault.use(agent.files) }
        let lines = report.diagnostics.map(\.description).joined(separator: "\n")
        if report.isTaken {
            logger.info("configuration taken", ("slos", String(agent.sloCount)))
            request?.complete(.text(200, lines.isEmpty ? "reloaded" : lines))
        } else {
            logger.error("configuration refused; the old one stays", ("errors", lines))
            request?.complete(.text(500, lines))
        }
    }
}
