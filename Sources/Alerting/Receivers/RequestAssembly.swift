public import Model

// What is known only when a request leaves: secrets, the time, the signature over both.

/// A request as it goes over the wire.
public struct AssembledRequest: Hashable, Sendable {
    /// Where to.
    public var url: String
    /// `Content-Type` included.
    public var headers: [(name: String, value: String)]
    /// All of it.
    public var body: [UInt8]
    /// Of the mail server's login; empty for none.
    public var password = ""
    /// Empty for none.
    public var proxyURL = ""

    /// Compared by what is sent.
    public static func == (left: Self, right: Self) -> Bool {
        left.url == right.url && left.body == right.body
            && left.headers.elementsEqual(right.headers) { $0 == $1 }
    }

    /// By address and body.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(url)
        hasher.combine(body)
    }
}

extension Delivery {
    /// The request, with secrets as `find` knows them now.
    public func assembled(
        at now: Timestamp, find: (SecretSource) -> String?
    ) throws(SecretFault) -> AssembledRequest {
        let whole = opening.isEmpty ? body : Array(try opening.revealed(by: find).utf8) + body
        var request = AssembledRequest(
            url: try url.revealed(by: find), headers: [("Content-Type", contentType)],
            body: whole)
        for header in headers {
            request.headers.append((header.name, oneLine(try header.value.revealed(by: find))))
        }
        if let authorization = http.authorization {
            request.headers.append(("Authorization", oneLine(try authorization.revealed(by: find))))
        }
        request.proxyURL = try http.proxyURL.revealed(by: find)
        if let mail { request.password = try mail.password.revealed(by: find) }
        if let signing {
            request.headers += try signing.headers(over: whole, key: key, at: now, find)
        }
        return request
    }
}

extension SigningSettings {
    /// The signature of a body, by the key and the one before it.
    func headers(
        over body: [UInt8], key id: String, at now: Timestamp,
        _ find: (SecretSource) -> String?
    ) throws(SecretFault) -> [(name: String, value: String)] {
        var secrets = [try SecretText(secret).revealed(by: find)]
        if let previousSecret { secrets.append(try SecretText(previousSecret).revealed(by: find)) }
        let seconds = String(now.millis / 1000)
        switch scheme {
        case .github:
            return named(secrets, header.isEmpty ? "X-Hub-Signature-256" : header) { secret in
                "sha256=" + hexadecimalText(HMAC.sha256(body, key: Array(secret.utf8)))
            }
        case .grafana:
            let isTimed = !timestampHeader.isEmpty
            let signed = isTimed ? Array("\(seconds):".utf8) + body : body
            let name = header.isEmpty ? "X-Grafana-Alerting-Signature" : header
            return named(secrets, name) { secret in
                hexadecimalText(HMAC.sha256(signed, key: Array(secret.utf8)))
            } + (isTimed ? [(timestampHeader, seconds)] : [])
        case .standardWebhooks:
            let signed = Array("\(id).\(seconds).".utf8) + body
            let signatures = secrets.map { secret in
                "v1," + Base64.encoded(HMAC.sha256(signed, key: Self.key(of: secret)))
            }
            return [
                ("webhook-id", id), ("webhook-timestamp", seconds),
                ("webhook-signature", signatures.joined(separator: " ")),
            ]
        }
    }

    /// Standard Webhooks' secrets are Base64 behind `whsec_`, with or without padding.
    private static func key(of secret: String) -> [UInt8] {
        guard secret.hasPrefix("whsec_") else { return Array(secret.utf8) }
        var text = Array(secret.utf8.dropFirst(6))
        while text.count % 4 > 0 { text.append(UInt8(ascii: "=")) }
        return Base64.decoded(text) ?? Array(secret.utf8)
    }

    /// The scheme knows one signature a header: the previous key's stands in one beside it.
    private func named(
        _ secrets: [String], _ header: String, _ sign: (String) -> String
    ) -> [(name: String, value: String)] {
        secrets.enumerated().map { index, secret in
            (index == 0 ? header : header + "-Previous", sign(secret))
        }
    }
}
