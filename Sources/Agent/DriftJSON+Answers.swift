import Drift
import Text

// What is told of a watch beside its detectors: sampling, training against serving, answers against
// labels, published detectors.

extension DriftWatch {
    /// The share of rows that were sent on; 1 when all were.
    var samplingShare: Double {
        let declared = definition.samplingShare
        guard represented > rows else { return declared }
        return declared * Double(rows) / Double(represented)
    }

    /// Where serving and training differ, in words: no more than a few.
    var differences: [String] {
        var said: [String] = []
        if let baseline = monitor?.baseline {
            for feature in definition.features {
                let trained = baseline.units[feature.name] ?? ""
                if !feature.unit.isEmpty && !trained.isEmpty && feature.unit != trained {
                    said.append("\(feature.name) is in \(feature.unit), was in \(trained)")
                }
            }
        }
        said += absent.prefix(5).map { "\($0) is not sent" }
        if refusals[.unknownFeature] > 0 { said.append("features that training did not have") }
        if refusals[.wrongType] > 0 { said.append("values of another type than in training") }
        let features = Set(newLevels.map(\.feature)).sorted()
        return said + features.prefix(5).map { "\($0) has levels that training did not have" }
    }
}

extension DriftJSON {
    func writeConsistency(into json: inout JSONWriter) {
        json.key("sampling")
        json.object { json in
            json.member("share", watch.samplingShare)
            json.member("rowsRepresented", integer: Int(clamping: watch.represented))
        }
        json.key("consistency")
        json.object { json in
            json.key("differences")
            json.array { json in for text in watch.differences { json.string(text) } }
            json.key("newLevels")
            json.array { json in
                for level in watch.newLevels {
                    json.object { json in
                        json.member("feature", level.feature)
                        json.member("level", level.level)
                    }
                }
            }
        }
    }

    func writeOutcomes(into json: inout JSONWriter) {
        json.key("labels")
        guard let outcomes = watch.outcomes else { return json.null() }
        json.object { json in
            json.member("predictions", integer: Int(clamping: outcomes.predictions))
            json.member("labelled", integer: Int(clamping: outcomes.labels))
            json.member("waiting", integer: outcomes.pending)
            json.member("givenUp", integer: Int(clamping: outcomes.givenUp))
            json.member("duplicates", integer: Int(clamping: outcomes.duplicates))
            json.member("refused", integer: Int(clamping: outcomes.refused))
            json.member("coverage", outcomes.coverage)
            json.member("errorRatio", outcomes.errorRatio)
            json.member("lastWindowErrorRatio", outcomes.windowErrorRatio)
            json.member("expectedErrorRatio", outcomes.expectedErrorRatio)
            json.member("overconfidence", outcomes.overconfidence)
            json.member("meanDelaySeconds", outcomes.meanDelaySeconds)
            if outcomes.rules.tolerance != nil {
                json.member("meanAbsoluteError", outcomes.meanAbsoluteError)
                json.member("meanError", outcomes.meanError)
            } else {
                writeClasses(outcomes, into: &json)
            }
        }
    }

    private func writeClasses(_ outcomes: OutcomeTracker, into json: inout JSONWriter) {
        let divergence = outcomes.divergence
        json.member("jensenShannon", divergence?.jensenShannon)
        json.member("psi", divergence?.psi)
        json.key("classes")
        json.array { json in
            for move in outcomes.classes(OutcomeTracker.classesMax + 1) {
                json.object { json in
                    json.member("class", move.label)
                    json.member("labels", move.before)
                    json.member("predictions", move.now)
                }
            }
        }
    }

    func writeDetectors(into json: inout JSONWriter) {
        json.key("detectors")
        json.array { json in
            for entry in watch.detectors.entries {
                json.object { json in
                    json.member("kind", entry.choice.settings.kind.rawValue)
                    json.member("of", entry.choice.of ?? "error")
                    json.member("samples", integer: Int(clamping: entry.detector.samples))
                    json.member("alarms", integer: Int(clamping: entry.detector.alarms))
                    json.member("lastAlarm", integer: Int(clamping: entry.detector.lastAlarm))
                    json.member("raisesAlerts", bool: entry.choice.isAlerting)
                    json.member("isGuaranteed", bool: false)
                    json.member("guarantee", StreamDetectorKind.promise)
                }
            }
        }
    }
}
