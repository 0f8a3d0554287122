import Model

// Kubernetes objects that are runs, as Tekton's events, Knative's ApiServerSource and Argo Events
// carry them: the object says what state it is in, so it does not matter in which order or how
// often they come. Of an InferenceService the version that became ready is a change.

/// What is told of an object besides the object.
struct ObjectNews {
    /// When the event was made.
    var at: Timestamp?
    var isDeleted = false
    /// Whether it was there before anybody looked.
    var isAdded = false
    /// For an object that does not say its own.
    var kind = ""
    /// Of Tekton's types, for objects without a condition yet.
    var step: RunStep?
}

enum KubernetesEvent {
    /// What an object says; empty when it is of no kind that is a run.
    static func read(
        _ object: TapeCursor, _ news: ObjectNews, _ limits: PipelineLimits
    ) throws(PipelineFault) -> [PipelineEvent] {
        guard object.isObject, let metadata = object.member("metadata") else { throw .notAnEvent }
        var kind = object.text("kind", limits)
        if kind.isEmpty { kind = news.kind }
        if kind == "InferenceService" {
            return try revision(object, metadata, news, limits).map { [.change($0)] } ?? []
        }
        guard let family = Family(kind) else { return [] }
        var report = RunReport(.kubernetes)
        report.kind = kind
        report.id = try metadata.name("uid", limits)
        report.namespace = try metadata.name("namespace", limits)
        guard !report.id.isEmpty else { throw .notAnEvent }
        report.parent = owner(of: metadata, among: family.parents, limits)
        report.job = try job(object, metadata, limits)
        guard !report.job.isEmpty else { throw .notAnEvent }
        labels(of: metadata, &report, limits)
        report.nominalAt = nominal(metadata)
        state(object, family, news, &report, limits)
        report.finish()
        return [.run(report)]
    }

    /// Kinds that tell their state in the same way.
    enum Family {
        /// `status.phase`.
        case argo
        /// The condition `Succeeded`, true, false or unknown.
        case tekton
        /// A condition of the name of the outcome that is true.
        case conditions

        init?(_ kind: String) {
            switch kind {
            case "Workflow": self = .argo
            case "PipelineRun", "TaskRun", "CustomRun", "Run": self = .tekton
            case "Job", "TrainJob", "JobSet", "PyTorchJob", "TFJob", "MPIJob", "XGBoostJob",
                "PaddleJob", "JAXJob", "RayJob":
                self = .conditions
            default: return nil
            }
        }

        var parents: [String] {
            switch self {
            case .argo: ["Workflow"]
            case .tekton: ["PipelineRun"]
            case .conditions: ["TrainJob", "JobSet", "Workflow", "PipelineRun", "TaskRun"]
            }
        }
    }

    // MARK: State

    private static func state(
        _ object: TapeCursor, _ family: Family, _ news: ObjectNews, _ report: inout RunReport,
        _ limits: PipelineLimits
    ) {
        let status = object.member("status")
        report.startedAt = status?.anyTime("startTime") ?? status?.anyTime("startedAt")
        let end = status?.anyTime("completionTime") ?? status?.anyTime("finishedAt")
        var found: Found
        switch family {
        case .argo: found = phase(status, limits)
        case .tekton: found = succeeded(status, limits)
        case .conditions: found = outcome(status, limits)
        }
        if found.step == nil || found.step == .queued, let told = news.step { found.step = told }
        let begun: RunStep = report.startedAt == nil ? .queued : .running
        report.step = found.step ?? begun
        if report.step == .queued && report.startedAt != nil { report.step = .running }
        report.message = found.message
        if report.step.isEnd {
            report.at = end ?? found.at ?? news.at
        } else if news.isDeleted {
            // Gone before it ended: nobody will ever say how.
            report.step = .aborted
            report.at = news.at
        } else {
            report.at = news.at ?? report.startedAt
        }
    }

    private struct Found {
        var step: RunStep?
        var at: Timestamp?
        var message = ""
    }

    private static func phase(_ status: TapeCursor?, _ limits: PipelineLimits) -> Found {
        var found = Found()
        found.message = status?.text("message", limits) ?? ""
        switch status?.text("phase", limits) ?? "" {
        case "Succeeded": found.step = .completed
        case "Failed", "Error":
            // Argo says "Stopped with strategy 'Terminate'" of what a person ended.
            found.step = found.message.hasPrefix("Stopped with strategy") ? .aborted : .failed
        case "Running": found.step = .running
        default: break
        }
        return found
    }

    private static func succeeded(_ status: TapeCursor?, _ limits: PipelineLimits) -> Found {
        var found = Found()
        status?.member("conditions")?.forEachElement { condition in
            guard condition.member("type")?.isText("Succeeded") == true else { return true }
            found.at = condition.anyTime("lastTransitionTime")
            let state = condition.text("status", limits)
            if state == "True" { found.step = .completed }
            if state == "False" {
                found.step =
                    condition.text("reason", limits).contains("Cancel") ? .aborted : .failed
                found.message = condition.text("message", limits)
            }
            return false
        }
        return found
    }

    private static func outcome(_ status: TapeCursor?, _ limits: PipelineLimits) -> Found {
        var found = Found()
        status?.member("conditions")?.forEachElement { condition in
            guard condition.member("status")?.isText("True") == true else { return true }
            let step: RunStep
            switch condition.text("type", limits) {
            case "Complete", "Completed", "Succeeded": step = .completed
            case "Failed": step = .failed
            case "Running": step = .running
            case "Suspended", "Created": step = .queued
            default: return true
            }
            // Conditions stay when the next one comes: an end is an end, and running beats waiting.
            let isMore = found.step.map { step.rawValue > $0.rawValue } ?? true
            guard isMore else { return true }
            found.step = step
            found.at =
                condition.anyTime("lastTransitionTime") ?? condition.anyTime("lastProbeTime")
            if step == .failed { found.message = condition.text("message", limits) }
            return true
        }
        return found
    }

    // MARK: Whose run it is

    private static func owner(
        of metadata: TapeCursor, among kinds: [String], _ limits: PipelineLimits
    ) -> String {
        var found = ""
        metadata.member("ownerReferences")?.forEachElement { owner in
            if kinds.contains(owner.text("kind", limits)) { found = owner.text("uid", limits) }
            return found.isEmpty
        }
        return found
    }

    /// Labels that name what is run, the first that is there.
    private static let jobLabels: [StaticString] = [
        "pipelines.kubeflow.org/pipeline_name", "workflows.argoproj.io/cron-workflow",
        "workflows.argoproj.io/workflow-template", "tekton.dev/pipeline", "tekton.dev/pipelineTask",
        "tekton.dev/task",
    ]

    /// What is run again and again: a template, a pipeline, a cron job, or what names are made of.
    private static func job(
        _ object: TapeCursor, _ metadata: TapeCursor, _ limits: PipelineLimits
    ) throws(PipelineFault) -> String {
        for name in jobLabels {
            if let label = try metadata.member("labels")?.name(name, limits), !label.isEmpty {
                return label
            }
        }
        let owner = cronJob(of: metadata, limits)
        if !owner.isEmpty { return owner }
        let spec = object.member("spec")
        for name: StaticString in ["workflowTemplateRef", "pipelineRef", "taskRef"] {
            if let reference = spec?.member(name) {
                let told = reference.text("name", limits)
                if !told.isEmpty { return told }
            }
        }
        let stem = try metadata.name("generateName", limits)
        if stem.isEmpty { return try metadata.name("name", limits) }
        return stem.hasSuffix("-") ? String(stem.dropLast()) : stem
    }

    private static func cronJob(of metadata: TapeCursor, _ limits: PipelineLimits) -> String {
        var found = ""
        metadata.member("ownerReferences")?.forEachElement { owner in
            if owner.text("kind", limits).hasPrefix("Cron")
                || owner.member("kind")?.isText(
                    "ScheduledWorkflow") == true
            {
                found = owner.text("name", limits)
            }
            return found.isEmpty
        }
        return found
    }

    private static func labels(
        of metadata: TapeCursor, _ report: inout RunReport, _ limits: PipelineLimits
    ) {
        metadata.member("labels")?.forEachMember { name, value in
            if let name = name.text(limits.textBytes), let value = value.text(limits.textBytes) {
                report.add(label: name, prefix: "label_", value, limits)
            }
            return report.labels.count < limits.labels
        }
    }

    private static func nominal(_ metadata: TapeCursor) -> Timestamp? {
        let annotations = metadata.member("annotations")
        return annotations?.anyTime("workflows.argoproj.io/scheduled-time")
            ?? annotations?.anyTime("batch.kubernetes.io/cronjob-scheduled-timestamp")
    }

    // MARK: Inference services

    private static func revision(
        _ object: TapeCursor, _ metadata: TapeCursor, _ news: ObjectNews, _ limits: PipelineLimits
    ) throws(PipelineFault) -> ChangeReport? {
        guard let status = object.member("status"), !news.isDeleted else { return nil }
        var change = ChangeReport(.deploy)
        change.namespace = try metadata.name("namespace", limits)
        change.model = try metadata.name("name", limits)
        let predictor = status.member("components")?.member("predictor")
        change.version = predictor?.text("latestReadyRevision", limits) ?? ""
        var readyAt: Timestamp?
        var isReady = false
        status.member("conditions")?.forEachElement { condition in
            if condition.member("type")?.isText("PredictorReady") == true {
                readyAt = condition.anyTime("lastTransitionTime")
                isReady = condition.member("status")?.isText("True") == true
            }
            return true
        }
        if change.version.isEmpty {
            // A raw deployment has no revisions, but its generation once that is observed.
            guard isReady, let generation = metadata.member("generation")?.integer,
                status.member("observedGeneration")?.integer ?? generation == generation
            else { return nil }
            change.version = "generation \(generation)"
        }
        guard !change.model.isEmpty else { throw .notAnEvent }
        change.key = "isvc/" + (try metadata.name("uid", limits)) + "/" + change.version
        change.source = "kserve"
        // The condition does not turn false for each revision: the event may be the nearer time.
        change.at = news.isAdded ? readyAt ?? news.at : news.at ?? readyAt
        return change
    }
}
