public import Model

/// The signature of an MLflow webhook, scheme `v1`: the HMAC-SHA256 of
/// "<delivery id>.<timestamp>.<body>", in base64 behind "v1,".
public struct MLflowSignature: Sendable {
    /// How far the time of a webhook may be from the clock.
    public static let toleranceSeconds: Int64 = 300

    /// `X-MLflow-Delivery-Id`, `X-MLflow-Timestamp` and `X-MLflow-Signature`.
    public var delivery: String
    public var timestamp: String
    public var signature: String

    /// The three headers, empty for those that are missing.
    public init(delivery: String, timestamp: String, signature: String) {
        self.delivery = delivery
        self.timestamp = timestamp
        self.signature = signature
    }

    /// Why a body was not signed with a secret just now; nil when it was. O(bytes).
    public func fault(of body: [UInt8], secret: [UInt8], at now: Timestamp) -> String? {
        guard let seconds = Int64(timestamp) else {
            return "X-MLflow-Timestamp is missing or no number"
        }
        let (ahead, overflow) = seconds.subtractingReportingOverflow(now.millis / 1000)
        if overflow || ahead.magnitude > UInt64(Self.toleranceSeconds) {
            return "X-MLflow-Timestamp is more than 5 minutes from the clock"
        }
        let message = Array((delivery + "." + timestamp + ".").utf8) + body
        let expected = HMAC.sha256(message, key: secret)
        // While a secret is changed there may be more than one.
        for part in signature.split(separator: " ").prefix(8) where part.hasPrefix("v1,") {
            let given = Array(part.utf8.dropFirst(3))
            if let bytes = Base64.decoded(given), HMAC.areEqual(bytes, expected) { return nil }
        }
        return signature.isEmpty
            ? "X-MLflow-Signature is missing" : "X-MLflow-Signature is not of this body and secret"
    }
}
