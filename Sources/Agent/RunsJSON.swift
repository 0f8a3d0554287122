public import Model
import Runs
public import Text
import Wire

// `GET /api/v1/runs`, `/api/v1/datasets`. Field names and order are a contract that users script
// against; what is not known is null.

/// Which runs are wanted.
public struct RunFilter: Sendable {
    /// Runs that are looked at for one page.
    static let lookedAtMax = 20_000
    public static let limitMax = 1000

    public var namespace: String?
    public var job: String?
    public var state: String?
    public var source: String?
    public var id: String?
    public var parent: String?
    public var selector: Selector?
    /// Those whose last time is within.
    public var from: Timestamp?
    public var to: Timestamp?
    public var limit = 100
    /// Where the page before ended.
    public var before: Int?

    /// All runs.
    public init() {}

    func matches(_ run: Run) -> Bool {
        let at = run.outcome == nil ? run.changedAt : run.endedAt
        return (namespace ?? run.namespace) == run.namespace && (job ?? run.job) == run.job
            && (state ?? run.state) == run.state && (id ?? run.key.id) == run.key.id
            && (source ?? run.key.source.word) == run.key.source.word
            && (parent ?? run.parent) == run.parent && (from ?? at) <= at && at <= (to ?? at)
            && selector?.matches(run.labels) ?? true
    }
}

extension AgentCore {
    /// A page of runs, those that were told of last first; `next` goes on with it.
    public func runsJSON(_ filter: RunFilter) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                var next: Int?
                json.key("runs")
                json.array { json in next = writeRuns(filter, into: &json) }
                json.key("next")
                if let next { json.string(String(next)) } else { json.null() }
                json.member("known", integer: runs.count)
                json.member("live", integer: runs.liveCount)
            }
        }
        return json.bytes
    }

    private func writeRuns(_ filter: RunFilter, into json: inout JSONWriter) -> Int? {
        var left = filter.limit
        var lookedAt = 0
        var number = min(filter.before ?? runs.numbers.upperBound, runs.numbers.upperBound)
        while number > runs.numbers.lowerBound {
            if left == 0 || lookedAt >= RunFilter.lookedAtMax { return number }
            number -= 1
            guard let run = runs.run(number) else { continue }
            lookedAt += 1
            guard filter.matches(run) else { continue }
            left -= 1
            Self.write(run, into: &json)
        }
        return nil
    }

    private static func write(_ run: Run, into json: inout JSONWriter) {
        json.object { json in
            json.member("id", run.key.id)
            json.member("source", run.key.source.word)
            json.member("namespace", run.namespace)
            json.member("job", run.job)
            json.member("kind", run.kind)
            json.member("state", run.state)
            json.key("parent")
            if run.parent.isEmpty { json.null() } else { json.string(run.parent) }
            json.member("startedAt", run.startedAt?.seconds)
            json.member("endedAt", run.outcome == nil ? nil : run.endedAt.seconds)
            json.member("durationSeconds", run.duration?.seconds)
            json.member("nominalAt", run.nominalAt?.seconds)
            json.member("message", run.message)
            json.member("labels", pairs: run.labels.pairs)
        }
    }

    /// All datasets that were told of.
    public func datasetsJSON(now: Timestamp) -> [UInt8] {
        var json = JSONWriter()
        let known = runs.datasets.datasets.sorted {
            ($0.namespace, $0.name) < ($1.namespace, $1.name)
        }
        json.object { json in
            json.member("status", "success")
            json.key("data")
            json.object { json in
                json.key("datasets")
                json.array { json in
                    for dataset in known {
                        let isKnown = dataset.updatedAt > .distantPast
                        json.object { json in
                            json.member("namespace", dataset.namespace)
                            json.member("name", dataset.name)
                            json.member("updatedAt", isKnown ? dataset.updatedAt.seconds : nil)
                            json.member(
                                "ageSeconds", isKnown ? (now - dataset.updatedAt).seconds : nil)
                            json.member("rows", dataset.rows.map { Double($0) })
                            json.member("version", dataset.version)
                        }
                    }
                }
            }
        }
        return json.bytes
    }
}
