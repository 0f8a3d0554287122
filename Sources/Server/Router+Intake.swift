import Agent
import Model

// What is sent to Pitot, up to where it is handed on.

extension Router {
    func receive(_ request: HTTPRequest) -> Disposition {
        let version: WriteVersion
        do throws(MediaFault) {
            version = try WriteVersion(contentType: request.header("Content-Type"))
        } catch {
            counts.refused("unsupported_media_type")
            return counted(request, .text(415, error.reason))
        }
        guard case .ready = phase else {
            return counted(request, Owner.unavailable.reporting(Written(), version))
        }
        switch write.judge(request, version) {
        case .refused(let response, let reason):
            counts.refused(reason)
            return counted(request, response.reporting(Written(), version))
        case .batch(let batch):
            // The batch has it all: what waits for the disk does not hold the body as well.
            request.dropBody()
            let exchange = WriteExchange(request: request, version: version)
            guard owner.mailbox.post(.write(batch, exchange)) else {
                counts.refused("overloaded")
                return counted(request, Owner.unavailable.reporting(Written(), version))
            }
            counts.answered(request.path, 0)
            return .later
        }
    }

    /// CloudEvents: those about runs wait until they are durable, those about requests to models
    /// for nothing.
    func takeEvents(_ request: HTTPRequest) -> Disposition {
        let isReady = phase == .ready
        guard let found = pipelines.cloudEvents(request) else {
            return counted(request, features.events(request, isReady: isReady))
        }
        guard isReady else { return counted(request, Owner.unavailable) }
        features.pass(request, hasInference: found.hasInference)
        return take(request, found.judgement)
    }

    func take(
        _ request: HTTPRequest, _ judgement: PipelineEndpoints.Judgement
    ) -> Disposition {
        switch judgement {
        case .answered(let response): return counted(request, response)
        case .taken(let batch, let exchange):
            request.dropBody()
            guard owner.mailbox.post(.pipeline(batch, exchange)) else {
                return counted(request, Owner.unavailable)
            }
            counts.answered(request.path, 0)
            return .later
        }
    }

    func reload(_ request: HTTPRequest) -> Disposition {
        do throws(FileFault) {
            let files = try loadFiles()
            guard owner.mailbox.post(.configure(files, request)) else {
                return counted(request, Owner.unavailable)
            }
            return .later
        } catch {
            return counted(request, .text(500, "\(error.path): \(error.reason)"))
        }
    }

    /// `POST /api/v1/read`: decoded where it is answered, on a query thread.
    func readRemotely(_ request: HTTPRequest) -> Disposition {
        guard phase != .replaying, phase != .stopped else { return counted(request, readiness) }
        let body = request.body
        return evaluate(request, request.path, wallClock()) { view, watch in
            RemoteReadEndpoint.answer(body, view, watch)
        }
    }

    /// What the server in front of OTLP alone answers.
    func handleOTLP(_ request: HTTPRequest) -> Disposition {
        if request.method == "POST", OTLPSignal(path: request.path) != nil {
            return takeOTLP(request)
        }
        let isKnown = OTLPSignal(path: request.path) != nil
        let response = HTTPResponse.text(
            isKnown ? 405 : 404, "this port takes POST /v1/traces and /v1/metrics")
        return counted(request, isKnown ? response.adding("Allow", "POST") : response)
    }

    func takeOTLP(_ request: HTTPRequest) -> Disposition {
        guard let signal = OTLPSignal(path: request.path) else {
            return counted(request, .empty(404))
        }
        if let answer = otlp.take(request, signal) { return counted(request, answer) }
        counts.answered(request.path, 0)
        return .later
    }

    func takeZipkin(_ request: HTTPRequest) -> Disposition {
        if let answer = otlp.takeZipkin(request) { return counted(request, answer) }
        counts.answered(request.path, 0)
        return .later
    }
}
