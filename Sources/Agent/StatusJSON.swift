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
}
