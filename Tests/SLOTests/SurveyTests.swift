import Model
import Testing
import Text

@testable import SLO

/// What does not fit the series of a running agent.
@Suite struct SurveyTests {
    private func definition(_ sli: String, by: String = "[zone]") throws -> SLODefinition {
        let yaml =
            "apiVersion: pitot/v1\nkind: SLOs\nservice: s\nslos:\n"
            + "  - {name: a, objective: 99, by: \(by), sli: \(sli)}\n"
        let file = reading(yaml)
        #expect(file.diagnostics.filter { $0.severity == .error } == [])
        return try #require(file.definitions.first)
    }

    private static let events = "{events: {bad: 'errors{code=~\"5..\"}', total: requests}}"

    private func seen(
        _ labels: [String], bounds: [String] = []
    ) -> SLOSurvey.Seen {
        var seen = SLOSurvey.Seen(hasSeries: true)
        seen.labels = labels
        seen.bounds = bounds
        return seen
    }

    private func told(_ survey: SLOSurvey, _ definition: SLODefinition) -> [String] {
        survey.findings(definition).map { "\($0.code): \($0.diagnostic.what)" }
    }

    @Test func seriesThatAreThereAreClean() throws {
        let definition = try definition(Self.events)
        var survey = SLOSurvey(metrics: ["errors", "requests"])
        for asked in definition.asked {
            survey.selectors[asked.selector.text] = seen(["__name__", "zone", "code"])
        }
        #expect(told(survey, definition) == [])
    }

    @Test func aMisspeltMetricIsNamedWithTheLikelyOne() throws {
        let found = SLOSurvey(metrics: ["request", "errors"]).findings(try definition(Self.events))
        #expect(found.map(\.code) == ["slo-unknown-metric"])
        #expect(found.first?.diagnostic.what == "\"total\": the agent has no metric requests")
        #expect(found.first?.diagnostic.hint == "did you mean request?")
    }

    @Test func aValueThatNoSeriesHasIsShownWithThoseThatThereAre() throws {
        let definition = try definition(Self.events)
        var survey = SLOSurvey(metrics: ["errors", "requests"])
        survey.selectors[definition.asked[0].selector.text] = seen(["zone"])
        var none = SLOSurvey.Seen(hasSeries: false)
        none.values["code"] = ["404", "429"]
        survey.selectors[definition.asked[1].selector.text] = none
        let found = survey.findings(definition)
        #expect(
            told(survey, definition) == [
                "slo-no-series: \"bad\" matches nothing yet: no code of its metric is =~\"5..\""
            ])
        #expect(found.first?.diagnostic.hint?.hasSuffix("there is 404, 429") == true)
        none.values["code"] = []
        survey.selectors[definition.asked[1].selector.text] = none
        #expect(
            told(survey, definition) == [
                "slo-unknown-label: \"bad\" wants code=~\"5..\", and no series of its metric has "
                    + "that label"
            ])
    }

    @Test func aTotalWithoutSeriesIsAFault() throws {
        let definition = try definition(
            "{events: {bad: 'e{job=\"x\"}', total: 'r{job=\"x\", zone!=\"\"}'}}")
        var survey = SLOSurvey(metrics: ["e", "r"])
        for asked in definition.asked {
            var none = SLOSurvey.Seen(hasSeries: false)
            none.values = ["job": ["y"], "zone": ["a"]]
            survey.selectors[asked.selector.text] = none
        }
        #expect(
            told(survey, definition).first
                == "slo-no-series: \"total\" matches nothing: no job of its metric is =\"x\"")
        // Each matcher is met by some series, all of them by none.
        for asked in definition.asked {
            survey.selectors[asked.selector.text]?.values["job"] = ["x"]
        }
        #expect(
            told(survey, definition).first
                == "slo-no-series: \"total\" matches nothing: no series has all its labels")
    }

    @Test func aGroupLabelMustBeOnTheSeries() throws {
        let definition = try definition(Self.events, by: "[namespace]")
        var survey = SLOSurvey(metrics: ["errors", "requests"])
        for asked in definition.asked {
            survey.selectors[asked.selector.text] = seen(["__name__", "name_space", "code"])
        }
        let found = survey.findings(definition)
        #expect(
            told(survey, definition).first
                == "slo-unknown-label: \"by\" has \"namespace\", which no series of \"total\" has")
        #expect(found.first?.diagnostic.hint == "did you mean \"name_space\"?")
    }

    @Test func aThresholdThatIsNoBoundNamesItsNeighbours() throws {
        let definition = try definition(
            "{latency: {histogram: request_seconds, below: 300ms}}")
        var survey = SLOSurvey(metrics: ["request_seconds_bucket"])
        let text = try #require(definition.asked.first?.selector.text)
        survey.selectors[text] = seen(["zone", "le"], bounds: ["0.1", "0.25", "0.5", "+Inf"])
        let found = told(survey, definition)
        #expect(found.count == 1)
        #expect(found.first?.contains("slo-unknown-bound: 300ms is no bucket bound") == true)
        #expect(found.first?.contains("le=\"0.25\" and le=\"0.5\"") == true)
        survey.selectors[text] = seen(["zone", "le"], bounds: ["0.1", "0.3", "+Inf"])
        #expect(told(survey, definition) == [])
        // Native histograms have no buckets to be asked about.
        #expect(told(SLOSurvey(metrics: ["request_seconds"]), definition) == [])
    }
}
