import Agent
import Alerting
import Testing

@testable import Server

@Suite struct SecretVaultTests {
    private func files(_ key: String, _ other: String = "a") -> ConfigurationFiles {
        let text =
            "externalURL: \(other)\nreceivers:\n  - name: p\n    pagerduty_configs:\n"
            + "      - routing_key: \(key)\n"
        return ConfigurationFiles(
            config: SourceFile(path: "c", bytes: Array(text.utf8)), rules: [])
    }

    private let key = SecretSource.named("receivers/p/pagerduty_configs/0/routing_key")

    @Test func theSecretsOfTheConfigurationInForceAreFound() {
        let vault = SecretVault()
        let first = vault.withhold(files("one"))
        #expect(vault.find(key) == nil)
        vault.use(first)
        #expect(vault.find(key) == "one")
        // Offered and refused: what is in force stays, however many there are.
        for number in 0..<20 { _ = vault.withhold(files("other", "b\(number)")) }
        #expect(vault.find(key) == "one")
        // Only the secret has changed: the configuration is the same, so it counts at once.
        #expect(vault.withhold(files("two")) == first)
        #expect(vault.find(key) == "two")
    }

    @Test func aFileIsReadEachTimeAndTrimmed() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("secret")
        let vault = SecretVault()
        #expect(vault.find(.file(path)) == nil)
        try folder.write("secret", " one\n")
        #expect(vault.find(.file(path)) == "one")
        try folder.write("secret", "two")
        #expect(vault.find(.file(path)) == "two")
        try folder.write("secret", "")
        #expect(vault.find(.file(path)) == nil)
    }
}
