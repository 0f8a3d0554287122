internal import Model

// What an answer should have been. Seldon 1 sends the request, the response (whose `meta.puid` is
// the request's id), `truth` in the form of a request, and a `reward`. Other senders say `label`,
// or `labels` for the rows of one request. The frame has one column: "label", or "reward" where
// nobody tells the right answer.

extension PayloadReader {
    /// Reads feedback into an event's frame.
    mutating func readFeedback(_ root: TapeCursor, into event: inout FeatureEvent) {
        let response = root.member("response")
        if let puid = response?.member("meta")?.member("puid")?.string, !puid.isEmpty {
            event.id = puid
        }
        var column = "label"
        if let truth = root.member("truth"), !truth.isNull {
            readTruth(truth)
        } else if let label = root.member("label") ?? root.member("labels") {
            readTruth(label)
        } else if let reward = root.member("reward") {
            column = "reward"
            readTruth(reward)
        } else {
            faults.append(.unknownBody)
        }
        event.frame = frame
        // Labels of several columns: nobody says which is the answer.
        if event.frame.columns.count == 1 {
            event.frame.columns = [column]
            event.frame.isPositional = false
        } else if !event.frame.columns.isEmpty {
            event.frame = FeatureFrame()
            faults.append(.wrongShape)
        }
        event.faults += faults
    }

    private mutating func readTruth(_ truth: TapeCursor) {
        if truth.isObject {
            if let data = truth.member("data"), readSeldon(data) { return }
            if readSeldon(truth) { return }
            return faults.append(.unknownBody)
        }
        readLabels(truth)
    }
}
