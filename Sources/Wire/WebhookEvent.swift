import Model

// What registries and alert managers send: MLflow's webhooks of its model registry, of which
// versions, aliases and stages are changes, and Alertmanager's webhook, version 4.

enum MLflowEvent {
    /// What one webhook says; empty for what is no change of a model.
    static func read(
        _ body: TapeCursor, delivery: String, _ limits: PipelineLimits
    ) throws(PipelineFault) -> [PipelineEvent] {
        guard body.isObject, let entity = body.member("entity"), entity.isString,
            let action = body.member("action"), action.isString, let data = body.member("data"),
            data.isObject
        else { throw .notAnEvent }
        let kind: ChangeKind
        var detail = ""
        switch (entity.text(64) ?? "", action.text(64) ?? "") {
        case ("model_version", "created"): kind = .version
        case ("model_version_alias", "created"):
            kind = .alias
            detail = data.text("alias", limits)
        case ("model_version_alias", "deleted"):
            kind = .alias
            detail = data.text("alias", limits) + " removed"
        case ("model_version_tag", "set"):
            // Stages are gone from MLflow 3; a tag of that name is what took their place.
            guard data.member("key")?.isText("stage") == true else { return [] }
            kind = .stage
            detail = data.text("value", limits)
        case ("model_version", "transitioned"), ("model_version_stage", "transitioned"):
            kind = .stage
            detail = data.text("to_stage", limits)
        default: return []
        }
        var change = ChangeReport(kind)
        change.model = try data.name("name", limits)
        guard !change.model.isEmpty else { throw .notAnEvent }
        change.version = data.text("version", limits)
        if change.version.isEmpty, let number = data.member("version")?.integer {
            change.version = String(number)
        }
        change.detail = detail
        change.source = "mlflow"
        change.at = try body.time("timestamp")
        // A delivery is tried again under its own id; without one the content says what it is.
        change.key =
            delivery.isEmpty
            ? "mlflow/\(kind.word)/\(change.model)/\(change.version)/\(detail)/"
                + body.text("timestamp", limits)
            : "mlflow/" + delivery
        return [.change(change)]
    }
}

enum AlertmanagerEvent {
    /// The alerts of a notification.
    static func read(
        _ body: TapeCursor, _ limits: PipelineLimits
    ) throws(PipelineFault) -> [PipelineEvent] {
        guard body.isObject, let alerts = body.member("alerts"), alerts.isArray else {
            throw .notAnEvent
        }
        if let version = body.member("version"), !version.isText("4") { throw .unknownType }
        var events: [PipelineEvent] = []
        var fault: PipelineFault?
        alerts.forEachElement { element in
            guard events.count < limits.alerts else {
                fault = .tooMany
                return false
            }
            do throws(PipelineFault) {
                events.append(.alert(try alert(element, limits)))
            } catch { fault = error }
            return fault == nil
        }
        if let fault { throw fault }
        return events
    }

    private static func alert(
        _ element: TapeCursor, _ limits: PipelineLimits
    ) throws(PipelineFault) -> AlertReport {
        guard element.isObject, let labels = element.member("labels"), labels.isObject,
            let startsAt = try element.time("startsAt")
        else { throw .notAnEvent }
        var alert = AlertReport()
        var pairs: [(String, String)] = []
        labels.forEachMember { name, value in
            if let name = name.text(limits.textBytes), let value = value.text(limits.textBytes),
                !value.isEmpty
            {
                pairs.append((name, value))
            }
            return pairs.count < limits.labels
        }
        guard !pairs.isEmpty else { throw .notAnEvent }
        alert.labels = Labels(pairs)
        alert.startsAt = startsAt
        alert.isFiring = element.member("status")?.isText("resolved") != true
        if !alert.isFiring { alert.endsAt = element.anyTime("endsAt") }
        alert.summary = element.member("annotations")?.text("summary", limits) ?? ""
        return alert
    }
}
