public import Model

/// What somebody asks for through Alertmanager's API, as the log holds it.
public enum AlertmanagerChange: Hashable, Sendable {
    /// A new silence is called `id`.
    case silence(SilenceDraft, id: String)
    case endSilence(id: String)
    case post([PostedAlert])

    /// Whether it is about a silence.
    public var isSilence: Bool {
        switch self {
        case .silence, .endSilence: true
        case .post: false
        }
    }

    /// As bytes. O(bytes).
    public var bytes: [UInt8] {
        var archive = Archive()
        switch self {
        case .silence(var draft, var id):
            var tag: UInt8 = 0
            archive.field(&tag)
            archive.field(&id)
            draft.archive(&archive)
        case .endSilence(var id):
            var tag: UInt8 = 1
            archive.field(&tag)
            archive.field(&id)
        case .post(var alerts):
            var tag: UInt8 = 2
            archive.field(&tag)
            archive.array(&alerts, blank: .blank) { $1.archive(&$0) }
        }
        return archive.bytes
    }

    /// Reads those bytes; nil when they are damaged.
    public init?(bytes: [UInt8]) {
        var archive = Archive(reading: bytes)
        var tag: UInt8 = 0
        var id = ""
        archive.field(&tag)
        switch tag {
        case 0:
            var draft = SilenceDraft.blank
            archive.field(&id)
            draft.archive(&archive)
            self = .silence(draft, id: id)
        case 1:
            archive.field(&id)
            self = .endSilence(id: id)
        case 2:
            var alerts: [PostedAlert] = []
            archive.array(&alerts, blank: .blank) { $1.archive(&$0) }
            self = .post(alerts)
        default: return nil
        }
        if !archive.isComplete { return nil }
    }
}

extension Notifier {
    /// Does what was asked for. The identity of the silence it is about; empty without one.
    @discardableResult
    public mutating func apply(
        _ change: AlertmanagerChange, now: Timestamp
    ) throws(SilenceFault) -> String {
        switch change {
        case .silence(let draft, let id): return try silence(draft, id: id, now: now)
        case .endSilence(let id):
            try endSilence(id, now: now)
            return id
        case .post(let alerts):
            post(alerts, now: now)
            return ""
        }
    }
}

extension SilenceDraft {
    fileprivate static let blank = SilenceDraft(
        replaces: nil, matchers: [], startsAt: .distantPast, endsAt: .distantPast, createdBy: "",
        comment: "")

    fileprivate mutating func archive(_ archive: inout Archive) {
        archive.optional(&replaces, blank: "") { $0.field(&$1) }
        archive.matchers(&matchers)
        archive.time(&startsAt)
        archive.time(&endsAt)
        archive.field(&createdBy)
        archive.field(&comment)
    }
}

extension PostedAlert {
    fileprivate static let blank = PostedAlert(
        labels: .empty, details: AlertDetails(), startsAt: nil, endsAt: nil)

    fileprivate mutating func archive(_ archive: inout Archive) {
        archive.field(&labels)
        archive.details(&details)
        archive.time(&startsAt)
        archive.time(&endsAt)
    }
}
