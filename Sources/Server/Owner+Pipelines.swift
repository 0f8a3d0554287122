import Agent
import Synchronization
import Wire

// What was told of models and runs: handed to the agent, answered when it is in the log.

extension Owner {
    func take(_ batch: FeatureBatch, _ request: HTTPRequest?) {
        guard !isFailing else {
            eventsLost.add(batch.events.count, ordering: .relaxed)
            request?.complete(Self.unavailable)
            return
        }
        var id: RequestID?
        if let request {
            lastRequest += 1
            let waitsAs = RequestID(lastRequest)
            waitingRows[waitsAs] = request
            id = waitsAs
        }
        handle(.features(batch, id))
    }

    func take(_ batch: PipelineBatch, _ exchange: PipelineExchange) {
        guard !isFailing else { return exchange.request.complete(Self.unavailable) }
        lastRequest += 1
        let id = RequestID(lastRequest)
        waitingPipelines[id] = exchange
        handle(.pipeline(batch, id))
    }

    func complete(_ reply: PipelineReply) {
        guard let exchange = waitingPipelines.removeValue(forKey: reply.id) else { return }
        exchange.request.complete(exchange.answer(reply))
    }

    func refusePipelines() {
        for exchange in waitingPipelines.values { exchange.request.complete(Self.unavailable) }
        waitingPipelines = [:]
    }
}
