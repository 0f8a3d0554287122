import Alerting
import Ingest
import Model
import SLO
import Text

// What is said of one SLO and group as JSON. Fields are added, never changed: users script against
// them (DESIGN §5).

extension AgentCore {
    /// One SLO and group, with what `more` adds to the object.
    func write(
        _ verdict: Verdict, into json: inout JSONWriter,
        _ more: (inout JSONWriter) -> Void = { _ in }
    ) {
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
                json.member("unseenEvents", verdict.budget.unseenEvents)
                json.member("unseenSeconds", verdict.budget.unseenSeconds)
            }
            json.key("windows")
            json.array { json in
                for window in verdict.windows.dropLast() {
                    write(window, named: window.window.description, into: &json)
                }
                if let period = verdict.period {
                    write(
                        period, named: verdict.definition.period.description, into: &json)
                }
            }
            json.key("alerts")
            json.array { json in
                for pair in verdict.pairs {
                    let state = notifier.book.state(of: verdict.burnKey(pair.pair)).name
                    json.object { json in
                        json.member("severity", pair.pair.severity.rawValue)
                        json.member("window", pair.pair.long.description)
                        json.member("state", state)
                        json.member("short", pair.pair.short.description)
                        json.member("factor", pair.pair.factor)
                        json.member("chance", pair.chance)
                    }
                }
            }
            writeCorrections(verdict, into: &json)
            if let calendar = verdict.definition.period.calendar {
                json.key("calendar")
                write(calendar, verdict, into: &json)
            }
            json.key("remarks")
            json.array { json in
                for remark in remarks(of: verdict) { json.string(remark) }
            }
            more(&json)
        }
    }

    /// What a person should know of a verdict beyond its figures.
    private func remarks(of verdict: Verdict) -> [String] {
        let intervals = ledger.targets(of: verdict)
            .filter { !intake.targets.isReleased(Int($0)) }
            .map { intake.targets[Int($0)].interval }
        let fault = asks.fault(of: verdict.definition)
        let remarks = ledger.remarks(of: verdict) + (fault.isEmpty ? [] : [fault])
        guard let slowest = intervals.max() else { return remarks }
        return remarks + SLOLint.narrowWindows(verdict.definition, interval: slowest)
    }

    private func write(
        _ calendar: CalendarPeriod, _ verdict: Verdict, into json: inout JSONWriter
    ) {
        json.object { json in
            json.member("unit", calendar.unit.rawValue)
            json.member("timeZone", calendar.zone.name)
            json.member("start", verdict.period?.from.seconds)
            json.member("end", verdict.periodEnd?.seconds)
            json.key("past")
            json.array { json in
                for past in ledger.pastPeriods(of: verdict) {
                    json.object { json in
                        json.member("from", past.from.seconds)
                        json.member("to", past.to.seconds)
                        json.member("good", past.counts.good)
                        json.member("bad", past.counts.bad)
                        json.member("total", past.counts.total)
                        json.member("remaining", past.remaining)
                    }
                }
            }
        }
    }

    /// Who has changed what is counted, and why.
    private func writeCorrections(_ verdict: Verdict, into json: inout JSONWriter) {
        json.key("maintenance")
        json.array { json in
            for note in ledger.maintenance(of: verdict) {
                json.object { json in
                    json.member("name", note.name)
                    json.member("who", note.who)
                    json.member("why", note.why)
                    json.member("effect", note.effect.rawValue)
                    json.member("from", note.from.seconds)
                    json.member("to", note.to.seconds)
                    json.member("appliedFrom", note.appliedFrom.seconds)
                    json.member("appliedTo", note.appliedTo.seconds)
                    json.member("good", note.counts.good)
                    json.member("bad", note.counts.bad)
                    json.member("total", note.counts.total)
                }
            }
        }
        json.key("adjustments")
        json.array { json in
            for change in ledger.adjustments(of: verdict) {
                json.object { json in
                    json.member("name", change.name)
                    json.member("who", change.who)
                    json.member("why", change.why)
                    json.member("at", change.at.seconds)
                    json.member("good", change.good)
                    json.member("bad", change.bad)
                }
            }
        }
    }

    private func writeEvents(_ verdict: Verdict, into json: inout JSONWriter) {
        let classes = ledger.classes(of: verdict)
        // Of a group that was never seen, or never judged, nothing is known: null, not 0.
        let isUnknown =
            verdict.asOf == .distantPast
            || verdict.evidence == .noData && verdict.period?.counts == .zero
        let counts = isUnknown ? nil : verdict.period?.counts
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

    private func write(
        _ window: WindowFigures, named name: String, into json: inout JSONWriter
    ) {
        let isKnown = window.evidence != .noData
        json.object { json in
            json.member("window", name)
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
