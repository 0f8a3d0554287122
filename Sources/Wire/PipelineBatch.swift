public import Model

// What one request told, and its form in the log. Drawn in docs/formats/log.md.

/// Things told together, and what was refused with them.
public struct PipelineBatch: Hashable, Sendable {
    public var events: [PipelineEvent] = []
    /// How many were refused, by `PipelineFault.rawValue`.
    public var faults = [UInt64](repeating: 0, count: PipelineFault.allCases.count)

    /// Nothing.
    public init() {}

    /// What a reading gave.
    public init(_ reading: PipelineReading) {
        events = reading.events
        for (_, fault) in reading.refused { count(fault) }
    }

    /// Counts what was refused.
    public mutating func count(_ fault: PipelineFault) { faults[Int(fault.rawValue)] += 1 }

    /// Appends its form in the log.
    public func encode(into out: inout ByteWriter) {
        out.varint(UInt64(faults.count))
        for fault in faults { out.varint(fault) }
        out.varint(UInt64(events.count))
        for event in events { event.encode(into: &out) }
    }

    /// Reads it; nil when the bytes are malformed.
    public init?(from reader: inout ByteReader) {
        guard let kinds = reader.varint(), kinds <= UInt64(reader.remaining) else { return nil }
        for index in 0..<Int(kinds) {
            guard let count = reader.varint() else { return nil }
            // A later version may know more of them.
            if index < faults.count { faults[index] = count }
        }
        guard let count = reader.varint(), count <= UInt64(reader.remaining) else { return nil }
        events.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let event = PipelineEvent(from: &reader) else { return nil }
            events.append(event)
        }
        guard reader.isAtEnd else { return nil }
    }
}

extension PipelineEvent {
    /// Appends its form in the log.
    public func encode(into out: inout ByteWriter) {
        switch self {
        case .run(let report):
            out.byte(1)
            report.encode(into: &out)
        case .dataset(let use, let at):
            out.byte(2)
            use.encode(into: &out)
            out.optional(at)
        case .change(let change):
            out.byte(3)
            change.encode(into: &out)
        case .alert(let alert):
            out.byte(4)
            alert.encode(into: &out)
        }
    }

    /// Reads it; nil when the bytes are malformed.
    public init?(from reader: inout ByteReader) {
        switch reader.byte() {
        case 1:
            guard let report = RunReport(from: &reader) else { return nil }
            self = .run(report)
        case 2:
            guard let use = DatasetUse(from: &reader), let at = reader.optionalTime() else {
                return nil
            }
            self = .dataset(use, at: at)
        case 3:
            guard let change = ChangeReport(from: &reader) else { return nil }
            self = .change(change)
        case 4:
            guard let alert = AlertReport(from: &reader) else { return nil }
            self = .alert(alert)
        default: return nil
        }
    }
}

extension RunReport {
    fileprivate func encode(into out: inout ByteWriter) {
        out.byte(source.rawValue)
        out.byte(step.rawValue)
        for text in [scope, id, parent, namespace, job, kind, message] { out.text(text) }
        for time in [at, startedAt, nominalAt] { out.optional(time) }
        out.varint(UInt64(labels.count))
        for label in labels {
            out.text(label.name)
            out.text(label.value)
        }
        out.varint(UInt64(facets.count))
        for facet in facets { out.text(facet) }
        out.varint(UInt64(datasets.count))
        for dataset in datasets { dataset.encode(into: &out) }
    }

    fileprivate init?(from reader: inout ByteReader) {
        guard let source = reader.byte().flatMap(RunSource.init),
            let step = reader.byte().flatMap(RunStep.init), let scope = reader.text(),
            let id = reader.text(), let parent = reader.text(), let namespace = reader.text(),
            let job = reader.text(), let kind = reader.text(), let message = reader.text(),
            let at = reader.optionalTime(), let startedAt = reader.optionalTime(),
            let nominalAt = reader.optionalTime()
        else { return nil }
        self.init(source)
        (self.step, self.scope, self.id, self.parent) = (step, scope, id, parent)
        (self.namespace, self.job, self.kind, self.message) = (namespace, job, kind, message)
        (self.at, self.startedAt, self.nominalAt) = (at, startedAt, nominalAt)
        guard let count = reader.varint(), count <= UInt64(reader.remaining) else { return nil }
        for _ in 0..<count {
            guard let name = reader.text(), let value = reader.text() else { return nil }
            labels.append(FeatureHeader(name: name, value: value))
        }
        guard let names = reader.varint(), names <= UInt64(reader.remaining) else { return nil }
        for _ in 0..<names {
            guard let name = reader.text() else { return nil }
            facets.append(name)
        }
        guard let uses = reader.varint(), uses <= UInt64(reader.remaining) else { return nil }
        for _ in 0..<uses {
            guard let use = DatasetUse(from: &reader) else { return nil }
            datasets.append(use)
        }
    }
}

extension DatasetUse {
    fileprivate func encode(into out: inout ByteWriter) {
        out.text(namespace)
        out.text(name)
        out.byte(isOutput ? 1 : 0)
        out.optional(updatedAt)
        out.signedVarint(rows.map { Int64($0) } ?? -1)
        out.text(version)
    }

    fileprivate init?(from reader: inout ByteReader) {
        guard let namespace = reader.text(), let name = reader.text(), let flag = reader.byte(),
            let updatedAt = reader.optionalTime(), let rows = reader.signedVarint(),
            let version = reader.text()
        else { return nil }
        (self.namespace, self.name, isOutput) = (namespace, name, flag == 1)
        self.updatedAt = updatedAt
        self.rows = rows < 0 ? nil : Int(rows)
        self.version = version
    }
}

extension ChangeReport {
    fileprivate func encode(into out: inout ByteWriter) {
        out.byte(kind.rawValue)
        for text in [key, namespace, model, version, detail, source] { out.text(text) }
        out.optional(at)
    }

    fileprivate init?(from reader: inout ByteReader) {
        guard let kind = reader.byte().flatMap(ChangeKind.init), let key = reader.text(),
            let namespace = reader.text(), let model = reader.text(), let version = reader.text(),
            let detail = reader.text(), let source = reader.text(), let at = reader.optionalTime()
        else { return nil }
        self.init(kind)
        (self.key, self.namespace, self.model) = (key, namespace, model)
        (self.version, self.detail, self.source) = (version, detail, source)
        self.at = at
    }
}

extension AlertReport {
    fileprivate func encode(into out: inout ByteWriter) {
        out.lengthPrefixed(labels.bytes)
        out.byte(isFiring ? 1 : 0)
        out.signedVarint(startsAt.millis)
        out.optional(endsAt)
        out.text(summary)
    }

    fileprivate init?(from reader: inout ByteReader) {
        guard let labels = reader.lengthPrefixed(), let flag = reader.byte(),
            let startsAt = reader.signedVarint(), let endsAt = reader.optionalTime(),
            let summary = reader.text()
        else { return nil }
        self.labels = Labels(canonical: labels)
        isFiring = flag == 1
        self.startsAt = Timestamp(millis: startsAt)
        self.endsAt = endsAt
        self.summary = summary
    }
}

extension ByteWriter {
    /// One byte that says whether it is there, then milliseconds.
    fileprivate mutating func optional(_ time: Timestamp?) {
        byte(time == nil ? 0 : 1)
        if let time { signedVarint(time.millis) }
    }
}

extension ByteReader {
    /// Nil outside when the bytes are malformed, nil inside when there is no time.
    fileprivate mutating func optionalTime() -> Timestamp?? {
        guard let flag = byte(), flag <= 1 else { return nil }
        if flag == 0 { return .some(nil) }
        return signedVarint().map { Timestamp(millis: $0) }
    }
}
