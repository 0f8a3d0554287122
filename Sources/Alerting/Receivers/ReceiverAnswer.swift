public import Model
internal import Text

// What an answer means. Nothing of an answer's text is kept but words that can be no secret: a
// service may repeat a wrong key in its error.

/// An answer, as far as it is looked at.
public struct ReceiverAnswer: Sendable {
    /// The most bytes of a body that are looked at.
    public static let bodyBytesMax = 64 << 10

    /// Of HTTP, or a mail server's reply code.
    public var status: Int
    /// The beginning of the body.
    public var body: [UInt8]
    /// How long the receiver wants to be left alone.
    public var retryAfter: TimeSpan?

    /// An answer as it came.
    public init(status: Int, body: [UInt8] = [], retryAfter: TimeSpan? = nil) {
        self.status = status
        self.body = body
        self.retryAfter = retryAfter
    }

    /// What came of a request whose answers are read by a rule.
    public func outcome(by rule: AnswerRule) -> Outcome {
        switch rule {
        case .mail:
            // A mail server's 5xx is for good, unlike a web server's.
            if (200..<400).contains(status) { return .delivered(status: status) }
            if (500..<600).contains(status) {
                return .rejected(status: status, word: "mail_refused")
            }
            return .refused(status: 503, retryAfter: retryAfter)
        case .slack where status == 200: return slackOutcome
        case .status, .slack:
            if (200..<300).contains(status) { return .delivered(status: status) }
            return .refused(status: status, retryAfter: retryAfter)
        }
    }

    /// Errors of Slack that pass.
    private static let slackPasses = [
        "ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable",
        "request_timeout", "team_added_to_org",
    ]

    private var slackOutcome: Outcome {
        guard let answer = try? JSONValue.parse(body), let isGood = answer["ok"]?.asBool else {
            return .rejected(status: status, word: "no_json")
        }
        if isGood {
            guard let channel = answer["channel"]?.asString, let time = answer["ts"]?.asString,
                channel.utf8.count < 100, time.utf8.count < 100, !channel.contains(" ")
            else { return .delivered(status: status) }
            return .posted(status: status, reference: "\(channel) \(time)")
        }
        let word = Self.word(answer["error"]?.asString ?? "")
        if Self.slackPasses.contains(word) {
            return .refused(status: 503, retryAfter: retryAfter)
        }
        return .rejected(status: status, word: word)
    }

    /// A receiver's word for an error: small letters, digits and low lines; else nothing.
    static func word(_ text: String) -> String {
        let isWord = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "_")
        }
        return isWord && text.utf8.count <= 64 ? text : ""
    }
}
