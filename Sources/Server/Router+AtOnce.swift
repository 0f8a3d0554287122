import Wire

// Events about requests to models are answered with 200 in any case and wait for nothing: the
// inference that they tell of waits with its logger. Their type is in a header, as loggers send it.

extension Router {
    private static let eventsPath = "/api/v1/events"

    private static func isInference(_ request: HTTPRequest) -> Bool {
        guard request.path == eventsPath, request.method == "POST",
            let type = request.header("ce-type")
        else { return false }
        return CloudEventBody.isInference(type)
    }

    /// A body that the server does not take by itself; nil leaves the answer to it.
    func refused(_ request: HTTPRequest, _ refusal: HTTPRefusal) -> HTTPResponse? {
        if Self.isInference(request) {
            counts.answered(request.path, 200)
            return features.refused(refusal)
        }
        switch refusal {
        case .crowded: break
        case .tooLarge:
            if request.path == "/api/v1/write" { counts.refused("too_large") }
            counts.answered(Self.methods[request.path] == nil ? "other" : request.path, 413)
        }
        return nil
    }

    /// What is answered before anything is read; nil is for the handler.
    func atOnce(_ request: HTTPRequest) -> HTTPResponse? {
        guard Self.isInference(request) else { return nil }
        let response = features.events(request, isReady: phase == .ready)
        counts.answered(request.path, response.status)
        return response
    }
}
