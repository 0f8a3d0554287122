import Drift
import Model
import Wire

// Answers and labels: of responses and feedback, and of rows that bring them. Answers are a stream
// of their own, and wait under their prediction's id. A prediction of several rows has an id for
// each: the event's, a slash, and the row from 0.

extension DriftBook {
    /// Takes rows: features, answers and labels, whichever are there.
    mutating func rows(
        _ event: FeatureEvent, _ key: DriftKey, _ model: DriftModel, _ time: Timestamp,
        _ now: Timestamp
    ) {
        let frame = event.frame
        guard model.looksAtAnswers else {
            return observe(frame, key, model, time, now, rate: event.sampledRate)
        }
        let (id, label) = (model.outcome?.id, model.outcome?.label)
        let outputs = frame.columns.indices.filter {
            model.outputNames.contains(frame.columns[$0]) || model.isScore(frame.columns[$0])
        }
        let inputs = frame.columns.indices.filter {
            !outputs.contains($0) && frame.columns[$0] != id && frame.columns[$0] != label
        }
        observe(frame.picking(inputs), key, model, time, now, rate: event.sampledRate)
        observeOutputs(
            frame.picking(outputs), key, model, time, now, rate: event.sampledRate)
        guard let outcome = model.outcome,
            let idColumn = frame.columns.firstIndex(of: outcome.id)
        else { return }
        let reader = AnswerReader(outcome, columns: frame.columns)
        let labels = frame.columns.firstIndex(of: outcome.label)
        for row in 0..<frame.rows {
            let base = row * frame.columns.count
            guard let name = frame.name(at: base + idColumn) else { continue }
            let hash = InferencePairs.hash(name, key)
            if let (answer, confidence) = reader?.read(frame, row: row) {
                withWatch(key, model, now) {
                    $0.answer(id: hash, answer, confidence: confidence, at: now)
                }
            }
            if let labels, let truth = FeatureValue(frame.words[base + labels], texts: frame.texts),
                truth != .missing
            {
                self.label(id: hash, truth, isVerdict: false, model, now)
            }
        }
    }

    /// Takes the answers of a response.
    mutating func takeAnswers(
        _ frame: FeatureFrame, _ id: String, _ key: DriftKey, _ model: DriftModel,
        _ time: Timestamp, _ now: Timestamp, rate: UInt32
    ) {
        guard model.looksAtAnswers, frame.rows > 0 else { return }
        let isOne = model.usesOneRowPerRequest && frame.rows > 1
        // The row that is used of its request, where both have as many.
        let hash = InferencePairs.hash(id, .blank)
        let used = isOne ? frame.only(row: Int(hash % UInt64(frame.rows))) : frame
        observeOutputs(used, key, model, time, now, rate: rate)
        guard let outcome = model.outcome, !id.isEmpty else { return }
        let columns = self.columns(of: frame, model)
        guard let reader = AnswerReader(outcome, columns: columns) else { return }
        for row in 0..<frame.rows {
            guard let (answer, confidence) = reader.read(frame, row: row) else { continue }
            let name = frame.rows == 1 ? id : "\(id)/\(row)"
            withWatch(key, model, now) {
                $0.answer(
                    id: InferencePairs.hash(name, key), answer, confidence: confidence, at: now)
            }
        }
    }

    /// Takes what answers should have been.
    mutating func takeFeedback(_ event: FeatureEvent, _ model: DriftModel, _ now: Timestamp) {
        let frame = event.frame
        guard model.outcome != nil, let column = frame.columns.first else { return }
        let key = DriftKey(
            title: model.title, model: event.model, namespace: event.namespace,
            endpoint: event.endpoint, version: "")
        for row in 0..<frame.rows {
            guard let truth = FeatureValue(frame.words[row], texts: frame.texts),
                truth != .missing
            else { continue }
            let name = frame.rows == 1 ? event.id : "\(event.id)/\(row)"
            label(
                id: InferencePairs.hash(name, key), truth, isVerdict: column == "reward", model,
                now)
        }
    }

    private mutating func observeOutputs(
        _ frame: FeatureFrame, _ key: DriftKey, _ model: DriftModel, _ time: Timestamp,
        _ now: Timestamp, rate: UInt32
    ) {
        guard model.hasOutputs, frame.rows > 0,
            let outputs = models.first(where: { $0.isOutputs(of: model) })
        else { return }
        observe(frame, key.outputs, outputs, time, now, rate: rate)
    }

    /// A response's columns by the names that outputs declare, where it has none.
    private func columns(of frame: FeatureFrame, _ model: DriftModel) -> [String] {
        let isDeclared = model.outputColumns.count == frame.columns.count
        return frame.isPositional && isDeclared ? model.outputColumns : frame.columns
    }
}

extension DriftModel {
    /// Whether a row's member is one of the confidence's columns.
    fileprivate func isScore(_ column: String) -> Bool {
        guard let name = outcome?.confidence, name != AnswerReader.allColumns else { return false }
        return column.hasPrefix(name + "[")
    }
}

extension FeatureFrame {
    /// The text or whole number at a place, as an id.
    fileprivate func name(at place: Int) -> String? {
        switch FeatureValue(words[place], texts: texts) {
        case .text(let text): text.isEmpty ? nil : text
        case .number(let number): number.isFinite ? FeatureValue.level(number) : nil
        case .flag, .missing, nil: nil
        }
    }
}
