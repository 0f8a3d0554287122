import Drift
public import Model
import Text

// `GET /api/v1/drift/counters`: what an evaluator needs of a node. Cells are
// [feature, slot, cell, rows]; a feature is its place in the baseline.

extension AgentCore {
    /// The closed intervals of every watch with a baseline, of a model when it is given, ending
    /// after `since`.
    public func driftCountersJSON(model: String?, since: Timestamp) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.key("models")
                json.array { json in
                    for watch in drift.watches where model ?? watch.key.model == watch.key.model {
                        guard let monitor = watch.monitor else { continue }
                        Self.write(watch, monitor, since, into: &json)
                    }
                }
            }
        }
        return json.bytes
    }

    private static func write(
        _ watch: DriftWatch, _ monitor: DriftMonitor, _ since: Timestamp,
        into json: inout JSONWriter
    ) {
        let settings = monitor.settings
        json.object { json in
            json.member("model", watch.key.model)
            json.member("namespace", watch.key.namespace)
            json.member("endpoint", watch.key.endpoint)
            json.member("version", watch.key.version)
            json.member("stream", watch.key.stream.label)
            json.member("baseline", monitor.baselineID)
            json.member("seed", String(settings.seed))
            switch settings.budget {
            case .rows(let rows): json.member("budgetRows", rows)
            case .time(let span): json.member("budgetSeconds", Double(span.millis) / 1000)
            }
            json.member("alpha", settings.alpha)
            json.member("windowRowsMin", integer: Int(clamping: settings.windowRowsMin))
            json.member("usedRowsMin", integer: Int(clamping: settings.usedRowsMin))
            json.member("effectMin", settings.effectMin)
            json.member("evidence", monitor.evidence)
            json.member("used", integer: Int(clamping: monitor.used))
            json.member("leftOut", integer: Int(clamping: watch.intervals.leftOut))
            json.key("intervals")
            json.array { json in
                for interval in watch.intervals.all where interval.end > since {
                    write(interval, into: &json)
                }
            }
        }
    }

    private static func write(
        _ interval: DriftIntervals.Interval, into json: inout JSONWriter
    ) {
        json.object { json in
            json.member("end", interval.end.seconds)
            json.member("rows", integer: Int(clamping: interval.rows))
            json.key("cells")
            json.array { json in
                for cell in interval.cells {
                    json.array { json in
                        for part in [cell.feature, cell.slot, cell.cell, Int(cell.rows)] {
                            json.integer(part)
                        }
                    }
                }
            }
        }
    }
}
