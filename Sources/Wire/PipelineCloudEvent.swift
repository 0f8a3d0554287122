import Model

// CloudEvents about runs, by their type: Tekton's, Knative's ApiServerSource, Argo Events', and the
// generic `io.pitot.*` that docs/run-slos.md describes. Delivery is at least once and in no order;
// what is read of an event is true whenever it comes.

enum PipelineCloudEvent {
    /// The types whose events are about requests to models.
    static func isInference(_ type: String) -> Bool {
        CloudEventBody.isInference(type)
    }

    /// What an event says; throws `unknownType` for one that is about something else.
    static func read(
        _ attributes: CloudAttributes, _ data: TapeCursor?, _ limits: PipelineLimits
    ) throws(PipelineFault) -> [PipelineEvent] {
        let type = attributes.value("type")
        var at: Timestamp?
        let time = attributes.value("time")
        if !time.isEmpty {
            guard let nanos = CloudTime.nanos(time) else { throw .badTime }
            at = Timestamp(millis: nanos / 1_000_000)
        }
        if type.hasPrefix("io.pitot.") {
            return try generic(type, at, attributes, data, limits)
        }
        if type.hasPrefix("dev.tekton.event.") {
            return try tekton(type, at, data, limits)
        }
        if type.hasPrefix("dev.knative.apiserver.resource.") {
            guard let data else { throw .notAnEvent }
            var news = ObjectNews(at: at)
            news.isDeleted = type.hasSuffix(".delete")
            news.isAdded = type.hasSuffix(".add")
            return try KubernetesEvent.read(data, news, limits)
        }
        if type == "resource" || type.hasPrefix("dev.argoproj.") || type.hasPrefix("io.argoproj.") {
            return try argo(at, data, limits)
        }
        throw .unknownType
    }

    // MARK: Tekton

    private static func tekton(
        _ type: String, _ at: Timestamp?, _ data: TapeCursor?, _ limits: PipelineLimits
    ) throws(PipelineFault) -> [PipelineEvent] {
        guard let data else { throw .notAnEvent }
        var news = ObjectNews(at: at)
        let words = type.split(separator: ".")
        // dev.tekton.event.<object>.<state>.v1; tasks' events have no v1 in old versions.
        guard words.count >= 5 else { throw .unknownType }
        switch words[4] {
        case "queued": news.step = .queued
        case "started": news.step = .started
        case "running", "unknown": news.step = .running
        case "successful": news.step = .completed
        case "failed": news.step = .failed
        default: throw .unknownType
        }
        let named: [(StaticString, String)] = [
            ("pipelineRun", "PipelineRun"), ("taskRun", "TaskRun"), ("customRun", "CustomRun"),
            ("run", "Run"),
        ]
        for (member, kind) in named {
            guard let object = data.member(member), object.isObject else { continue }
            news.kind = kind
            return try KubernetesEvent.read(object, news, limits)
        }
        throw .notAnEvent
    }

    // MARK: Argo Events

    /// What a resource event source makes of an object, or the object that a trigger took of it.
    private static func argo(
        _ at: Timestamp?, _ data: TapeCursor?, _ limits: PipelineLimits
    ) throws(PipelineFault) -> [PipelineEvent] {
        guard let data, data.isObject else { throw .notAnEvent }
        var news = ObjectNews(at: at)
        let verb = data.member("type")
        news.isDeleted = verb?.isText("DELETE") == true
        news.isAdded = verb?.isText("ADD") == true
        if let body = data.member("body"), body.isObject {
            return try KubernetesEvent.read(body, news, limits)
        }
        return try KubernetesEvent.read(data, news, limits)
    }

    // MARK: Our own types

    private static func generic(
        _ type: String, _ at: Timestamp?, _ attributes: CloudAttributes, _ data: TapeCursor?,
        _ limits: PipelineLimits
    ) throws(PipelineFault) -> [PipelineEvent] {
        switch type {
        case "io.pitot.run.queued": try run(.queued, at, attributes, data, limits)
        case "io.pitot.run.started": try run(.started, at, attributes, data, limits)
        case "io.pitot.run.running": try run(.running, at, attributes, data, limits)
        case "io.pitot.run.succeeded": try run(.completed, at, attributes, data, limits)
        case "io.pitot.run.failed": try run(.failed, at, attributes, data, limits)
        case "io.pitot.run.aborted": try run(.aborted, at, attributes, data, limits)
        case "io.pitot.dataset.updated": try dataset(at, attributes, data, limits)
        case "io.pitot.deploy": try change(.deploy, at, attributes, data, limits)
        case "io.pitot.change": try change(.other, at, attributes, data, limits)
        default: throw .unknownType
        }
    }

    private static func run(
        _ step: RunStep, _ at: Timestamp?, _ attributes: CloudAttributes, _ data: TapeCursor?,
        _ limits: PipelineLimits
    ) throws(PipelineFault) -> [PipelineEvent] {
        var report = RunReport(.generic)
        report.scope = attributes.value("source")
        report.id = try data?.name("run", limits) ?? ""
        if report.id.isEmpty { report.id = attributes.value("subject") }
        report.parent = try data?.name("parent", limits) ?? ""
        report.namespace = try data?.name("namespace", limits) ?? ""
        report.job = try data?.name("job", limits) ?? ""
        if report.job.isEmpty { report.job = report.scope }
        guard !report.id.isEmpty else { throw .notAnEvent }
        report.step = step
        report.at = at
        report.kind = data?.text("kind", limits) ?? ""
        report.message = data?.text("message", limits) ?? ""
        report.startedAt = try data?.time("startTime")
        report.nominalAt = try data?.time("nominalTime")
        data?.member("labels")?.forEachMember { name, value in
            if let name = name.text(limits.textBytes), let value = value.text(limits.textBytes) {
                report.add(label: name, prefix: "label_", value, limits)
            }
            return report.labels.count < limits.labels
        }
        data?.member("facets")?.forEachElement { facet in
            if let name = facet.text(limits.textBytes) { report.facets.append(name) }
            return report.facets.count < limits.facets
        }
        report.finish()
        return [.run(report)]
    }

    private static func dataset(
        _ at: Timestamp?, _ attributes: CloudAttributes, _ data: TapeCursor?,
        _ limits: PipelineLimits
    ) throws(PipelineFault) -> [PipelineEvent] {
        var use = DatasetUse()
        use.namespace = try data?.name("namespace", limits) ?? ""
        use.name = try data?.name("name", limits) ?? ""
        if use.name.isEmpty { use.name = attributes.value("subject") }
        guard !use.name.isEmpty else { throw .notAnEvent }
        use.isOutput = true
        use.updatedAt = try data?.time("lastUpdated") ?? at
        use.rows = data?.rowCount
        use.version = data?.text("version", limits) ?? ""
        return [.dataset(use, at: at)]
    }

    private static func change(
        _ kind: ChangeKind, _ at: Timestamp?, _ attributes: CloudAttributes, _ data: TapeCursor?,
        _ limits: PipelineLimits
    ) throws(PipelineFault) -> [PipelineEvent] {
        var change = ChangeReport(kind)
        change.key = "event/" + attributes.value("source") + "/" + attributes.value("id")
        change.namespace = try data?.name("namespace", limits) ?? ""
        change.model = try data?.name("model", limits) ?? ""
        if change.model.isEmpty { change.model = attributes.value("subject") }
        change.version = data?.text("version", limits) ?? ""
        change.detail = data?.text("message", limits) ?? ""
        guard !change.model.isEmpty || !change.detail.isEmpty else { throw .notAnEvent }
        change.source = attributes.value("source")
        change.at = at
        return [.change(change)]
    }
}
