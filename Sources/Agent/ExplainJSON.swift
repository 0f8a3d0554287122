import Ingest
public import Model
import SLO
import Text

// `GET /api/v1/slos/<service>/<name>` and `/explain` (DESIGN §5).

extension AgentCore {
    /// One SLO with its definition and all its groups; nil when there is none of that name.
    public func sloJSON(service: String, name: String, now: Timestamp) -> [UInt8]? {
        let verdicts = ledger.evaluate(service: service, name: name, now: now)
        return sloJSON(service, name, verdicts) { _, _, _ in }
    }

    /// The same with the arithmetic behind each figure, down to the series. `text` holds it as
    /// lines for people. Takes as long as reading the samples of the period: the shell counts an
    /// `explainOrder` on another thread and writes what came of it.
    public func explainJSON(service: String, name: String, now: Timestamp) -> [UInt8]? {
        explainOrder(service: service, name: name, now: now)?.counted().flatMap { explainJSON($0) }
    }

    /// An explanation whose series have been counted; nil when the SLO is there no more.
    public func explainJSON(_ explained: ExplainedSLO) -> [UInt8]? {
        let order = explained.order
        return sloJSON(order.service, order.name, order.verdicts) { place, verdict, json in
            let explanation = Explanation(verdict)
            let recount = place < explained.recounts.count ? explained.recounts[place] : nil
            json.key("explanation")
            json.object { json in
                json.key("budget")
                json.array { json in
                    for step in explanation.budget { Self.write(step, into: &json) }
                }
                json.key("windows")
                json.array { json in
                    for window in verdict.windows {
                        Self.write(explanation.burn(window), window, verdict, into: &json)
                    }
                }
                json.key("pairs")
                json.array { json in
                    for pair in verdict.pairs {
                        Self.write(pair, explanation.reason(pair), into: &json)
                    }
                }
                json.key("lastChange")
                if let change = lastChange(of: verdict) { json.string(change) } else { json.null() }
                if let recount {
                    json.key("series")
                    recount.write(into: &json, period: verdict.definition.period.description)
                }
                json.key("text")
                json.array { json in
                    for line in explanationLines(explanation, recount) { json.string(line) }
                }
            }
        }
    }

    private func sloJSON(
        _ service: String, _ name: String, _ verdicts: [Verdict],
        _ more: (Int, Verdict, inout JSONWriter) -> Void
    ) -> [UInt8]? {
        guard
            let definition = ledger.definitions.first(where: {
                $0.service == service && $0.name == name
            })
        else { return nil }
        // A reload in between may have numbered the groups anew.
        let isCurrent = verdicts.allSatisfy {
            $0.group < ledger.groupCount && $0.labels == ledger.labels(ofGroup: $0.group)
        }
        guard isCurrent else { return nil }
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.key("definition")
                Self.write(definition, into: &json)
                json.key("slos")
                json.array { json in
                    for (place, verdict) in verdicts.enumerated() {
                        write(verdict, into: &json) { more(place, verdict, &$0) }
                    }
                }
            }
        }
        return json.bytes
    }

    private static func write(_ definition: SLODefinition, into json: inout JSONWriter) {
        json.object { json in
            json.member("service", definition.service)
            json.member("name", definition.name)
            json.member("file", definition.position.description)
            json.member("objective", definition.objective.ratio)
            json.member("period", definition.period.description)
            json.key("by")
            json.array { json in for label in definition.by { json.string(label) } }
            json.key("sli")
            json.object { json in
                json.member("kind", definition.sli.kind)
                for part in definition.sli.described { json.member(part.name, part.value) }
            }
            if let runbook = definition.alerts.runbook { json.member("runbook", runbook) }
        }
    }

    private static func write(_ step: Explanation.Step, into json: inout JSONWriter) {
        json.object { json in
            json.member("figure", step.figure)
            json.member("formula", step.formula)
            json.member("filled", step.filled)
            json.member("value", step.value)
        }
    }

    private static func write(
        _ step: Explanation.Step, _ window: WindowFigures, _ verdict: Verdict,
        into json: inout JSONWriter
    ) {
        let isPeriod = window == verdict.period
        json.object { json in
            json.member(
                "window",
                isPeriod ? verdict.definition.period.description : window.window.description)
            json.member("from", window.from.seconds)
            json.member("to", window.to.seconds)
            json.member("formula", step.formula)
            json.member("filled", step.filled)
            json.member("value", step.value)
        }
    }

    private static func write(
        _ pair: PairVerdict, _ reason: String, into json: inout JSONWriter
    ) {
        json.object { json in
            json.member("severity", pair.pair.severity.rawValue)
            json.member("window", pair.pair.long.description)
            json.member("short", pair.pair.short.description)
            json.member("factor", pair.pair.factor)
            json.member("finding", pair.finding.word)
            json.member("reason", reason)
        }
    }
}
