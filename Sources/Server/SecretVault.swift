public import Agent
public import Alerting
import Model

// The only place that holds secrets: those taken out of the configuration, by name, and files, read
// each time one is needed, so that a rotated file counts at the next notification.

/// Finds secrets for requests that leave.
public final class SecretVault: Sendable {
    /// The longest secret.
    static let bytesMax = 64 << 10
    /// Configurations whose secrets are kept: the one in force and those being offered.
    private static let tablesMax = 4

    private struct State {
        /// By the digest of the configuration they were taken out of, the newest last.
        var tables: [(digest: String, secrets: [String: String])] = []
        var inForce = ""
    }

    private let state = Locked(State())

    /// An empty vault.
    public init() {}

    /// Takes the secrets out of files and keeps them.
    public func withhold(_ files: ConfigurationFiles) -> ConfigurationFiles {
        let (safe, secrets) = files.withholdingSecrets()
        let digest = Self.digest(safe)
        state.withLock { state in
            state.tables.removeAll { $0.digest == digest }
            state.tables.append((digest, secrets))
            while state.tables.count > Self.tablesMax,
                let oldest = state.tables.firstIndex(where: { $0.digest != state.inForce })
            {
                state.tables.remove(at: oldest)
            }
        }
        return safe
    }

    /// This configuration is in force now.
    public func use(_ files: ConfigurationFiles) {
        let digest = Self.digest(files)
        state.withLock { $0.inForce = digest }
    }

    /// A secret's value now; nil when it cannot be had.
    public func find(_ source: SecretSource) -> String? {
        switch source {
        case .given(let text): return text
        case .named(let name):
            return state.withLock { state in
                state.tables.first { $0.digest == state.inForce }?.secrets[name]
            }
        case .file(let path):
            guard let bytes = readFile(path, limit: Self.bytesMax) else { return nil }
            let text = String(decoding: bytes, as: UTF8.self)
            let trimmed = text.drop { $0.isWhitespace }
            guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { return nil }
            return String(trimmed[...last])
        }
    }

    private static func digest(_ files: ConfigurationFiles) -> String {
        SHA256.hexadecimal(files.config?.bytes ?? [])
    }
}
