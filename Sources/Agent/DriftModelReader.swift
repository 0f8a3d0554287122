import Drift
import Model
import Text

/// Reads `kind: DriftModels` documents. Strict: an unknown key is an error with its position.
struct DriftModelReader {
    static let kind = "DriftModels"

    var models: [DriftModel] = []
    var diagnostics: [Diagnostic] = []
    /// Files of baselines that were read, by path.
    private let baselines: [String: SourceFile]
    /// The rule file's folder: paths in it are relative.
    private let folder: String
    /// Paths of baselines that the documents name.
    private(set) var paths: [String] = []

    init(file: String, baselines: [SourceFile]) {
        folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
        self.baselines = Dictionary(baselines.map { ($0.path, $0) }) { first, _ in first }
    }

    static func recognizes(_ document: YAMLNode) -> Bool { document["kind"]?.asString == kind }

    mutating func read(_ document: YAMLNode) {
        var fields = FieldReader(document, of: "DriftModels file")
        if let version = fields.string("apiVersion"), version != "pitot/v1" {
            fields.fail(
                at: fields.position(of: "apiVersion"), "unknown apiVersion \"\(version)\"",
                expected: "\"pitot/v1\"")
        }
        fields.allow("kind")
        let nodes = fields.sequence("models")
        if nodes.isEmpty {
            fields.fail(
                at: fields.position(of: "models"), "no models", expected: "a list of models")
        }
        diagnostics += fields.finish()
        for node in nodes { readModel(node) }
    }

    private mutating func readModel(_ node: YAMLNode) {
        var fields = FieldReader(node, of: "model")
        var model = DriftModel(model: fields.string("model") ?? "", at: fields.position)
        model.namespace = fields.optionalString("namespace")
        model.endpoint = fields.optionalString("endpoint")
        if let seed = fields.optionalInteger("seed") {
            model.monitor.seed = UInt64(bitPattern: Int64(seed))
        }
        for (key, read) in Self.parts {
            guard let part = fields.optionalNode(key) else { continue }
            var reader = FieldReader(part, of: key)
            read(&reader, &model)
            fields.add(reader.finish())
        }
        model.features = readFeatures(&fields)
        readBaseline(&fields, &model)
        let outputs = readOutputs(&fields, &model)
        readDetectors(&fields, &model, outputs)
        check(model, &fields)
        diagnostics += fields.finish()
        models.append(model)
    }

    mutating func check(_ model: DriftModel, _ fields: inout FieldReader) {
        if model.firstRows != nil && model.features.isEmpty {
            fields.fail(
                at: fields.position(of: "baseline"), "a live baseline without features",
                expected: "\"features\": what the model is asked with")
        }
        if let rows = model.firstRows, rows * max(1, model.features.count) > Self.liveValuesMax {
            fields.fail(
                at: fields.position(of: "baseline"),
                "a live baseline of \(rows) rows of \(model.features.count) features",
                expected: "at most \(Self.liveValuesMax) values",
                hint: "make one of a file: pitot drift baseline")
        }
        for slice in model.live.sliceKeys
        where !model.features.contains(where: { $0.name == slice && $0.type == .categorical }) {
            fields.fail(
                at: fields.position(of: "guards"), "slices by \"\(slice)\"",
                expected: "a feature of the type categorical")
        }
        checkConsistency(model, &fields)
        for baseline in model.baselines {
            let known = Set(baseline.features.map(\.name))
            let absent = model.features.map(\.name).filter { !known.contains($0) }
            if !absent.isEmpty {
                fields.warn(
                    at: fields.position(of: "features"),
                    "the baseline \(baseline.id.prefix(12)) does not know "
                        + absent.prefix(5).joined(separator: ", "),
                    hint: "their values are counted as unknown_feature")
            }
        }
    }

    /// Values of a live baseline: it is made between two events.
    static let liveValuesMax = 2_000_000

    typealias Part = @Sendable (inout FieldReader, inout DriftModel) -> Void

    static let parts: [(key: String, read: Part)] = [
        ("version", readVersion), ("budget", readBudget), ("guards", readGuards),
        ("window", readWindow), ("alerts", readAlerts), ("responses", readResponses),
        ("labels", readLabels),
    ]

    @Sendable private static func readVersion(
        _ fields: inout FieldReader, _ model: inout DriftModel
    ) {
        let from = fields.optionalString("from")
        let header = fields.optionalString("header")
        let fixed = fields.optionalString("fixed")
        let endpoints = fields.pairs("endpoints")
        let given = [from != nil, header != nil, fixed != nil, !endpoints.isEmpty]
        if given.filter({ $0 }).count != 1 {
            return fields.fail(
                at: fields.position, "the version has no source, or several",
                expected: "one of \"from: response\", \"header\", \"endpoints\" and \"fixed\"")
        }
        if let from {
            if from != "response" {
                fields.fail(
                    at: fields.position(of: "from"), "the version from \"\(from)\"",
                    expected: "response")
            }
            model.versionSource = .response
        } else if let header {
            model.versionSource = .header(header.lowercased())
        } else if let fixed {
            model.versionSource = .fixed(fixed)
        } else {
            model.versionSource = .endpoints(
                Dictionary(endpoints.map { ($0.name, $0.value) }) { first, _ in first })
        }
    }

    @Sendable private static func readBudget(
        _ fields: inout FieldReader, _ model: inout DriftModel
    ) {
        let rows = fields.optionalNumber("rows")
        let time = fields.optionalDuration("time")
        if (rows == nil) == (time == nil) {
            return fields.fail(
                at: fields.position, "the budget is neither of rows nor of time, or both",
                expected: "\"rows: 100000\" or \"time: 30d\"")
        }
        if let rows {
            if rows < 100 {
                fields.fail(
                    at: fields.position(of: "rows"), "a false alarm every \(rows) rows",
                    expected: "100 rows or more")
            }
            model.budget = .rows(rows)
        }
        if let time {
            if time < .minutes(1) {
                fields.fail(
                    at: fields.position(of: "time"), "a false alarm every \(time)",
                    expected: "1m or more")
            }
            model.budget = .time(time)
        }
        model.monitor.budget = model.budget
    }

    @Sendable private static func readGuards(
        _ fields: inout FieldReader, _ model: inout DriftModel
    ) {
        if let thin = fields.optionalString("thin"), thin != "auto" {
            if let stride = Int(thin), (1...10_000).contains(stride) {
                model.live.stride = stride
                model.monitor.declaredStride = stride
            } else {
                fields.fail(
                    at: fields.position(of: "thin"), "thin is \"\(thin)\"",
                    expected: "auto, or 1 to 10000: one row in so many is used")
            }
        }
        if let phases = fields.optionalString("phases") {
            switch phases {
            case "none": model.live.phases = .none
            case "hourOfDay": model.live.phases = .hourOfDay
            case "hourOfWeek": model.live.phases = .hourOfWeek
            default:
                fields.fail(
                    at: fields.position(of: "phases"), "phases are \"\(phases)\"",
                    expected: "none, hourOfDay or hourOfWeek")
            }
        }
        if let offset = fields.optionalDuration("phaseOffset") { model.live.phaseOffset = offset }
        if let effect = fields.optionalNumber("minimumEffect") {
            if effect < 0 {
                fields.fail(
                    at: fields.position(of: "minimumEffect"), "minimumEffect is negative",
                    expected: "a PSI, such as 0.1")
            }
            model.monitor.effectMin = effect
        }
        if let rows = fields.optionalInteger("minimumRows") {
            model.monitor.usedRowsMin = UInt64(max(0, rows))
        }
        if let rows = fields.optionalInteger("rowsPerPhase") {
            model.monitor.visitRowsMax = UInt64(max(1, rows))
            model.live.visitRowsMax = max(1, rows / 2)
        }
        model.live.sliceKeys = fields.optionalStrings("slices") ?? []
        if let rows = fields.optionalString("rowsPerRequest") {
            if rows != "one" && rows != "all" {
                fields.fail(
                    at: fields.position(of: "rowsPerRequest"), "rowsPerRequest is \"\(rows)\"",
                    expected: "one, or all: rows of one request depend on each other")
            }
            model.usesOneRowPerRequest = rows != "all"
        }
    }

    @Sendable private static func readWindow(
        _ fields: inout FieldReader, _ model: inout DriftModel
    ) {
        if let every = fields.optionalDuration("every") {
            if every < .seconds(10) || every > .days(30) {
                fields.fail(
                    at: fields.position(of: "every"), "windows of \(every)", expected: "10s to 30d")
            } else {
                model.windowEvery = every
            }
        }
        if let rows = fields.optionalInteger("rows") {
            if rows < 10 {
                fields.fail(
                    at: fields.position(of: "rows"), "windows of \(rows) rows",
                    expected: "10 or more")
            }
            model.windowRows = UInt64(max(10, rows))
        }
        if let rows = fields.optionalInteger("minimumRows") {
            model.monitor.windowRowsMin = UInt64(max(1, rows))
        }
        if let alpha = fields.optionalNumber("alpha") {
            if alpha <= 0 || alpha >= 1 {
                fields.fail(
                    at: fields.position(of: "alpha"), "alpha is \(alpha)",
                    expected: "between 0 and 1, such as 0.001")
            }
            model.monitor.alpha = alpha
        }
    }

    @Sendable private static func readAlerts(
        _ fields: inout FieldReader, _ model: inout DriftModel
    ) {
        model.severity = fields.optionalString("severity") ?? model.severity
        model.labels = Labels(fields.pairs("labels").map { ($0.name, $0.value) })
        for (name, value) in fields.pairs("annotations") { model.annotations[name] = value }
        for name in ["alertname", "model", "version", "severity"]
        where model.labels[name] != nil {
            fields.fail(
                at: fields.position(of: "labels"), "the label \"\(name)\" is set by Pitot",
                expected: "another label")
        }
    }

    @Sendable private static func readResponses(
        _ fields: inout FieldReader, _ model: inout DriftModel
    ) {
        guard let within = fields.optionalDuration("within") else { return }
        if within < .seconds(1) || within > .hours(1) {
            fields.fail(
                at: fields.position(of: "within"), "responses within \(within)",
                expected: "1s to 1h")
        } else {
            model.responseWithin = within
        }
    }

    mutating func readFeatures(_ fields: inout FieldReader) -> [DriftFeature] {
        var features: [DriftFeature] = []
        for node in fields.sequence("features") {
            var feature = FieldReader(node, of: "feature")
            let name = feature.string("name") ?? ""
            var type: DriftFeatureType?
            if let text = feature.optionalString("type") {
                type = DriftFeatureType(rawValue: text)
                if type == nil {
                    feature.fail(
                        at: feature.position(of: "type"), "the type \"\(text)\"",
                        expected: "numeric, categorical or binary")
                }
            }
            let unit = feature.optionalString("unit") ?? ""
            if features.contains(where: { $0.name == name }) {
                feature.fail(
                    at: feature.position(of: "name"), "the feature \"\(name)\" stands twice",
                    expected: "each name once")
            }
            diagnostics += feature.finish()
            features.append(DriftFeature(name: name, type: type, unit: unit))
        }
        if features.count > Baseline.featuresMax {
            fields.fail(
                at: fields.position(of: "features"), "\(features.count) features",
                expected: "at most \(Baseline.featuresMax)")
        }
        return features
    }

    mutating func readBaseline(_ outer: inout FieldReader, _ model: inout DriftModel) {
        guard let node = outer.optionalNode("baseline") else { return }
        var fields = FieldReader(node, of: "baseline")
        let file = fields.optionalString("file")
        let files = (file.map { [$0] } ?? []) + (fields.optionalStrings("files") ?? [])
        let id = fields.optionalString("id")
        if let rows = fields.optionalInteger("firstRows") {
            if rows < model.live.rowsMin {
                fields.fail(
                    at: fields.position(of: "firstRows"), "a baseline of \(rows) rows",
                    expected: "\(model.live.rowsMin) or more, better 10000")
            }
            model.firstRows = rows
        }
        if files.isEmpty && model.firstRows == nil {
            fields.fail(
                at: node, "the baseline has no source",
                expected: "\"file\", \"files\" or \"firstRows\"")
        }
        for name in files {
            let path = name.hasPrefix("/") ? name : folder + name
            paths.append(path)
            let key = fields.position(of: file == nil ? "files" : "file")
            guard let source = baselines[path] else {
                fields.fail(
                    at: key, "the baseline \(name) was not read", expected: "a readable file")
                continue
            }
            guard let baseline = Baseline(bytes: source.bytes) else {
                fields.fail(
                    at: key, "\(name) is no baseline",
                    expected: "a file that \"pitot drift baseline\" made")
                continue
            }
            if let id, baseline.id != id {
                fields.fail(
                    at: fields.position(of: "id"), "\(name) is the baseline \(baseline.id)",
                    expected: id)
            }
            model.baselines.append(baseline)
        }
        outer.add(fields.finish())
    }
}
