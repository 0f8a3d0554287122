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

    // RFC 4231, test cases 1 and 6; RFC 4648 §10.
    @Test func signsAsTheStandardsSay() {
        #expect(
            hexadecimalText(
                hmacSHA256(key: [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8)))
                == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
        let long = "Test Using Larger Than Block-Size Key - Hash Key First"
        #expect(
            hexadecimalText(
                hmacSHA256(key: [UInt8](repeating: 0xaa, count: 131), Array(long.utf8)))
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        let words = ["", "f", "fo", "foo", "foob", "fooba", "foobar"]
        #expect(
            words.map { base64(Array($0.utf8)) } == [
                "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy",
            ])
        for word in words { #expect(base64Decoded(base64(Array(word.utf8))) == Array(word.utf8)) }
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
            hmacSHA256(key: Array(key.utf8), Array(text.utf8))
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
                "webhook-signature": "v1,\(base64(mac("new", "id.5.body"))) "
                    + "v1,\(base64(mac("old", "id.5.body")))",
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
