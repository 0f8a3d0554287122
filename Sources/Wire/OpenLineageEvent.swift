import Model

// OpenLineage 2-0-2 (spec/OpenLineage.json): run, job and dataset events share an endpoint and are
// told apart by their members. What is read of facets is what becomes an SLI: the parent, the
// nominal time, the error, tags, the kind of job, when datasets were updated and how many rows they
// got; of all others the name, for the share of runs that carry them.

enum OpenLineageEvent {
    /// What one event says; nil for a job event, which says nothing of runs.
    static func read(
        _ event: TapeCursor, _ limits: PipelineLimits
    ) throws(PipelineFault) -> [PipelineEvent] {
        guard event.isObject, let at = try event.time("eventTime") else { throw .notAnEvent }
        if let run = event.member("run") {
            return [.run(try report(event, run, at, limits))]
        }
        if let dataset = event.member("dataset") {
            var use = try Self.dataset(dataset, isOutput: true, limits)
            // A dataset that was told of was not updated by that: only what says so counts.
            if use.updatedAt == nil && isUpdate(dataset) { use.updatedAt = at }
            return [.dataset(use, at: at)]
        }
        guard event.member("job") != nil else { throw .notAnEvent }
        return []
    }

    /// A life-cycle change that leaves the dataset with new content.
    private static func isUpdate(_ dataset: TapeCursor) -> Bool {
        guard
            let change = dataset.member("facets")?.member("lifecycleStateChange")?
                .member("lifecycleStateChange")
        else { return false }
        return change.isText("OVERWRITE") || change.isText("CREATE") || change.isText("TRUNCATE")
    }

    private static func report(
        _ event: TapeCursor, _ run: TapeCursor, _ at: Timestamp, _ limits: PipelineLimits
    ) throws(PipelineFault) -> RunReport {
        guard let job = event.member("job") else { throw .notAnEvent }
        var report = RunReport(.openLineage)
        report.id = try run.name("runId", limits)
        report.namespace = try job.name("namespace", limits)
        report.job = try job.name("name", limits)
        guard !report.id.isEmpty, !report.namespace.isEmpty, !report.job.isEmpty else {
            throw .notAnEvent
        }
        report.at = at
        report.step = step(event.member("eventType"))
        if let facets = run.member("facets") { try read(runFacets: facets, &report, limits) }
        if let facets = job.member("facets") { read(jobFacets: facets, &report, limits) }
        try read(event.member("inputs"), isOutput: false, &report, limits)
        try read(event.member("outputs"), isOutput: true, &report, limits)
        report.finish()
        return report
    }

    /// `eventType` may be missing: then the event adds metadata.
    private static func step(_ type: TapeCursor?) -> RunStep {
        guard let type else { return .other }
        if type.isText("START") { return .started }
        if type.isText("RUNNING") { return .running }
        if type.isText("COMPLETE") { return .completed }
        if type.isText("FAIL") { return .failed }
        return type.isText("ABORT") ? .aborted : .other
    }

    private static func read(
        runFacets facets: TapeCursor, _ report: inout RunReport, _ limits: PipelineLimits
    ) throws(PipelineFault) {
        note(facets, prefix: "", &report, limits)
        if let parent = facets.member("parent")?.member("run") {
            report.parent = try parent.name("runId", limits)
            // Some producers name a run its own parent.
            if report.parent == report.id { report.parent = "" }
        }
        report.nominalAt = facets.member("nominalTime")?.anyTime("nominalStartTime")
        if let error = facets.member("errorMessage") {
            report.message = error.text("message", limits)
        }
        tags(facets, &report, limits)
    }

    private static func read(
        jobFacets facets: TapeCursor, _ report: inout RunReport, _ limits: PipelineLimits
    ) {
        note(facets, prefix: "", &report, limits)
        if let type = facets.member("jobType") {
            report.kind = type.text("jobType", limits)
            let integration = type.text("integration", limits)
            report.add(label: "integration", prefix: "", integration, limits)
        }
        tags(facets, &report, limits)
    }

    private static func tags(
        _ facets: TapeCursor, _ report: inout RunReport, _ limits: PipelineLimits
    ) {
        facets.member("tags")?.member("tags")?.forEachElement { tag in
            report.add(
                label: tag.text("key", limits), prefix: "tag_", tag.text("value", limits), limits)
            return report.labels.count < limits.labels
        }
    }

    /// Notes the names of facets; one that was deleted is not there.
    private static func note(
        _ facets: TapeCursor, prefix: String, _ report: inout RunReport, _ limits: PipelineLimits
    ) {
        facets.forEachMember { name, facet in
            guard report.facets.count < limits.facets else { return false }
            if facet.isObject, facet.member("_deleted")?.isTrue != true,
                let name = name.text(limits.textBytes)
            {
                let whole = prefix.isEmpty ? name : prefix + name
                if !report.facets.contains(whole) { report.facets.append(whole) }
            }
            return true
        }
    }

    // MARK: Datasets

    private static func read(
        _ list: TapeCursor?, isOutput: Bool, _ report: inout RunReport, _ limits: PipelineLimits
    ) throws(PipelineFault) {
        guard let list else { return }
        var fault: PipelineFault?
        let prefix = isOutput ? "outputs." : "inputs."
        list.forEachElement { element in
            guard report.datasets.count < limits.datasets else { return false }
            do throws(PipelineFault) {
                report.datasets.append(try dataset(element, isOutput: isOutput, limits))
            } catch {
                fault = error
                return false
            }
            if let facets = element.member("facets") {
                note(facets, prefix: prefix, &report, limits)
            }
            if let facets = element.member(isOutput ? "outputFacets" : "inputFacets") {
                note(facets, prefix: prefix, &report, limits)
            }
            return true
        }
        if let fault { throw fault }
    }

    private static func dataset(
        _ element: TapeCursor, isOutput: Bool, _ limits: PipelineLimits
    ) throws(PipelineFault) -> DatasetUse {
        var use = DatasetUse()
        use.namespace = try element.name("namespace", limits)
        use.name = try element.name("name", limits)
        guard !use.namespace.isEmpty, !use.name.isEmpty else { throw .notAnEvent }
        use.isOutput = isOutput
        let facets = element.member("facets")
        // Until 1-0-2 the metrics were a facet of the dataset; some producers still send it so.
        for metrics in [
            element.member("inputFacets")?.member("dataQualityMetrics"),
            facets?.member("dataQualityMetrics"),
        ] {
            guard let metrics else { continue }
            use.updatedAt = use.updatedAt ?? metrics.anyTime("lastUpdated")
            use.rows = use.rows ?? metrics.rowCount
        }
        if let statistics = element.member("outputFacets")?.member("outputStatistics") {
            use.rows = statistics.rowCount ?? use.rows
        }
        use.version = facets?.member("version")?.text("datasetVersion", limits) ?? ""
        return use
    }
}

extension TapeCursor {
    /// How many rows a dataset has, if that is told: a negative number is none, and the log has no
    /// form for it.
    var rowCount: Int? { member("rowCount")?.integer.flatMap { $0 < 0 ? nil : $0 } }
}
