public import Model
public import Text
public import Wire

// Runs as things on the timeline.

extension RunBook {
    /// Runs that are looked at for one question.
    private static let lookedAtMax = 2000

    /// Takes what was told of a dataset.
    public mutating func take(_ use: DatasetUse, at now: Timestamp) {
        _ = datasets.take(use, at: now, settings.datasetsMax)
    }

    /// The SLOs in force, by service and name.
    public var watchNames: [(service: String, name: String)] {
        watches.entries.filter { $0.removedAt == nil }.map { ($0.watch.service, $0.watch.name) }
    }

    /// The run that ended last, not after a time, of the namespace or model that `labels` name, and
    /// that `own` does not select. Looks at the newest runs.
    public func lastEnd(
        before time: Timestamp, of labels: Labels, except own: Selector? = nil
    ) -> TimelineEntry? {
        var found: Run?
        for number in numbers.suffix(Self.lookedAtMax).reversed() {
            guard let run = run(number), run.outcome != nil, run.parent.isEmpty,
                run.endedAt <= time, time - run.endedAt <= Timeline.lookBack,
                run.endedAt > found?.endedAt ?? .distantPast,
                Timeline.isNear(run.scope, labels) == true, own?.matches(run.labels) != true
            else { continue }
            found = run
        }
        return found.map { TimelineEntry($0) }
    }
}

extension Run {
    /// What it is about, for others that name models and namespaces.
    var scope: Labels {
        var pairs: [(String, String)] = [("namespace", namespace)]
        for name in ["tag_model", "label_model"] {
            if let model = labels[name] { pairs.append(("model", model)) }
        }
        return Labels(pairs.filter { !$0.1.isEmpty })
    }

    /// As the API has it.
    public var state: String {
        switch outcome ?? step {
        case .queued: "queued"
        case .started, .running, .other: "running"
        case .completed: "succeeded"
        case .failed: "failed"
        case .aborted: "aborted"
        }
    }
}

extension TimelineEntry {
    /// A run, from its beginning to its end; one that goes on has no end.
    public init(_ run: Run) {
        let end = run.outcome == nil ? nil : run.endedAt
        let id = run.key.id
        self.init(.run, key: "run/\(run.key.source.word)/\(id)", at: end ?? run.begin ?? run.seenAt)
        until = end
        source = run.key.source.word
        title = "\(run.namespace)/\(run.job) \(run.state)"
        labels = Labels(
            run.scope.pairs.map { ($0.name, $0.value) } + [("job", run.job)])
        if run.outcome == .failed && !run.message.isEmpty { title += ": " + run.message }
    }
}
