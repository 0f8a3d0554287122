import Model
import Testing

@testable import Alerting

@Suite struct AnswerTests {
    private func slack(_ body: String, _ status: Int = 200) -> Outcome {
        ReceiverAnswer(status: status, body: Array(body.utf8)).outcome(by: .slack)
    }

    @Test func slackSaysNoWithStatus200() {
        #expect(
            slack(#"{"ok":true,"channel":"C1","ts":"12.5"}"#)
                == .posted(status: 200, reference: "C1 12.5"))
        #expect(slack(#"{"ok":true}"#) == .delivered(status: 200))
        #expect(
            slack(#"{"ok":false,"error":"channel_not_found"}"#)
                == .rejected(status: 200, word: "channel_not_found"))
        #expect(
            slack(#"{"ok":false,"error":"internal_error"}"#)
                == .refused(status: 503, retryAfter: nil))
        #expect(slack("<html>") == .rejected(status: 200, word: "no_json"))
        #expect(slack("", 429) == .refused(status: 429, retryAfter: nil))
    }

    @Test func noTextOfAnAnswerIsKeptThatMayBeASecret() {
        let key = "xoxb-SECRET"
        #expect(
            slack(#"{"ok":false,"error":"bad token \#(key)"}"#)
                == .rejected(status: 200, word: ""))
    }

    @Test(arguments: [(250, true), (421, false), (451, false)])
    func mailServersMeanTheirCodes(status: Int, isGood: Bool) {
        let outcome = ReceiverAnswer(status: status).outcome(by: .mail)
        #expect(
            outcome
                == (isGood
                    ? .delivered(status: 250) : .refused(status: 503, retryAfter: nil)))
        #expect(
            ReceiverAnswer(status: 550).outcome(by: .mail)
                == .rejected(status: 550, word: "mail_refused"))
    }

    @Test func threeSchemesOfSignatures() throws {
        func headers(_ change: (inout SigningSettings) -> Void) throws -> [String: String] {
            var signing = SigningSettings(scheme: .github, secret: .named("new"))
            change(&signing)
            let made = try signing.headers(
                over: Array("body".utf8), key: "id", at: Timestamp(millis: 5000)
            ) { source in source == .named("new") ? "new" : "old" }
            return Dictionary(uniqueKeysWithValues: made.map { ($0.name, $0.value) })
        }
        func mac(_ key: String, _ text: String) -> [UInt8] {
            HMAC.sha256(Array(text.utf8), key: Array(key.utf8))
        }
        #expect(
            try headers { $0.previousSecret = .named("old") } == [
                "X-Hub-Signature-256": "sha256=" + hexadecimalText(mac("new", "body")),
                "X-Hub-Signature-256-Previous": "sha256=" + hexadecimalText(mac("old", "body")),
            ])
        #expect(
            try headers {
                $0.scheme = .grafana
                $0.timestampHeader = "X-Time"
            } == [
                "X-Grafana-Alerting-Signature": hexadecimalText(mac("new", "5:body")),
                "X-Time": "5",
            ])
        #expect(
            try headers {
                $0.scheme = .standardWebhooks
                $0.previousSecret = .named("old")
            } == [
                "webhook-id": "id", "webhook-timestamp": "5",
                "webhook-signature": "v1,\(Base64.encoded(mac("new", "id.5.body"))) "
                    + "v1,\(Base64.encoded(mac("old", "id.5.body")))",
            ])
    }

    @Test func aSecretThatCannotBeReadIsAFault() {
        let text = SecretText([.text("a"), .secret(.file("/none"))])
        #expect(text.shown == "a<secret>")
        #expect(throws: SecretFault(source: .file("/none"))) {
            try text.revealed { _ in nil }
        }
    }
}
