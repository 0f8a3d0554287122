import Agent
import Ingest
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
}
