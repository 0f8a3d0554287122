import Alerting
import Ingest
public import Model
import SLO
import Storage
import Text

// `GET /api/v1/slos` (DESIGN §5). Field names and order are a contract that users script against.

extension AgentCore {
    /// The SLOs and their groups as JSON, filtered by service and name when given.
    public func slosJSON(service: String?, name: String?, now: Timestamp) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.key("slos")
                json.array { json in
                    for verdict in ledger.evaluateAll(now: now)
                    where service ?? verdict.definition.service == verdict.definition.service
                        && name ?? verdict.definition.name == verdict.definition.name
                    {
                        write(verdict, into: &json)
                    }
                }
            }
        }
        return json.bytes
    }

    /// The alerts in the shape of Prometheus' `/api/v1/alerts`.
    public func alertsJSON() -> [UInt8] {
        var json = JSONWriter()
        notifier.book.writeAlerts(into: &json)
        return json.bytes
    }

    /// `GET /api/v1/status/cardinality`: who has the series, and who was shed at a limit.
    public func cardinalityJSON() -> [UInt8] {
        let cardinality = intake.cardinality
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.member("series", integer: intake.store.count)
                json.member("seriesLimit", integer: intake.settings.seriesMax)
                json.member(
                    "seriesPerNamespaceLimit", integer: intake.settings.seriesPerNamespaceMax)
                json.key("namespaces")
                write(cardinality.largestNamespaces(Self.sharesShown), into: &json)
                json.key("metrics")
                write(cardinality.largestMetrics(Self.sharesShown), into: &json)
            }
        }
        return json.bytes
    }

    private static let sharesShown = 20

    private func write(_ shares: [Cardinality.Share], into json: inout JSONWriter) {
        json.array { json in
            for share in shares {
                json.object { json in
                    json.member("name", share.name)
                    json.member("series", integer: share.series)
                    json.member("refusedSamples", integer: share.refusedSamples)
                }
            }
        }
    }

    private func write(_ verdict: Verdict, into json: inout JSONWriter) {
        json.object { json in
            json.member("service", verdict.definition.service)
            json.member("name", verdict.definition.name)
            json.member("labels", pairs: verdict.labels.pairs)
            json.member("objective", verdict.definition.objective.ratio)
            json.member("period", verdict.definition.period.description)
            json.member("evidence", verdict.evidence.rawValue)
            json.member("asOf", verdict.asOf == .distantPast ? nil : verdict.asOf.seconds)
            json.key("events")
            writeEvents(verdict, into: &json)
            json.key("budget")
            json.object { json in
                json.member("remaining", verdict.budget.remaining)
                json.member("best", verdict.budget.best)
                json.member("worst", verdict.budget.worst)
                json.member("exhaustedIn", verdict.budget.exhaustedIn)
            }
            json.key("windows")
            json.array { json in
                for window in verdict.windows { write(window, into: &json) }
            }
            json.key("alerts")
            json.array { json in
                for pair in verdict.pairs {
                    let state = notifier.book.state(of: verdict.burnKey(pair.pair)).name
                    json.object { json in
                        json.member("severity", pair.pair.severity.rawValue)
                        json.member("window", pair.pair.long.description)
                        json.member("state", state)
                    }
                }
            }
        }
    }

    private func writeEvents(_ verdict: Verdict, into json: inout JSONWriter) {
        let classes = ledger.classes(of: verdict)
        // Of a group that was never seen nothing is known: null, not 0.
        let counts = verdict.asOf == .distantPast ? nil : verdict.period?.counts
        json.object { json in
            json.member("good", counts?.good)
            json.member("bad", counts?.bad)
            json.member("total", counts?.total)
            json.key("classes")
            json.object { json in
                json.member("normal", classes[.normal])
                json.member("birth", classes[.birth])
                json.member("reset", classes[.reset])
                json.member("gap", classes[.gap])
                json.member("baseline", classes[.baseline])
            }
        }
    }

    private func write(_ window: WindowFigures, into json: inout JSONWriter) {
        let isKnown = window.evidence != .noData
        json.object { json in
            json.member("window", window.window.description)
            json.member("from", window.from.seconds)
            json.member("to", window.to.seconds)
            json.member("evidence", window.evidence.rawValue)
            json.member("good", isKnown ? window.counts.good : nil)
            json.member("bad", isKnown ? window.counts.bad : nil)
            json.member("total", isKnown ? window.counts.total : nil)
            json.member("errorRatio", isKnown ? window.errorRatio : nil)
            json.member("burnRate", isKnown ? window.burnRate : nil)
        }
    }
}
