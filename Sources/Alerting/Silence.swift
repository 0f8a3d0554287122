public import Model
internal import Text

/// Who says that alerts are not to be told for a while, and why. Alertmanager's silence.
public struct Silence: Hashable, Sendable {
    /// Where a silence is in its life.
    public enum State: String, Hashable, Sendable { case pending, active, expired }

    /// A UUID that the shell made.
    public let id: String
    /// An alert matches all of them.
    public let matchers: [Matcher]
    /// From here on it is active.
    public internal(set) var startsAt: Timestamp
    /// From here on it is expired.
    public internal(set) var endsAt: Timestamp
    /// The last change.
    public internal(set) var updatedAt: Timestamp
    /// Who.
    public internal(set) var createdBy: String
    /// Why.
    public internal(set) var comment: String

    /// One that nobody set: it follows from something else that is planned.
    public init(
        id: String, matchers: [Matcher], startsAt: Timestamp, endsAt: Timestamp,
        updatedAt: Timestamp, createdBy: String, comment: String
    ) {
        self.id = id
        self.matchers = matchers
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.updatedAt = updatedAt
        self.createdBy = createdBy
        self.comment = comment
    }

    /// Where it is at a time.
    public func state(at now: Timestamp) -> State {
        if now < startsAt { return .pending }
        return now < endsAt ? .active : .expired
    }
}

/// A silence as somebody asks for it.
public struct SilenceDraft: Hashable, Sendable {
    /// Of the silence it replaces; nil for a new one.
    public var replaces: String?
    /// At least one, and one that does not match the empty text.
    public var matchers: [Matcher]
    /// Now, when it is past.
    public var startsAt: Timestamp
    /// After `startsAt` and now.
    public var endsAt: Timestamp
    /// Who.
    public var createdBy: String
    /// Why.
    public var comment: String

    /// As it came.
    public init(
        replaces: String?, matchers: [Matcher], startsAt: Timestamp, endsAt: Timestamp,
        createdBy: String, comment: String
    ) {
        self.replaces = replaces
        self.matchers = matchers
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.createdBy = createdBy
        self.comment = comment
    }
}

/// Why a silence was not taken.
public enum SilenceFault: Error, Hashable, Sendable {
    case notFound(id: String)
    case noMatcher
    case matchesEverything
    case badPattern(matcher: String)
    case endsBeforeItStarts
    case endsInThePast
    case tooLarge(bytesMax: Int)
    case full(max: Int)
    case expired(id: String)
    /// It follows from a maintenance window, which is a file.
    case planned(id: String)
}

extension SilenceFault: CustomStringConvertible {
    /// What is wrong, and what was expected.
    public var description: String {
        switch self {
        case .notFound(let id): "silence \(id) not found"
        case .noMatcher: "a silence without matchers; expected at least one"
        case .matchesEverything:
            "every matcher matches the empty text; expected one that does not"
        case .badPattern(let matcher): "the expression of \(matcher) does not compile"
        case .endsBeforeItStarts: "endsAt is not after startsAt"
        case .endsInThePast: "endsAt is past"
        case .tooLarge(let limit): "the silence is too large; expected at most \(limit) bytes"
        case .full(let max): "there are \(max) silences already; expire some"
        case .expired(let id): "silence \(id) already expired"
        case .planned(let id):
            "silence \(id) is a maintenance window; change the file that plans it"
        }
    }
}

extension Silence {
    func archived(_ archive: inout Archive) -> Silence {
        var id = id
        var read = matchers
        var copy = self
        archive.field(&id)
        archive.matchers(&read)
        archive.time(&copy.startsAt)
        archive.time(&copy.endsAt)
        archive.time(&copy.updatedAt)
        archive.field(&copy.createdBy)
        archive.field(&copy.comment)
        guard archive.isReading else { return self }
        if read.isEmpty { archive.fail() }
        return Silence(
            id: id, matchers: read, startsAt: copy.startsAt, endsAt: copy.endsAt,
            updatedAt: copy.updatedAt, createdBy: copy.createdBy, comment: copy.comment)
    }

    /// To read into.
    static let blank = Silence(
        id: "", matchers: [], startsAt: .distantPast, endsAt: .distantPast,
        updatedAt: .distantPast, createdBy: "", comment: "")
}
