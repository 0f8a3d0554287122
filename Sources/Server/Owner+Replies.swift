import Agent
import Ingest

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
}
