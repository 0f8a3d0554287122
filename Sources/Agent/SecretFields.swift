import Alerting
import Text

// Secrets of a configuration. `serve` takes them out before anything keeps the configuration
// (`withholdingSecrets`) and leaves their names; a command reads them as they stand.

/// What stands for a secret that was taken out.
enum SecretMark {
    static let prefix = "pitot-secret:"
    /// Behind the name of what should have been an address.
    static let noAddress = " (no address)"

    static func source(_ text: String) -> SecretSource {
        text.hasPrefix(prefix) ? .named(String(text.dropFirst(prefix.count))) : .given(text)
    }
}

extension FieldReader {
    /// A secret, inline or in a file; nil when absent.
    mutating func secret(_ key: String, _ fileKeys: [String]) -> SecretSource? {
        var found: [SecretSource] = []
        if let text = optionalString(key) { found.append(SecretMark.source(text)) }
        for fileKey in fileKeys {
            guard let path = optionalString(fileKey) else { continue }
            if path.isEmpty {
                fail(at: position(of: fileKey), "\(fileKey) is empty", expected: "a path")
            }
            found.append(.file(path))
        }
        if found.count > 1, let fileKey = fileKeys.first {
            fail(
                at: position(of: fileKey), "both \(key) and \(fileKey)", expected: "one of them")
        }
        return found.first
    }

    /// An address that is a secret, inline or in a file.
    mutating func secretURL(_ key: String, _ fileKeys: [String]) -> SecretText? {
        guard let source = secret(key, fileKeys) else { return nil }
        var isAddress = true
        switch source {
        case .given(let text): isAddress = isHTTP(text)
        case .named(let name): isAddress = !name.hasSuffix(SecretMark.noAddress)
        case .file: break
        }
        if !isAddress {
            fail(
                at: position(of: key), "\(key) is no address",
                expected: "http:// or https:// and a host")
        }
        return SecretText(source)
    }

    /// An address without secrets.
    mutating func plainURL(_ key: String) -> String? {
        guard let text = optionalString(key) else { return nil }
        if !isHTTP(text) {
            fail(
                at: position(of: key), "\"\(text)\" is no address",
                expected: "http:// or https:// and a host")
        }
        return text
    }
}

extension ConfigurationFiles {
    private static let secretKeys: Set<String> = [
        "slack_api_url", "slack_app_token", "app_token", "routing_key", "service_key", "api_key",
        "opsgenie_api_key", "password", "auth_password", "auth_secret", "smtp_auth_password",
        "smtp_auth_secret", "credentials", "bearer_token", "webhook_url", "secret",
        "previous_secret", "proxy_url", "api_url", "client_secret", "bot_token", "token",
    ]
    private static let addressKeys: Set<String> = [
        "slack_api_url", "webhook_url", "proxy_url", "api_url", "url",
    ]

    /// The same files with names in place of the secrets that stand in the configuration, and the
    /// secrets by these names. What is no YAML stays: it will be refused.
    public func withholdingSecrets() -> (files: ConfigurationFiles, secrets: [String: String]) {
        guard let config,
            let root = (try? YAML.parse(config.bytes, file: config.path))?.first
        else { return (self, [:]) }
        let names = (root["receivers"]?.elements ?? []).map { $0["name"]?.asString ?? "" }
        var secrets: [String: String] = [:]
        let bytes = try? YAML.replacingScalars(config.bytes, file: config.path) { path, text in
            guard Self.isSecret(path), !text.isEmpty else { return nil }
            var name = Self.name(of: path, receivers: names)
            if case .key(let key)? = path.last, Self.addressKeys.contains(key), !isHTTP(text) {
                name += SecretMark.noAddress
            }
            secrets[name] = text
            return SecretMark.prefix + name
        }
        guard let bytes else { return (self, [:]) }
        return (
            ConfigurationFiles(
                config: SourceFile(path: config.path, bytes: bytes), rules: rules, zones: zones,
                baselines: baselines, templates: templates), secrets
        )
    }

    private static func isSecret(_ path: [YAMLStep]) -> Bool {
        guard case .key(let section)? = path.first, case .key(let key)? = path.last,
            section == "global" || section == "receivers"
        else { return false }
        let outer = path.dropLast()
        func within(_ name: String) -> Bool { path.contains(.key(name)) }
        if outer.last == .key("headers") || outer.last == .key("http_headers") {
            return within("webhook_configs") && isSecretHeader(key)
        }
        if key == "url" {
            // Not of a Slack action or a PagerDuty event.
            guard case .index? = outer.last else { return false }
            let list = outer.dropLast().last
            return list == .key("webhook_configs") || list == .key("googlechat_configs")
        }
        if key == "api_url" { return within("slack_configs") }
        return secretKeys.contains(key)
    }

    static func isSecretHeader(_ name: String) -> Bool {
        let name = name.lowercased()
        return ["auth", "token", "key", "secret", "cookie"].contains { name.contains($0) }
    }

    /// By the receiver's name, so that receivers may change places.
    private static func name(of path: [YAMLStep], receivers: [String]) -> String {
        path.enumerated().map { place, step in
            switch step {
            case .key(let key): key
            case .index(let index):
                place == 1 && path.first == .key("receivers") && receivers.indices.contains(index)
                    ? receivers[index] : String(index)
            }
        }.joined(separator: "/")
    }
}
