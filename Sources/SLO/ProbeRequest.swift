public import Model

/// What a probe asks, and which answer is good.
public struct ProbeRequest: Hashable, Sendable {
    public var url: String
    public var method = "GET"
    public var headers: [Header] = []
    /// Good ones.
    public var status: ClosedRange<Int> = 200...299
    public var timeout = TimeSpan.seconds(10)
    /// In lower-case hexadecimal digits: what the whole body must hash to.
    public var sha256: String?
    /// What the body, or for HEAD the announced one, must measure.
    public var size: Int?
    /// Text that the body must hold.
    public var contains: String?
    /// A longer body is a bad answer and is not read on.
    public var bodyMax = 64 << 20

    /// The most a body may be configured to measure.
    public static let bodyMaxMax = 4 << 30

    /// One request header.
    public struct Header: Hashable, Sendable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(url: String) { self.url = url }
}

/// How a probe ended.
public enum ProbeOutcome: UInt8, CaseIterable, Hashable, Sendable {
    case good = 0
    /// It could not be reached, or the connection failed.
    case unreachable
    case tls
    case timedOut
    /// Another status than those that are good.
    case badStatus
    /// The body is another than it should be.
    case wrongHash
    case wrongSize
    case missingText
    case tooLarge
    /// The agent could not ask: says nothing of the service.
    case notAsked

    /// For the API and metrics.
    public var word: String {
        switch self {
        case .good: "good"
        case .unreachable: "unreachable"
        case .tls: "tls"
        case .timedOut: "timed_out"
        case .badStatus: "bad_status"
        case .wrongHash: "wrong_hash"
        case .wrongSize: "wrong_size"
        case .missingText: "missing_text"
        case .tooLarge: "too_large"
        case .notAsked: "not_asked"
        }
    }
}
