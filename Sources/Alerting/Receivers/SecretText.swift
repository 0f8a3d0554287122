public import Model

// Texts with secrets in them. What decides, logs and checkpoints holds only the secrets' names;
// the shell puts the values in when a request leaves, so a changed file counts at once and nothing
// that is written down contains one.

/// Where a secret is to be found.
public enum SecretSource: Hashable, Sendable {
    /// Known by this name to whoever took it out of the configuration.
    case named(String)
    /// The content of a file, without the space around it.
    case file(String)
    /// The text itself: only where a configuration was read as it stands, by a command.
    case given(String)
}

/// A text with named secrets where values will be.
public struct SecretText: Hashable, Sendable, ExpressibleByStringLiteral {
    /// A part of the text.
    public enum Piece: Hashable, Sendable {
        case text(String)
        case secret(SecretSource)
        /// The secret as the content of a JSON string.
        case quoted(SecretSource)
        /// `user:password` in Base64, as `Authorization: Basic` has it.
        case basic(user: String, password: SecretSource)
    }

    /// In their order.
    public private(set) var pieces: [Piece]

    /// A text of these parts.
    public init(_ pieces: [Piece]) { self.pieces = pieces }
    /// A text without secrets.
    public init(_ text: String) { pieces = text.isEmpty ? [] : [.text(text)] }
    /// A text without secrets.
    public init(stringLiteral text: String) { self.init(text) }
    /// A secret and nothing else.
    public init(_ secret: SecretSource) { pieces = [.secret(secret)] }

    /// Whether there is nothing in it.
    public var isEmpty: Bool { pieces.isEmpty }

    /// The text with secrets left out, for people.
    public var shown: String {
        pieces.map { piece in
            if case .text(let text) = piece { text } else { "<secret>" }
        }.joined()
    }

    /// Both, one behind the other.
    public static func + (left: Self, right: Self) -> Self { Self(left.pieces + right.pieces) }

    /// The text with the values in it; the source of the first that cannot be found is thrown.
    public func revealed(
        by find: (SecretSource) -> String?
    ) throws(SecretFault) -> String {
        var out = ""
        for piece in pieces {
            switch piece {
            case .text(let text): out += text
            case .secret(let source): out += try Self.value(source, find)
            case .quoted(let source): out += quotedContent(try Self.value(source, find))
            case .basic(let user, let password):
                out += Base64.encoded(Array("\(user):\(try Self.value(password, find))".utf8))
            }
        }
        return out
    }

    private static func value(
        _ source: SecretSource, _ find: (SecretSource) -> String?
    ) throws(SecretFault) -> String {
        if case .given(let text) = source { return text }
        guard let value = find(source) else { throw SecretFault(source: source) }
        return value
    }
}

/// A secret that cannot be found now.
public struct SecretFault: Error, Hashable, Sendable {
    /// Where it should be.
    public let source: SecretSource

    /// Its name or path, for people.
    public var place: String {
        switch source {
        case .named(let name): name
        case .file(let path): path
        case .given: "the configuration"
        }
    }
}

extension SecretText: Archivable {
    /// To read into.
    public static let blank = SecretText([])

    /// Its parts.
    public mutating func archive(_ archive: inout Archive) {
        archive.array(&pieces, blank: .text("")) { $0.piece(&$1) }
    }
}

extension Archive {
    fileprivate mutating func piece(_ piece: inout SecretText.Piece) {
        var tag: UInt8 = 0
        var text = ""
        var source = SecretSource.given("")
        switch piece {
        case .text(let known): (tag, text) = (0, known)
        case .secret(let known): (tag, source) = (1, known)
        case .quoted(let known): (tag, source) = (2, known)
        case .basic(let user, let known): (tag, text, source) = (3, user, known)
        }
        field(&tag)
        field(&text)
        if tag > 0 { secret(&source) }
        switch tag {
        case 0: piece = .text(text)
        case 1: piece = .secret(source)
        case 2: piece = .quoted(source)
        case 3: piece = .basic(user: text, password: source)
        default: fail()
        }
    }

    /// Where a secret is; the value of a given one is not written.
    mutating func secret(_ source: inout SecretSource) {
        var tag: UInt8
        var text = ""
        switch source {
        case .named(let name): (tag, text) = (0, name)
        case .file(let path): (tag, text) = (1, path)
        case .given: tag = 2
        }
        field(&tag)
        field(&text)
        switch tag {
        case 0: source = .named(text)
        case 1: source = .file(text)
        case 2: source = isReading ? .named("") : source
        default: fail()
        }
    }
}
