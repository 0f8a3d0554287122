import Model
public import Text

// Reads `kind: Maintenance` and `kind: Adjustment`. Strict, as SLO files are. Each entry says who
// and why: it is shown wherever the figures are.

/// What a file of maintenance windows or adjustments holds, and what is wrong with it.
public struct CorrectionFile: Sendable {
    public internal(set) var corrections = Corrections()
    public internal(set) var diagnostics: [Diagnostic] = []
}

/// Reads maintenance windows and budget adjustments from parsed YAML documents.
public enum CorrectionReader {
    static let entriesMax = 1000
    private static let textBytesMax = 1000

    /// Whether a document is one of theirs, by its `kind`.
    public static func recognizes(_ document: YAMLNode) -> Bool {
        ["Maintenance", "Adjustment"].contains(document["kind"]?.asString)
    }

    /// Reads one document. `zones` are those that recurring windows may name.
    public static func read(_ document: YAMLNode, zones: TimeZones) -> CorrectionFile {
        var file = CorrectionFile()
        var fields = FieldReader(document, of: "file")
        let version = fields.string("apiVersion")
        if let version, version != DefinitionReader.apiVersion {
            fields.fail(
                at: fields.position(of: "apiVersion"), "unknown apiVersion \"\(version)\"",
                expected: "\"\(DefinitionReader.apiVersion)\"")
        }
        let isMaintenance = fields.string("kind") == "Maintenance"
        let key = isMaintenance ? "maintenance" : "adjustments"
        let nodes = fields.sequence(key)
        if nodes.isEmpty {
            fields.fail(
                at: fields.position(of: key), "nothing in the file",
                expected: "a list under \"\(key)\"")
        }
        if nodes.count > entriesMax {
            fields.fail(at: nodes[entriesMax], "more than \(entriesMax) entries in one file")
        }
        for node in nodes.prefix(entriesMax) {
            var entry = FieldReader(node, of: isMaintenance ? "maintenance" : "adjustment")
            if isMaintenance {
                if let window = maintenance(&entry, zones) {
                    file.corrections.maintenance.append(window)
                }
            } else if let adjustment = adjustment(&entry) {
                file.corrections.adjustments.append(adjustment)
            }
            fields.add(entry.diagnostics)
        }
        file.diagnostics = fields.finish()
        return file
    }

    /// Ends an entry's reading; false when it has errors.
    private static func finish(_ fields: inout FieldReader) -> Bool {
        let known = fields.diagnostics.count
        let all = fields.finish()
        // `finish` has added the unknown keys to what the caller takes over.
        return all.count == known && !all.contains { $0.severity == .error }
    }

    // MARK: Maintenance

    private static func maintenance(
        _ fields: inout FieldReader, _ zones: TimeZones
    ) -> MaintenanceWindow? {
        let name = text(&fields, "name")
        let who = text(&fields, "who")
        let why = text(&fields, "why")
        let word = fields.optionalString("events") ?? MaintenanceEffect.excluded.rawValue
        let effect = MaintenanceEffect(rawValue: word)
        if effect == nil {
            fields.fail(
                at: fields.position(of: "events"), "events \"\(word)\"",
                expected: "excluded or counted")
        }
        let alerts = fields.optionalString("alerts") ?? "silenced"
        if alerts != "silenced" && alerts != "told" {
            fields.fail(
                at: fields.position(of: "alerts"), "alerts \"\(alerts)\"",
                expected: "silenced or told")
        }
        var selections: [SLOSelection] = []
        let nodes = fields.sequence("slos")
        if nodes.isEmpty {
            fields.fail(
                at: fields.position(of: "slos"), "it says not which SLOs it is about",
                expected: "a list under \"slos\", such as [{service: recommender}]")
        }
        for node in nodes {
            if let one = selection(node, &fields) { selections.append(one) }
        }
        let times = times(&fields, zones)
        guard finish(&fields), let name, let who, let why, let effect, let times else {
            return nil
        }
        return MaintenanceWindow(
            name: name, who: who, why: why, effect: effect, times: times, selections: selections,
            isSilencing: alerts == "silenced", position: fields.position)
    }

    private static func times(
        _ fields: inout FieldReader, _ zones: TimeZones
    ) -> MaintenanceWindow.Times? {
        guard let node = fields.optionalNode("weekly") else {
            let from = time(&fields, "from", isRequired: true)
            let to = time(&fields, "to", isRequired: true)
            guard let from, let to else { return nil }
            guard from < to, to - from <= Period.rollingMax else {
                fields.fail(
                    at: fields.position(of: "to"), "it ends before it begins, or a year later",
                    expected: "a time after \"from\"")
                return nil
            }
            return .once(MaintenanceWindow.Occurrence(from: from, to: to))
        }
        for key in ["from", "to"] where fields.optionalNode(key) != nil {
            fields.fail(
                at: fields.position(of: key), "\"\(key)\" beside \"weekly\"",
                expected: "one of them", hint: "weekly.since and weekly.until bound it")
        }
        var weekly = FieldReader(node, of: "weekly")
        let days = (weekly.optionalStrings("days") ?? []).map { weekdays.firstIndex(of: $0) }
        if days.isEmpty || days.contains(nil) || Set(days).count != days.count {
            weekly.fail(
                at: weekly.position(of: "days"), "days of a weekly window",
                expected: "some of \(weekdays.joined(separator: ", ")), each once")
        }
        let from = clock(&weekly, "from")
        let to = clock(&weekly, "to")
        let zone = zones.read(&weekly)
        let since = time(&weekly, "since", isRequired: false)
        let until = time(&weekly, "until", isRequired: false)
        let isGood = finish(&weekly)
        fields.add(weekly.diagnostics)
        guard isGood, let from, let to, let zone else { return nil }
        return .weekly(
            WeeklyTimes(
                days: days.compactMap { $0 }.map { Int64($0) }.sorted(), from: from, to: to,
                zone: zone, since: since, until: until))
    }

    private static let weekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    // MARK: Adjustments

    private static func adjustment(_ fields: inout FieldReader) -> Adjustment? {
        let name = text(&fields, "name")
        let who = text(&fields, "who")
        let why = text(&fields, "why")
        let at = time(&fields, "at", isRequired: true)
        let good = fields.optionalNumber("good") ?? 0
        let bad = fields.optionalNumber("bad") ?? 0
        if good == 0 && bad == 0 {
            fields.fail(
                at: fields.position, "it changes nothing",
                expected: "\"good\" or \"bad\", a number of events to add, or below 0 to take away")
        }
        if abs(good) > 1e15 || abs(bad) > 1e15 {
            fields.fail(at: fields.position, "more events than can be counted exactly")
        }
        let selected = fields.node("slo").flatMap { selection($0, &fields) }
        guard finish(&fields), let name, let who, let why, let at, let selected else { return nil }
        return Adjustment(
            name: name, who: who, why: why, at: at, good: good, bad: bad, selection: selected,
            position: fields.position)
    }

    // MARK: Parts

    private static func text(_ fields: inout FieldReader, _ key: String) -> String? {
        guard let text = fields.string(key) else { return nil }
        if text.utf8.count > textBytesMax || text.allSatisfy(\.isWhitespace) {
            fields.fail(
                at: fields.position(of: key), "\"\(key)\" is empty or too long",
                expected: "at most \(textBytesMax) bytes")
            return nil
        }
        return text
    }

    private static func selection(
        _ node: YAMLNode, _ outer: inout FieldReader
    ) -> SLOSelection? {
        var fields = FieldReader(node, of: "slo")
        let service = fields.string("service")
        let name = fields.optionalString("name")
        let labels = Labels(fields.pairs("labels").map { ($0.name, $0.value) })
        let isGood = finish(&fields)
        outer.add(fields.diagnostics)
        guard isGood, let service else { return nil }
        return SLOSelection(service: service, name: name, labels: labels)
    }

    /// RFC 3339, a whole minute.
    private static func time(
        _ fields: inout FieldReader, _ key: String, isRequired: Bool
    ) -> Timestamp? {
        guard let text = isRequired ? fields.string(key) : fields.optionalString(key) else {
            return nil
        }
        guard let time = Timestamp(rfc3339: text), time.millis % 60_000 == 0 else {
            fields.fail(
                at: fields.position(of: key), "\"\(key)\" is \"\(text)\"",
                expected: "a whole minute such as 2026-11-23T22:00:00+01:00")
            return nil
        }
        return time
    }

    /// "22:30" in seconds.
    private static func clock(_ fields: inout FieldReader, _ key: String) -> Int64? {
        guard let text = fields.string(key) else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }),
            let hours = Int64(parts[0]), let minutes = Int64(parts[1]), (0...23).contains(hours),
            (0...59).contains(minutes)
        else {
            fields.fail(
                at: fields.position(of: key), "\"\(key)\" is \"\(text)\"",
                expected: "a time of day in quotes, such as \"22:30\"")
            return nil
        }
        return hours * 3600 + minutes * 60
    }
}

extension Corrections {
    /// What can only be said with all files read: names that stand twice, windows that no SLO has,
    /// SLOs that have too many.
    public func review(_ definitions: [SLODefinition]) -> [Diagnostic] {
        var found: [Diagnostic] = []
        var seen: [String: SourcePosition] = [:]
        let all =
            maintenance.map { ("maintenance", $0.name, $0.position) }
            + adjustments.map { ("adjustment", $0.name, $0.position) }
        for (kind, name, position) in all {
            if let first = seen.updateValue(position, forKey: kind + " " + name) {
                found.append(
                    .error(
                        at: position, "the \(kind) \"\(name)\" stands twice",
                        expected: "each name once", hint: "the other is at \(first)"))
            }
        }
        for window in maintenance where !definitions.contains(where: window.matches) {
            found.append(
                .warning(at: window.position, "the maintenance \"\(window.name)\" has no SLO"))
        }
        for one in adjustments where !definitions.contains(where: one.matches) {
            found.append(.warning(at: one.position, "the adjustment \"\(one.name)\" has no SLO"))
        }
        for definition in definitions {
            let count = maintenance.filter { $0.effect == .excluded && $0.matches(definition) }
                .reduce(0) { $0 + $1.occurrencesMax(in: definition.period.spanMax) }
            guard count > EventHistory.exclusionsMax else { continue }
            found.append(
                .error(
                    at: definition.position,
                    "up to \(count) maintenance windows in one period of "
                        + "\(definition.service)/\(definition.name)",
                    expected: "at most \(EventHistory.exclusionsMax)"))
        }
        return found
    }
}
