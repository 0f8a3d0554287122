import Drift
import Model
import Text

// What is declared of a model's answers: their own stream, their labels, detectors by name; and
// whether serving and training mean the same by a feature.

extension DriftModelReader {
    /// Reads `outputs`; a stream of its own becomes a definition of its own.
    mutating func readOutputs(
        _ outer: inout FieldReader, _ model: inout DriftModel
    ) -> DriftModel? {
        if let share = outer.optionalNumber("sampling") {
            if share <= 0 || share > 1 {
                outer.fail(
                    at: outer.position(of: "sampling"), "sampling is \(share)",
                    expected: "the share of requests that is sent on: over 0, at most 1")
            } else {
                model.samplingShare = share
            }
        }
        guard let node = outer.optionalNode("outputs") else {
            if model.outcome != nil {
                outer.fail(
                    at: outer.position(of: "labels"), "labels without outputs",
                    expected: "\"outputs\" that tell the answer or its confidence")
            }
            return nil
        }
        var fields = FieldReader(node, of: "outputs")
        var outputs = model
        outputs.stream = .outputs
        outputs.outcome = nil
        outputs.live.sliceKeys = []
        outputs.features = readFeatures(&fields)
        (outputs.baselines, outputs.firstRows) = ([], nil)
        readBaseline(&fields, &outputs)
        let answer = fields.optionalString("answer")
        let confidence = fields.optionalString("confidence")
        if answer != nil || confidence != nil {
            var outcome = model.outcome ?? OutcomeSettings()
            (outcome.answer, outcome.confidence) = (answer, confidence)
            model.outcome = outcome
        } else if model.outcome != nil {
            fields.fail(
                at: fields.position, "labels have nothing to be compared with",
                expected: "\"answer\" or \"confidence\"")
        }
        let named = outputs.features.map(\.name) + [answer, confidence].compactMap(\.self)
        model.outputNames = Array(Set(named)).sorted()
        model.outputColumns = outputs.features.map(\.name)
        if model.outputColumns.isEmpty, confidence == nil {
            model.outputColumns = [answer].compactMap(\.self)
        }
        refuseShared(model, &fields)
        defer { outer.add(fields.finish()) }
        guard outputs.watchesRows else { return nil }
        check(outputs, &fields)
        // The mean of two detectors of twice the budget keeps what one of the budget promises.
        model.hasOutputs = true
        if model.watchesRows {
            model.monitor.budget = model.budget.doubled
            outputs.monitor.budget = model.budget.doubled
        }
        (outputs.outputNames, outputs.outputColumns) = ([], [])
        outputs.monitor.seed = model.monitor.seed &+ 1
        models.append(outputs)
        return outputs
    }

    /// A member of a row is one thing.
    private mutating func refuseShared(_ model: DriftModel, _ fields: inout FieldReader) {
        var taken = Set(model.outputNames)
        if let outcome = model.outcome { taken.formUnion([outcome.id, outcome.label]) }
        if let both = model.features.map(\.name).first(where: taken.contains) {
            fields.fail(
                at: fields.position, "\"\(both)\" is a feature and an output or label",
                expected: "each name once")
        }
    }

    @Sendable static func readLabels(_ fields: inout FieldReader, _ model: inout DriftModel) {
        var outcome = OutcomeSettings()
        outcome.id = fields.optionalString("id") ?? outcome.id
        outcome.label = fields.optionalString("label") ?? outcome.label
        if let within = fields.optionalDuration("within") {
            if within < .seconds(1) || within > .days(90) {
                fields.fail(
                    at: fields.position(of: "within"), "labels within \(within)",
                    expected: "1s to 90d")
            } else {
                outcome.rules.within = within
            }
        }
        if let tolerance = fields.optionalNumber("tolerance") {
            if tolerance < 0 {
                fields.fail(
                    at: fields.position(of: "tolerance"), "tolerance is negative",
                    expected: "how far off a number may be")
            }
            outcome.rules.tolerance = tolerance
        }
        if let waiting = fields.optionalInteger("waiting") {
            if !(64...1_000_000).contains(waiting) {
                fields.fail(
                    at: fields.position(of: "waiting"), "\(waiting) predictions wait",
                    expected: "64 to 1000000")
            } else {
                outcome.rules.pendingMax = waiting
            }
        }
        model.outcome = outcome
    }

    // MARK: Detectors

    mutating func readDetectors(
        _ fields: inout FieldReader, _ model: inout DriftModel, _ outputs: DriftModel?
    ) {
        let nodes = fields.sequence("detectors")
        if nodes.count > DetectorChoice.most {
            fields.fail(
                at: fields.position(of: "detectors"), "\(nodes.count) detectors",
                expected: "at most \(DetectorChoice.most)")
        }
        let answers = Set(outputs?.features.map(\.name) ?? [])
        for node in nodes {
            guard let choice = readDetector(node, model) else { continue }
            if let name = choice.of, answers.contains(name) {
                models[models.count - 1].detectors.append(choice)
            } else {
                model.detectors.append(choice)
            }
        }
    }

    private mutating func readDetector(_ node: YAMLNode, _ model: DriftModel) -> DetectorChoice? {
        var fields = FieldReader(node, of: "detector")
        defer { diagnostics += fields.finish() }
        let name = fields.string("kind") ?? ""
        let of = fields.string("of") ?? ""
        let confidence = fields.optionalNumber("confidence")
        let threshold = fields.optionalNumber("threshold")
        let isAlerting = fields.optionalBool("alerts") ?? false
        guard let kind = StreamDetectorKind(rawValue: name) else {
            let known = StreamDetectorKind.allCases.map(\.rawValue).joined(separator: ", ")
            fields.fail(
                at: fields.position(of: "kind"), "the detector \"\(name)\"", expected: known)
            return nil
        }
        var settings = StreamDetectorSettings(kind)
        settings.confidence = confidence
        settings.threshold = threshold
        if let confidence, confidence <= 0 || confidence >= 1 {
            fields.fail(
                at: fields.position(of: "confidence"), "confidence is \(confidence)",
                expected: "between 0 and 1, such as 0.002")
        }
        if threshold != nil && kind != .pageHinkley {
            fields.fail(
                at: fields.position(of: "threshold"), "a threshold of \(name)",
                expected: "pageHinkley, or \"confidence\"")
        }
        if of == "error" && model.outcome == nil {
            fields.fail(
                at: fields.position(of: "of"), "errors that nobody tells",
                expected: "\"outputs\" with an answer, and labels")
        }
        return DetectorChoice(
            settings: settings, of: of == "error" ? nil : of, isAlerting: isAlerting)
    }

    // MARK: Training and serving

    /// What serving declares of a feature must be what training had.
    mutating func checkConsistency(_ model: DriftModel, _ fields: inout FieldReader) {
        for baseline in model.baselines {
            let name = baseline.id.prefix(12)
            for feature in model.features {
                let trained = baseline.units[feature.name] ?? ""
                if !feature.unit.isEmpty && !trained.isEmpty && feature.unit != trained {
                    fields.fail(
                        at: fields.position(of: "features"),
                        "\(feature.name) is in \(feature.unit), the baseline \(name) in \(trained)",
                        expected: trained)
                }
                let cells = baseline.features.first { $0.name == feature.name }?.cells
                if let type = feature.type, let cells, !Self.fits(type, cells) {
                    fields.fail(
                        at: fields.position(of: "features"),
                        "\(feature.name) is \(type.rawValue), in the baseline \(name) it is not",
                        expected: Self.type(cells).rawValue)
                }
            }
            let declared = Set(model.features.map(\.name))
            let unasked = Set(baseline.features.map(\.name)).subtracting(declared).sorted()
            if !declared.isEmpty && !unasked.isEmpty {
                fields.warn(
                    at: fields.position(of: "features"),
                    "the baseline \(name) has " + unasked.prefix(5).joined(separator: ", "),
                    hint: "their values are counted as missing unless rows bring them")
            }
        }
        guard !model.baselines.isEmpty, model.firstRows == nil else { return }
        if model.live.phases != .none || !model.live.sliceKeys.isEmpty {
            fields.warn(
                at: fields.position(of: "guards"),
                "phases and slices are those of a live baseline",
                hint: "a file has its own: pitot drift baseline --phases, --slices")
        }
        let isKnown = model.baselines.allSatisfy { $0.dependence != .unknown }
        if model.monitor.declaredStride != nil && isKnown {
            fields.warn(
                at: fields.position(of: "guards"), "the baseline knows how far rows must be apart",
                hint: "thin is for a live baseline, or a file whose rows were in no order")
        }
    }

    private static func fits(_ type: DriftFeatureType, _ cells: FeatureCells) -> Bool {
        switch (type, cells) {
        case (.numeric, .ordered), (.numeric, .flags), (.binary, .flags), (.categorical, .levels),
            (.binary, .levels):
            true
        case (.numeric, .levels), (.categorical, .ordered), (.categorical, .flags),
            (.binary, .ordered):
            false
        }
    }

    private static func type(_ cells: FeatureCells) -> DriftFeatureType {
        switch cells {
        case .ordered: .numeric
        case .flags: .binary
        case .levels: .categorical
        }
    }
}
