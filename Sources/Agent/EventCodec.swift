import Alerting
import Ingest
import Model
import Storage
import Traces
import Wire

// Canonical events as log payloads. A write is logged resolved; a configuration with its files'
// bytes, so that replay reads the same rules whatever has become of the files. Drawn in
// docs/formats/log.md.

/// An event as the log holds it.
enum LoggedEvent {
    case started
    case configured(ConfigurationFiles)
    case write(ResolvedWrite)
    case tick
    case delivered(DeliveryID, Outcome)
    case evaluated(RuleRecord)
    case features(FeatureBatch)
    case answered(AskID, Answer)
    case pipeline(PipelineBatch)
    case alertmanager(AlertmanagerChange)
    /// The series of models, written by the agent itself.
    case exposed(ResolvedWrite)
    case backfillBegan(from: Timestamp)
    case backfilled(ResolvedWrite, through: Timestamp)
    case backfillEnded(isWhole: Bool)
    case spans(SpanDelta)

    private enum Kind: UInt8 {
        case started = 1
        case configured = 2
        case tick = 4
        case delivered = 5
        // 3 and 6 were writes before the first release.
        case write = 7
        case evaluated = 16
        case features = 12
        case answered = 13
        case exposed = 18
        case backfillBegan = 20
        case backfilled = 21
        case backfillEnded = 22
        case silenced = 24
        case posted = 25
        case pipeline = 30
        case spans = 28
    }

    /// The record's kind and payload.
    func encode() -> (kind: UInt8, payload: [UInt8]) {
        var out = ByteWriter()
        switch self {
        case .started: return (Kind.started.rawValue, [])
        case .tick: return (Kind.tick.rawValue, [])
        case .configured(let files):
            encode(files, into: &out)
            return (Kind.configured.rawValue, out.bytes)
        case .write(let write):
            write.encode(into: &out)
            return (Kind.write.rawValue, out.bytes)
        case .exposed(let write):
            write.encode(into: &out)
            return (Kind.exposed.rawValue, out.bytes)
        case .pipeline(let batch):
            batch.encode(into: &out)
            return (Kind.pipeline.rawValue, out.bytes)
        case .spans(let delta):
            delta.encode(into: &out)
            return (Kind.spans.rawValue, out.bytes)
        case .features(let batch):
            batch.encode(into: &out)
            return (Kind.features.rawValue, out.bytes)
        case .backfillBegan(let from):
            out.signedVarint(from.millis)
            return (Kind.backfillBegan.rawValue, out.bytes)
        case .backfilled(let write, let through):
            out.signedVarint(through.millis)
            write.encode(into: &out)
            return (Kind.backfilled.rawValue, out.bytes)
        case .backfillEnded(let isWhole):
            out.byte(isWhole ? 1 : 0)
            return (Kind.backfillEnded.rawValue, out.bytes)
        case .delivered(let id, let outcome):
            out.varint(id.number)
            encode(outcome, into: &out)
            return (Kind.delivered.rawValue, out.bytes)
        case .alertmanager(let change):
            return ((change.isSilence ? Kind.silenced : .posted).rawValue, change.bytes)
        case .evaluated(var record):
            var archive = Archive()
            record.archive(&archive)
            return (Kind.evaluated.rawValue, archive.bytes)
        case .answered(let id, var answer):
            var archive = Archive()
            var number = id.number
            archive.field(&number)
            archive.field(&answer)
            return (Kind.answered.rawValue, archive.bytes)
        }
    }

    /// Reads a record, or nil when it is of no kind we know or malformed.
    init?(_ record: LogRecord) {
        var reader = ByteReader(record.payload)
        guard let kind = Kind(rawValue: record.kind) else { return nil }
        switch kind {
        case .started: self = .started
        case .tick: self = .tick
        case .configured:
            guard let files = Self.files(from: &reader) else { return nil }
            self = .configured(files)
        case .write:
            guard let write = ResolvedWrite(from: &reader) else { return nil }
            self = .write(write)
        case .exposed:
            guard let write = ResolvedWrite(from: &reader) else { return nil }
            self = .exposed(write)
        case .pipeline:
            guard let batch = PipelineBatch(from: &reader) else { return nil }
            self = .pipeline(batch)
        case .features:
            guard let batch = FeatureBatch(from: &reader) else { return nil }
            self = .features(batch)
        case .spans:
            guard let delta = SpanDelta(from: &reader) else { return nil }
            self = .spans(delta)
        case .backfillBegan:
            guard let from = reader.signedVarint() else { return nil }
            self = .backfillBegan(from: Timestamp(millis: from))
        case .backfilled:
            guard let through = reader.signedVarint(), let write = ResolvedWrite(from: &reader)
            else { return nil }
            self = .backfilled(write, through: Timestamp(millis: through))
        case .backfillEnded:
            guard let isWhole = reader.byte() else { return nil }
            self = .backfillEnded(isWhole: isWhole == 1)
        case .delivered:
            guard let id = reader.varint(), let outcome = Self.outcome(from: &reader) else {
                return nil
            }
            self = .delivered(DeliveryID(id), outcome)
        case .silenced, .posted:
            guard let change = AlertmanagerChange(bytes: record.payload) else { return nil }
            self = .alertmanager(change)
        case .evaluated:
            var archive = Archive(reading: record.payload)
            var read = RuleRecord.blank
            read.archive(&archive)
            guard archive.isComplete else { return nil }
            self = .evaluated(read)
        case .answered:
            var archive = Archive(reading: record.payload)
            var number: UInt64 = 0
            var answer = Answer.blank
            archive.field(&number)
            archive.field(&answer)
            guard archive.isComplete else { return nil }
            self = .answered(AskID(number), answer)
        }
    }

    // MARK: Configuration

    private func encode(_ files: ConfigurationFiles, into out: inout ByteWriter) {
        out.byte(files.config == nil ? 0 : 1)
        encode((files.config.map { [$0] } ?? []) + files.rules, into: &out)
        encode(files.zones, into: &out)
        encode(files.baselines, into: &out)
        encode(files.templates, into: &out)
    }

    private func encode(_ files: [SourceFile], into out: inout ByteWriter) {
        out.varint(UInt64(files.count))
        for file in files {
            out.text(file.path)
            out.lengthPrefixed(file.bytes)
        }
    }

    private static func files(from reader: inout ByteReader) -> ConfigurationFiles? {
        guard let hasConfig = reader.byte(), let files = list(from: &reader),
            // Before there were time zones, and baselines, a record ended here.
            let zones = reader.isAtEnd ? [] : list(from: &reader),
            let baselines = reader.isAtEnd ? [] : list(from: &reader),
            let templates = reader.isAtEnd ? [] : list(from: &reader)
        else { return nil }
        let config = hasConfig == 1 ? files.first : nil
        if hasConfig == 1 && config == nil { return nil }
        return ConfigurationFiles(
            config: config, rules: Array(files.dropFirst(config == nil ? 0 : 1)), zones: zones,
            baselines: baselines, templates: templates)
    }

    private static func list(from reader: inout ByteReader) -> [SourceFile]? {
        guard let count = reader.varint(), count <= UInt64(reader.remaining) else { return nil }
        var files: [SourceFile] = []
        for _ in 0..<count {
            guard let path = reader.text(), let bytes = reader.lengthPrefixed() else { return nil }
            files.append(SourceFile(path: path, bytes: bytes))
        }
        return files
    }

    // MARK: Outcomes

    private func encode(_ outcome: Outcome, into out: inout ByteWriter) {
        switch outcome {
        case .delivered(let status):
            out.byte(0)
            out.signedVarint(Int64(status))
        case .refused(let status, let retryAfter):
            out.byte(1)
            out.signedVarint(Int64(status))
            // One more than the milliseconds, so that 0 says there was no Retry-After.
            out.varint(retryAfter.map { UInt64(max(0, $0.millis)) + 1 } ?? 0)
        case .failed(let reason):
            out.byte(2)
            out.text(reason.rawValue)
        case .posted(let status, let reference):
            out.byte(3)
            out.signedVarint(Int64(status))
            out.text(reference)
        case .rejected(let status, let word):
            out.byte(4)
            out.signedVarint(Int64(status))
            out.text(word)
        }
    }

    private static func outcome(from reader: inout ByteReader) -> Outcome? {
        switch reader.byte() {
        case 0: return reader.signedVarint().map { .delivered(status: Int($0)) }
        case 1:
            guard let status = reader.signedVarint(), let after = reader.varint() else {
                return nil
            }
            let span = after == 0 ? nil : TimeSpan.milliseconds(Int64(clamping: after - 1))
            return .refused(status: Int(status), retryAfter: span)
        case 2:
            guard let word = reader.text(), let reason = FailureReason(rawValue: word) else {
                return nil
            }
            return .failed(reason: reason)
        case 3:
            guard let status = reader.signedVarint(), let place = reader.text() else { return nil }
            return .posted(status: Int(status), reference: place)
        case 4:
            guard let status = reader.signedVarint(), let word = reader.text() else { return nil }
            return .rejected(status: Int(status), word: word)
        default: return nil
        }
    }
}
