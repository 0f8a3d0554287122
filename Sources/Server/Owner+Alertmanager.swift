import Agent
import Alerting

// What people ask for through Alertmanager's API: answered when it is durable.

extension Owner {
    func take(_ change: AlertmanagerChange, _ refused: String?, _ request: HTTPRequest) {
        guard !isFailing else { return request.complete(Self.unavailable) }
        handle(.alertmanager(change, refused: refused, wait(request)))
    }

    /// Keeps a request until what it led to is durable.
    private func wait(_ request: HTTPRequest) -> RequestID {
        lastRequest += 1
        waitingRows[RequestID(lastRequest)] = request
        return RequestID(lastRequest)
    }

    func takeWaiting(_ id: RequestID) -> HTTPRequest? { waitingRows.removeValue(forKey: id) }

    func tell(_ reply: AlertmanagerReply) {
        guard let request = takeWaiting(reply.id) else { return }
        request.complete(
            AlertmanagerEndpoints.answer(reply, isDelete: request.method == "DELETE"))
    }
}
