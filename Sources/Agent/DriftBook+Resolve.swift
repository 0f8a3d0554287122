import Drift
import Wire

// What of a batch is used, as the log holds it.

extension DriftBook {
    /// What of a batch is used, as the log holds it. Changes nothing.
    func resolve(_ batch: FeatureBatch) -> FeatureBatch {
        guard !models.isEmpty || !batch.events.isEmpty else { return batch }
        var canonical = batch
        canonical.events = []
        for event in batch.events {
            guard let model = model(of: event) else {
                canonical.unwatched += 1
                continue
            }
            canonical.events.append(resolve(event, model))
        }
        return canonical
    }

    private func resolve(_ event: FeatureEvent, _ model: DriftModel) -> FeatureEvent {
        var event = event
        switch model.versionSource {
        case .rows: if event.kind != .rows { event.version = "" }
        case .response: break
        case .header(let name):
            // Only requests have headers; a response's version is its request's.
            event.version = event.headers.first { $0.name == name }?.value ?? ""
        case .endpoints(let versions): event.version = versions[event.endpoint] ?? ""
        case .fixed(let version): event.version = version
        }
        event.headers = []
        if event.kind == .feedback && model.outcome == nil { event.frame = FeatureFrame() }
        event.version = event.version.shortened
        event.namespace = event.namespace.shortened
        event.endpoint = event.endpoint.shortened
        switch event.kind {
        case .rows, .feedback: break
        case .request:
            if !model.looksAtRows {
                event.frame = FeatureFrame()
            } else if model.usesOneRowPerRequest && event.frame.rows > 1 {
                // By the id, so that no order within requests matters, and the content neither.
                let hash = InferencePairs.hash(event.id, .blank)
                event.frame = event.frame.only(row: Int(hash % UInt64(event.frame.rows)))
            }
        case .response: if !model.looksAtAnswers { event.frame = FeatureFrame() }
        }
        return event
    }
}

extension String {
    /// What becomes a label is short, whoever sent it.
    fileprivate var shortened: String { utf8.count <= 128 ? self : String(prefix(32)) }
}
