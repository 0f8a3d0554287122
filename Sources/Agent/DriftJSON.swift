import Drift
import Model
public import Text

// `GET /api/v1/drift`. Field names and order are a contract that users script against; what is not
// known is null.

extension AgentCore {
    /// Every watch, filtered by model and version when given; `hasCells` adds the histograms.
    public func driftJSON(model: String?, version: String?, hasCells: Bool) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.key("models")
                json.array { json in
                    for watch in drift.watches
                    where model ?? watch.key.model == watch.key.model
                        && version ?? watch.key.version == watch.key.version
                    {
                        DriftJSON(watch, hasCells: hasCells).write(into: &json)
                    }
                }
            }
        }
        return json.bytes
    }

    /// Appends the metrics of drift and of inference requests.
    public func writeDriftMetrics(into out: inout ExpositionWriter) {
        DriftMetrics(drift).write(into: &out)
    }
}

/// One watch as JSON.
struct DriftJSON {
    let watch: DriftWatch
    private let hasCells: Bool

    init(_ watch: DriftWatch, hasCells: Bool) {
        self.watch = watch
        self.hasCells = hasCells
    }

    private var state: String {
        switch watch.stage {
        case .unwatched: "unwatched"
        case .collecting: "collecting"
        case .failed: "failed"
        case .watching(let monitor): monitor.isLatched ? "drifted" : "watching"
        }
    }

    func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("model", watch.key.model)
            json.member("namespace", watch.key.namespace)
            json.member("endpoint", watch.key.endpoint)
            json.member("version", watch.key.version)
            json.member("stream", watch.key.stream.label)
            json.member("state", state)
            if case .failed(let reason) = watch.stage { json.member("reason", reason) }
            writeRows(into: &json)
            writeRefusals(into: &json)
            writeConsistency(into: &json)
            writeOutcomes(into: &json)
            writeDetectors(into: &json)
            writeRequests(into: &json)
            switch watch.stage {
            case .watching(let monitor): write(monitor, into: &json)
            case .unwatched, .failed: break
            case .collecting(let collection):
                json.key("collecting")
                json.object { json in
                    json.member("rows", integer: collection.rows)
                    json.member("of", integer: watch.definition.firstRows ?? 0)
                }
            }
        }
    }

    private func writeRows(into json: inout JSONWriter) {
        let monitor = watch.monitor
        json.key("rows")
        json.object { json in
            json.member("seen", integer: Int(clamping: watch.rows))
            json.member("used", integer: Int(clamping: monitor?.used ?? 0))
            for skip in RowSkip.allCases {
                json.member(skip.label, integer: Int(clamping: monitor?.skipped(skip) ?? 0))
            }
        }
    }

    private func writeRefusals(into json: inout JSONWriter) {
        json.key("refusedValues")
        json.object { json in
            for refusal in FeatureRefusal.allCases {
                json.member(refusal.label, integer: Int(clamping: watch.refusals[refusal]))
            }
        }
        json.key("absentFeatures")
        json.array { json in for name in watch.absent { json.string(name) } }
    }

    private func writeRequests(into json: inout JSONWriter) {
        let tally = watch.tally
        json.key("requests")
        json.object { json in
            json.member("ok", integer: Int(clamping: tally.good))
            json.member("failed", integer: Int(clamping: tally.failed))
            json.member("rejected", integer: Int(clamping: tally.rejected))
            json.member("unknown", integer: Int(clamping: tally.unknown))
            json.member("unpairedResponses", integer: Int(clamping: tally.unpaired))
            json.member("duplicates", integer: Int(clamping: tally.duplicates))
        }
    }

    private func write(_ monitor: DriftMonitor, into json: inout JSONWriter) {
        let baseline = monitor.baseline
        json.key("baseline")
        json.object { json in
            json.member("id", monitor.baselineID)
            json.member("rows", integer: Int(clamping: baseline.rows))
            json.member("isGuaranteed", bool: monitor.isGuaranteed)
            json.member("guarantee", monitor.guarantee)
            json.member("oneRowIn", integer: monitor.oneRowIn)
        }
        json.key("detector")
        json.object { json in
            json.member("evidence", monitor.evidence)
            json.member("budget", monitor.limit)
            switch monitor.settings.budget {
            case .rows: json.member("unit", "rows")
            case .time: json.member("unit", "milliseconds")
            }
            json.member("seed", String(monitor.settings.seed))
            json.member("alarms", integer: Int(clamping: monitor.alarms))
        }
        writeAlarm(into: &json)
        writeWindows(into: &json)
        writeLevel(monitor, into: &json)
    }

    private func writeAlarm(into json: inout JSONWriter) {
        json.key("alarm")
        guard let alarm = watch.alarm else { return json.null() }
        json.object { json in
            json.member("since", alarm.time.seconds)
            json.member("row", integer: Int(clamping: alarm.row))
            json.member("evidence", alarm.evidence)
            json.member("isGuaranteed", bool: alarm.isGuaranteed)
            json.member("guarantee", alarm.guarantee)
            json.key("streams")
            json.array { json in
                for stream in alarm.streams {
                    json.object { json in
                        json.member("feature", stream.feature)
                        json.member("part", stream.part)
                        json.member("share", stream.share)
                    }
                }
            }
            json.key("moved")
            json.array { json in
                for move in watch.moved {
                    json.object { json in
                        json.member("feature", move.title)
                        json.member("psi", move.psi)
                        Self.write(move.cells, into: &json)
                    }
                }
            }
        }
    }

    private static func write(_ cells: [CellMove], into json: inout JSONWriter) {
        json.key("cells")
        json.array { json in
            for cell in cells {
                json.object { json in
                    json.member("cell", cell.label)
                    json.member("before", cell.before)
                    json.member("now", cell.now)
                }
            }
        }
    }

    private func writeWindows(into json: inout JSONWriter) {
        json.key("windows")
        json.object { json in
            json.member("clean", integer: Int(clamping: watch.windows.clean))
            json.member("drifted", integer: Int(clamping: watch.windows.drifted))
            json.member("noData", integer: Int(clamping: watch.windows.noData))
        }
    }

    private func writeLevel(_ monitor: DriftMonitor, into json: inout JSONWriter) {
        json.key("lastWindow")
        guard let counts = watch.closed else { return json.null() }
        let report = monitor.report(counts)
        let look = watch.definition.windowEvery
        json.object { json in
            json.member("closedAt", watch.closedAt.seconds)
            json.member("rows", integer: Int(clamping: counts.rows))
            json.member("pValue", report.pValue)
            json.member(
                "falseAlarmsPerMonth",
                report.pValue.map { LevelReport.falseAlarmsPerMonth(pValue: $0, look: look) })
            json.key("features")
            json.array { json in
                for (place, level) in report.features.enumerated() {
                    json.object { json in
                        write(level, monitor.baseline.features[place], into: &json)
                        if hasCells { writeCells(place, monitor, counts, into: &json) }
                    }
                }
            }
        }
    }

    private func write(
        _ level: FeatureLevel, _ feature: FeatureBaseline, into json: inout JSONWriter
    ) {
        json.member("feature", level.title)
        let unit = watch.definition.features.first { $0.name == feature.name }?.unit ?? ""
        if !unit.isEmpty { json.member("unit", unit) }
        json.member("effect", level.effect)
        json.key("measures")
        json.object { json in
            for measure in LevelMeasure.allCases {
                guard let figure = level.figures[measure] else { continue }
                json.key(measure.label)
                json.object { json in
                    json.member("value", figure.value)
                    json.member("pValue", figure.pValue)
                }
            }
        }
        json.key("moved")
        json.array { json in
            for cell in level.moves {
                json.object { json in
                    json.member("cell", cell.label)
                    json.member("before", cell.before)
                    json.member("now", cell.now)
                }
            }
        }
    }

    /// All cells, for histograms: rows of the baseline and of the window.
    private func writeCells(
        _ place: Int, _ monitor: DriftMonitor, _ counts: IntervalCounts,
        into json: inout JSONWriter
    ) {
        let feature = monitor.baseline.features[place]
        let slots = monitor.baseline.phases.slotCount
        json.key("cells")
        json.array { json in
            for cell in feature.valueCells + [CellCounts.missing] {
                let before = feature.counts.reduce(0) { $0 + Int($1[cell]) }
                let now = (0..<slots).reduce(0) {
                    $0 + Int(counts.counts(feature: place, slot: $1)[cell])
                }
                if before == 0 && now == 0 { continue }
                json.object { json in
                    json.member("cell", feature.label(of: cell))
                    json.member("baseline", integer: before)
                    json.member("now", integer: now)
                }
            }
        }
    }
}
