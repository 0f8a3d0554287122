import Alerting
public import Model
public import Runs
import SLO
import Text

// `GET /api/v1/timeline` and `/api/v1/recovery`: what happened, on one axis, newest first.

/// What of the timeline is wanted.
public struct TimelineFilter: Sendable {
    public static let limitMax = 5000
    /// Runs that are looked at, the newest.
    static let runsMax = 10_000
    /// Occurrences of one maintenance window.
    static let occurrencesMax = 200

    public var kinds: Set<TimelineKind> = Set(TimelineKind.allCases)
    public var namespace: String?
    public var model: String?
    public var from: Timestamp
    public var to: Timestamp
    public var limit = 500
    /// Steps of pipelines too.
    public var hasSteps = false

    /// Everything between two times.
    public init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }

    /// Whether it lies within, and is about nothing else than what is asked for.
    func matches(_ entry: TimelineEntry) -> Bool {
        guard kinds.contains(entry.kind), entry.at <= to, (entry.until ?? entry.at) >= from else {
            return false
        }
        var asked: [(String, String)] = []
        if let namespace { asked.append(("namespace", namespace)) }
        if let model { asked.append(("model", model)) }
        return asked.isEmpty || Timeline.isNear(Labels(asked), entry.labels) == true
            || Timeline.isNear(entry.labels, Labels(asked)) == true
    }
}

extension AgentCore {
    /// What happened between two times, newest first.
    public func timelineJSON(_ filter: TimelineFilter) -> [UInt8] {
        var found = timeline.entries.filter(filter.matches)
        if filter.kinds.contains(.run) { found += runEntries(filter) }
        if filter.kinds.contains(.maintenance) { found += maintenanceEntries(filter) }
        found.sort { ($0.at, $0.key) > ($1.at, $1.key) }
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.member("from", filter.from.seconds)
                json.member("to", filter.to.seconds)
                json.member("total", integer: found.count)
                json.key("entries")
                json.array { json in
                    for entry in found.prefix(filter.limit) { Self.write(entry, into: &json) }
                }
            }
        }
        return json.bytes
    }

    private func runEntries(_ filter: TimelineFilter) -> [TimelineEntry] {
        runs.numbers.suffix(TimelineFilter.runsMax).compactMap { number in
            guard let run = runs.run(number), filter.hasSteps || run.parent.isEmpty,
                run.outcome == nil || run.endedAt >= filter.from,
                run.begin ?? run.seenAt <= filter.to
            else { return nil }
            let entry = TimelineEntry(run)
            return filter.matches(entry) ? entry : nil
        }
    }

    private func maintenanceEntries(_ filter: TimelineFilter) -> [TimelineEntry] {
        configuration.corrections.maintenance.flatMap { window in
            window.occurrences(from: filter.from, to: filter.to)
                .prefix(TimelineFilter.occurrencesMax).map { one in
                    var entry = TimelineEntry(
                        .maintenance, key: "maintenance/\(window.name)", at: one.from)
                    entry.until = one.to
                    entry.title = "\(window.name): \(window.why)"
                    entry.source = window.who
                    return entry
                }
        }.filter { filter.namespace == nil && filter.model == nil && $0.at <= filter.to }
    }

    private static func write(_ entry: TimelineEntry, into json: inout JSONWriter) {
        json.object { json in
            json.member("at", entry.at.seconds)
            json.member("until", entry.until?.seconds)
            json.member("kind", entry.kind.word)
            json.member("title", entry.title)
            json.member("source", entry.source)
            json.member("labels", pairs: entry.labels.pairs)
        }
    }

    /// How long alerts that ended between two times took, by where they came from and severity.
    public func recoveryJSON(from: Timestamp, to: Timestamp) -> [UInt8] {
        var taken: [String: [Double]] = [:]
        for entry in timeline.entries where entry.kind == .alert {
            guard let until = entry.until, until > from, until <= to else { continue }
            let origin = entry.source.isEmpty ? "pitot" : entry.source
            let key = origin + "\n" + (entry.labels["severity"] ?? "")
            taken[key, default: []].append((until - entry.at).seconds)
        }
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.member("from", from.seconds)
                json.member("to", to.seconds)
                json.key("recoveries")
                json.array { json in
                    for key in taken.keys.sorted() {
                        let parts = key.split(separator: "\n", omittingEmptySubsequences: false)
                        let seconds = (taken[key] ?? []).sorted()
                        json.object { json in
                            json.member("source", String(parts[0]))
                            json.member("severity", String(parts[1]))
                            json.member("count", integer: seconds.count)
                            json.member(
                                "meanSeconds", seconds.reduce(0, +) / Double(seconds.count))
                            json.member("p50Seconds", Self.rank(seconds, 0.5))
                            json.member("p90Seconds", Self.rank(seconds, 0.9))
                            json.member("maxSeconds", seconds.last)
                        }
                    }
                }
            }
        }
        return json.bytes
    }

    /// The smallest value that so large a share is not above.
    private static func rank(_ sorted: [Double], _ share: Double) -> Double? {
        guard !sorted.isEmpty else { return nil }
        let place = Int((Double(sorted.count) * share).rounded(.up)) - 1
        return sorted[min(max(0, place), sorted.count - 1)]
    }
}
