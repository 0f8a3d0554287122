import Alerting
import Drift
import Model
import Testing
import Text
import Wire

@testable import Agent

/// Answers as a stream of their own, labels that come late, detectors by name, sampling, training
/// against serving.
@Suite struct OutcomeAgentTests {
    private static let rules = """
        apiVersion: pitot/v1
        kind: DriftModels
        models:
          - model: loan
            seed: 3
            features: [{name: age, type: numeric}, {name: city, type: categorical}]
            baseline: {firstRows: 400}
            budget: {rows: 10000}
            guards: {thin: 1}
            window: {every: 1h, rows: 400}
            outputs:
              features: [{name: class, type: categorical}, {name: score, type: numeric}]
              baseline: {firstRows: 400}
              answer: class
              confidence: score
            labels: {id: request, label: truth, within: 2h}
            detectors:
              - {kind: adwin, of: age}
              - {kind: pageHinkley, of: score, threshold: 20, alerts: true}
              - {kind: ddm, of: error, alerts: true}
        """

    /// Rows with everything: features, an answer with its confidence, an id.
    private func rows(
        _ range: Range<Int>, age shift: Double = 0, score lift: Double = 0
    ) -> FeatureEvent {
        var event = FeatureEvent(.rows)
        event.model = "loan"
        let features = driftFrame(rows: range.count, shift: shift, seed: UInt64(range.lowerBound))
        event.frame.columns = ["age", "city", "class", "score", "request"]
        event.frame.texts = features.texts + ["yes", "no"]
        for (row, id) in range.enumerated() {
            event.frame.words += features.words[row * 2..<row * 2 + 2]
            let score = Double((id * 7919) % 1000) / 2000 + 0.5 + lift
            event.frame.words.append(FeatureWord(text: 3 + id % 2))
            event.frame.words.append(FeatureWord(score))
            event.frame.words.append(FeatureWord(Double(id)))
        }
        return event
    }

    private func labels(_ pairs: [(id: Int, truth: String)]) -> FeatureEvent {
        var event = FeatureEvent(.rows)
        event.model = "loan"
        event.frame.columns = ["request", "truth"]
        for (row, pair) in pairs.enumerated() {
            event.frame.words.append(FeatureWord(Double(pair.id)))
            event.frame.words.append(FeatureWord(text: row))
            event.frame.texts.append(pair.truth)
        }
        return event
    }

    private func life() -> DriftLife {
        var life = DriftLife()
        life.configure(Self.rules)
        return life
    }

    private func watch(_ life: DriftLife, _ stream: DriftStream) throws -> DriftWatch {
        try #require(life.agent.drift.watches.first { $0.key.stream == stream })
    }

    private func json(_ life: DriftLife, _ place: Int) throws -> JSONValue {
        let bytes = life.agent.driftJSON(model: "loan", version: nil, hasCells: true)
        return try #require(try JSONValue.parse(bytes)["data"]?["models"]?[place])
    }

    @Test func answersAreAStreamOfTheirOwnInTheSameBudget() throws {
        var life = life()
        for start in stride(from: 0, to: 800, by: 50) { life.send([rows(start..<start + 50)]) }
        let before = try watch(life, .inputs)
        #expect(before.rows == 800 && before.monitor?.used == 400)
        #expect(before.monitor?.baseline.features.map(\.name) == ["age", "city"])
        #expect(before.monitor?.limit == 20_000)
        #expect(try watch(life, .outputs).monitor?.limit == 20_000)
        for start in stride(from: 800, to: 1000, by: 50) {
            life.send([rows(start..<start + 50, score: 0.4)])
        }
        let drifts = life.alerts.filter { $0.labels["alertname"] == "ModelDrift" }
        #expect(drifts.map { $0.labels["stream"] } == ["outputs"])
        let notes = drifts.first?.details.annotations ?? []
        let guarantee = notes.first { $0.name == "guarantee" }?.value ?? ""
        #expect(guarantee.hasPrefix("At most one false alarm per 10000 rows of inputs and outputs"))
        #expect(!(try watch(life, .inputs)).isLatched)
        #expect(driftBytes(of: try life.replayed()) == driftBytes(of: life.agent))
    }

    @Test func labelsThatComeLateMeetTheirPredictions() throws {
        var life = life()
        for start in stride(from: 0, to: 500, by: 50) { life.send([rows(start..<start + 50)]) }
        life.tick(600)
        // Even ids were answered yes, odd ones no; a tenth of the labels says otherwise.
        let told = (0..<300).map { id in
            let answer = id % 2 == 0 ? "yes" : "no"
            return (id: id, truth: id % 10 == 0 ? "no" : answer)
        }
        life.send([labels(told)])
        life.send([labels([(id: 9999, truth: "yes"), (id: 0, truth: "yes")])])
        let watch = try watch(life, .inputs)
        // Labels alone are no rows of features.
        #expect(watch.rows == 500 && watch.refusals.total == 0)
        let labels = try #require(try json(life, 0)["labels"])
        #expect(labels["predictions"]?.asInteger == 500)
        #expect(labels["labelled"]?.asInteger == 300)
        #expect(labels["coverage"]?.asDouble == 0.6)
        #expect(labels["errorRatio"]?.asDouble == 0.1)
        #expect(labels["meanDelaySeconds"]?.asDouble == 600)
        // Before labels speak, the mean of 1 - score: about a quarter.
        let expected = try #require(labels["expectedErrorRatio"]?.asDouble)
        #expect(expected > 0.05 && expected < 0.3)
        let yes = labels["classes"]?.elements.first { $0["class"]?.asString == "yes" }
        #expect(yes?["predictions"]?.asDouble == 0.5 && yes?["labels"]?.asDouble == 0.4)
        #expect((labels["psi"]?.asDouble ?? 0) > 0.03)
        #expect(life.agent.drift.unmatchedLabels == 2)
        // What has waited too long is given up.
        life.tick(7300)
        life.tick(3700)
        #expect(try self.watch(life, .inputs).outcomes?.pending == 0)
        #expect(try self.watch(life, .inputs).outcomes?.givenUp == 200)
    }

    @Test func replayAndCheckpointsGiveTheSameBytes() throws {
        var life = life()
        for start in stride(from: 0, to: 900, by: 50) { life.send([rows(start..<start + 50)]) }
        life.send([labels((0..<200).map { (id: $0, truth: "yes") })])
        #expect(driftBytes(of: try life.replayed()) == driftBytes(of: life.agent))
        var other = life
        other.agent = try #require(restored(life.agent))
        #expect(driftBytes(of: other.agent) == driftBytes(of: life.agent))
        for copy in 0..<2 {
            var one = copy == 0 ? life : other
            one.send([labels((150..<400).map { (id: $0, truth: "no") })])
            one.send([rows(900..<950, age: 2, score: 0.3)])
            one.tick(4000)
            if copy == 0 { life = one } else { other = one }
        }
        #expect(driftBytes(of: other.agent) == driftBytes(of: life.agent))
        #expect(try json(other, 0) == json(life, 0))
    }

    @Test func publishedDetectorsCountAndPageOnlyWhenAsked() throws {
        var life = life()
        for start in stride(from: 0, to: 600, by: 50) { life.send([rows(start..<start + 50)]) }
        life.send([labels((0..<600).map { (id: $0, truth: $0 % 2 == 0 ? "yes" : "no") })])
        for start in stride(from: 600, to: 1000, by: 50) {
            life.send([rows(start..<start + 50, age: 3, score: 0.4)])
        }
        life.send([labels((600..<1000).map { (id: $0, truth: $0 % 2 == 0 ? "no" : "yes") })])
        let detectors = try #require(try json(life, 0)["detectors"]).elements
        #expect(detectors.map { $0["kind"]?.asString } == ["adwin", "ddm"])
        #expect(detectors.map { $0["samples"]?.asInteger } == [1000, 1000])
        #expect(detectors.allSatisfy { ($0["alarms"]?.asInteger ?? 0) >= 1 })
        #expect(detectors.allSatisfy { $0["isGuaranteed"]?.asBool == false })
        let changes = life.alerts.filter { $0.labels["alertname"] == "ModelChange" }
        #expect(
            Set(changes.compactMap { $0.labels["detector"] }) == ["pageHinkley", "ddm"])
        #expect(changes.allSatisfy { $0.isFiring })
        let notes = changes[0].details.annotations.first { $0.name == "guarantee" }
        #expect(notes?.value == "Not guaranteed: no promise about false alarms")
        // Windows without another alarm end it.
        life.tick(3700)
        life.tick(3700)
        #expect(
            life.alerts.filter { $0.labels["alertname"] == "ModelChange" }
                .allSatisfy { $0.isResolved })
        #expect(driftBytes(of: try life.replayed()) == driftBytes(of: life.agent))
    }

    @Test func takingADetectorAwayEndsItsAlert() throws {
        var life = life()
        life.send([rows(0..<600), rows(600..<900, score: 0.4)])
        #expect(life.alerts.contains { $0.labels["detector"] == "pageHinkley" && $0.isFiring })
        let without = Self.rules.split(separator: "\n").filter { !$0.contains("pageHinkley") }
        life.configure(without.joined(separator: "\n"))
        #expect(!life.alerts.contains { $0.labels["detector"] == "pageHinkley" && $0.isFiring })
    }

    @Test func responsesAndFeedbackMeetByTheRequestsId() throws {
        var life = DriftLife()
        let rules = """
            apiVersion: pitot/v1
            kind: DriftModels
            models:
              - model: iris
                version: {from: response}
                outputs: {confidence: "*"}
                labels: {within: 1d}
            """
        life.configure(rules)
        for id in 0..<40 {
            var response = life.half(.response, UInt64(id), nanos: 0, version: "2")
            response.frame.columns = ["0", "1", "2"]
            response.frame.isPositional = true
            let best = id % 3
            response.frame.words = (0..<3).map { FeatureWord($0 == best ? 0.8 : 0.1) }
            life.send([life.half(.request, UInt64(id), nanos: 0), response])
        }
        for id in 0..<30 {
            var feedback = life.half(.feedback, UInt64(id), nanos: 0)
            let isVerdict = id % 2 == 0
            feedback.frame.columns = [isVerdict ? "reward" : "label"]
            // One in five is wrong.
            let right = Double(id % 5 == 0 ? (id + 1) % 3 : id % 3)
            feedback.frame.words = [FeatureWord(isVerdict ? (id % 5 == 0 ? 0 : 1) : right)]
            life.send([feedback])
        }
        let outcomes = try #require(
            life.agent.drift.watches.first { $0.key.version == "2" }?.outcomes)
        #expect(outcomes.predictions == 40 && outcomes.labels == 30)
        #expect(outcomes.wrong == 6)
        #expect(abs((outcomes.expectedErrorRatio ?? 0) - 0.2) < 1e-9)
        #expect(driftBytes(of: try life.replayed()) == driftBytes(of: life.agent))
    }

    @Test func samplingIsRecordedAndShown() throws {
        var life = DriftLife()
        life.configure(
            Self.rules.replacing("seed: 3", with: "seed: 3\n    sampling: 0.5"))
        var event = rows(0..<50)
        event.sampledRate = 10
        var writer = ByteWriter()
        event.encode(into: &writer)
        var reader = ByteReader(writer.bytes)
        #expect(FeatureEvent(from: &reader) == event)
        life.send([event, event])
        let sampling = try #require(try json(life, 0)["sampling"])
        #expect(sampling["rowsRepresented"]?.asInteger == 1000)
        #expect(sampling["share"]?.asDouble == 0.05)
    }

    @Test func twoAgentsCountersAreThoseOfOne() throws {
        let table = try #require(
            TrainingTable(
                names: ["age"],
                columns: [.numbers((0..<2000).map { Double(($0 * 37) % 97) })], isInOrder: false))
        var settings = BaselineSettings(model: "credit", version: "")
        settings.stride = 1
        let baseline = try BaselineBuilder.build(table, settings).baseline
        let rules = """
            apiVersion: pitot/v1
            kind: DriftModels
            models: [{model: credit, baseline: {file: b}, window: {every: 1h}}]
            """
        var lives = (0..<3).map { _ in
            var life = DriftLife()
            life.configure(
                rules, baselines: [SourceFile(path: "rules/b", bytes: baseline.bytes)])
            return life
        }
        for hour in 0..<3 {
            for part in 0..<10 {
                var event = FeatureEvent(.rows)
                event.model = "credit"
                event.frame.columns = ["age"]
                event.frame.words = (0..<20).map {
                    FeatureWord(Double(((hour * 200 + part * 20 + $0) * 53) % 97))
                }
                lives[0].send([event])
                lives[1 + (part * part) % 2].send([event])
            }
            for place in lives.indices { lives[place].tick(3600) }
        }
        func intervals(_ life: DriftLife) throws -> [JSONValue] {
            let bytes = life.agent.driftCountersJSON(model: "credit", since: .distantPast)
            let models = try JSONValue.parse(bytes)["data"]?["models"]?.elements ?? []
            #expect(models.first?["baseline"]?.asString == baseline.id)
            return models.first?["intervals"]?.elements ?? []
        }
        var sums: [[Double: [String: Double]]] = [[:], [:]]
        for (place, life) in lives.enumerated() {
            for interval in try intervals(life) {
                for cell in interval["cells"]?.elements ?? [] {
                    let parts = cell.elements.compactMap(\.asDouble)
                    let key = "\(parts[..<3])"
                    let end = interval["end"]?.asDouble ?? 0
                    sums[min(place, 1)][end, default: [:]][key, default: 0] += parts[3]
                }
            }
        }
        #expect(sums[0].count == 3 && sums[0] == sums[1])
    }
}

/// What is wrong with declarations of answers, labels, detectors, and of training against serving.
@Suite struct OutcomeRulesTests {
    private func problems(_ model: String, _ baseline: Baseline? = nil) -> [String] {
        let text = "apiVersion: pitot/v1\nkind: DriftModels\nmodels:\n  - " + model
        let files = baseline.map { [SourceFile(path: "rules/b", bytes: $0.bytes)] } ?? []
        let read = Configuration.read(
            ConfigurationFiles(
                config: nil,
                rules: [SourceFile(path: "rules/d.yaml", bytes: Array(text.utf8))],
                baselines: files))
        return read.diagnostics.map(\.what)
    }

    @Test(arguments: [
        ("{model: m, labels: {within: 1d}}", "labels without outputs"),
        (
            "{model: m, outputs: {features: [{name: y}]}, labels: {within: 1d}}",
            "labels have nothing to be compared with"
        ),
        (
            "{model: m, features: [{name: y}], outputs: {answer: y}}",
            "\"y\" is a feature and an output or label"
        ),
        ("{model: m, detectors: [{kind: magic, of: x}]}", "the detector \"magic\""),
        ("{model: m, detectors: [{kind: ddm, of: error}]}", "errors that nobody tells"),
        (
            "{model: m, detectors: [{kind: adwin, of: x, confidence: 2}]}", "confidence is 2.0"
        ),
        (
            "{model: m, detectors: [{kind: adwin, of: x, threshold: 2}]}",
            "a threshold of adwin"
        ),
        ("{model: m, sampling: 1.5}", "sampling is 1.5"),
        (
            "{model: m, outputs: {answer: y}, labels: {tolerance: -1}}", "tolerance is negative"
        ),
    ])
    func whatIsWrongIsSaid(model: String, what: String) {
        #expect(problems(model).contains { $0.contains(what) }, "\(problems(model))")
    }

    @Test func trainingAndServingMustMeanTheSame() throws {
        let table = try #require(
            TrainingTable(
                names: ["age", "city"],
                columns: [
                    .numbers((0..<200).map { Double($0) }),
                    .texts((0..<200).map { "c\($0 % 3)" }),
                ], isInOrder: false))
        var settings = BaselineSettings(model: "m", version: "")
        settings.units = ["age": "years"]
        let baseline = try BaselineBuilder.build(table, settings).baseline
        func model(_ features: String, _ more: String = "") -> String {
            "{model: m, baseline: {file: b}, features: [\(features)]\(more)}"
        }
        let right = "{name: age, type: numeric, unit: years}, {name: city, type: categorical}"
        #expect(problems(model(right), baseline).isEmpty)
        let months = right.replacing("years", with: "months")
        #expect(
            problems(model(months), baseline).contains { $0.hasPrefix("age is in months") })
        let text = right.replacing("type: numeric", with: "type: categorical")
        #expect(problems(model(text), baseline).contains { $0.hasPrefix("age is categorical") })
        let few = "{name: age}"
        #expect(problems(model(few), baseline).contains { $0.hasSuffix("has city") })
        let phases = model(right, ", guards: {phases: hourOfDay}")
        #expect(problems(phases, baseline).contains { $0.hasPrefix("phases and slices") })
        // One row in three, of a file whose rows were in no order: as declared.
        #expect(problems(model(right, ", guards: {thin: 3}"), baseline).isEmpty)
    }

    @Test func levelsThatTrainingDidNotHaveAreNamed() throws {
        var life = DriftLife()
        let table = try #require(
            TrainingTable(
                names: ["city"], columns: [.texts((0..<900).map { "c\($0 % 3)" })],
                isInOrder: false))
        let baseline = try BaselineBuilder.build(
            table, BaselineSettings(model: "credit", version: "")
        ).baseline
        let rules = DriftLife.models.replacing("{firstRows: 400}", with: "{file: b}")
        life.configure(
            rules, baselines: [SourceFile(path: "rules/b", bytes: baseline.bytes)])
        life.rows(60, shift: 0)
        let watch = life.agent.drift.watches[0]
        #expect(
            Set(watch.newLevels.map(\.level)) == ["Bonn", "Ulm", "Jena"]
                && watch.newLevels.allSatisfy { $0.feature == "city" })
        #expect(watch.differences.contains("city has levels that training did not have"))
        #expect(watch.differences.contains("features that training did not have"))
    }
}
