import Model
import Testing

@testable import Alerting

@Suite struct MailTests {
    private func mail(_ change: (inout EmailSettings) -> Void = { _ in }) -> OutboxRequest? {
        var settings = EmailSettings(to: "A <a@x.org>, b@y.org")
        settings.from = "Pitot <p@x.org>"
        settings.smarthost = "mail:587"
        change(&settings)
        return ReceiverWorld().requests(.email(settings)).first
    }

    private func lines(_ request: OutboxRequest?) -> [String] {
        String(decoding: request?.body ?? [], as: UTF8.self).replacing("\r\n", with: "\n")
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test func isAMessageWithAKeyAsItsName() {
        let made = lines(mail())
        #expect(made[0] == "From: Pitot <p@x.org>")
        #expect(made[1] == "To: A <a@x.org>, b@y.org")
        #expect(made[2] == "Subject: [FIRING:1] Big (10000)")
        #expect(made.contains("Message-ID: <key@x.org>"))
        #expect(made.contains("Date: Mon, 23 Nov 2026 16:16:25 +0000"))
        #expect(made.contains("Content-Type: text/html; charset=UTF-8"))
        #expect(mail()?.mail?.recipients == ["a@x.org", "b@y.org"])
        #expect(mail()?.url.shown == "smtp://mail:587/localhost")
        #expect(mail { $0.smarthost = "mail:465" }?.url.shown == "smtps://mail:465/localhost")
    }

    @Test func noValueCanAddAHeader() {
        let made = lines(
            mail {
                $0.headers = [
                    PagerDutySettings.Detail("Subject", "a\r\nBcc: evil@x"),
                    PagerDutySettings.Detail("X: y\r\nZ", "b\nc"),
                ]
                $0.from = "p@x.org\r\nCc: evil@x"
            })
        let head = made.prefix { !$0.isEmpty }
        #expect(!head.contains { $0.hasPrefix("Bcc") || $0.hasPrefix("Cc") || $0.hasPrefix("Z") })
        #expect(head.contains("Subject: a  Bcc: evil@x"))
        #expect(head.contains("XyZ: b c"))
    }

    @Test func everyByteIsASCIIAndEveryLineShort() {
        let made = lines(
            mail {
                $0.headers = [PagerDutySettings.Detail("Subject", "Zürich ≥ 99 % " + "ü" * 200)]
                $0.text = "größer\n.\n" + "日本語" * 100 + " \nend "
            })
        for line in made {
            #expect(line.utf8.count <= 78)
            #expect(line.utf8.allSatisfy { $0 < 128 })
            #expect(line != ".")
        }
        #expect(made.contains("gr=C3=B6=C3=9Fer"))
        #expect(made.contains("=2E"))
        #expect(made.contains("end=20"))
        #expect(made.contains { $0.hasPrefix("Subject: =?UTF-8?B?") })
    }

    @Test func htmlIsEscapedAndTextIsNot() {
        let labels = "{{ .GroupLabels.alertname }}<{{ \"a&b\" }}>"
        let body = lines(
            mail {
                $0.html = labels
                $0.text = labels
            }
        ).joined(separator: "\n")
        #expect(body.contains("Big<a&amp;b>"))
        #expect(body.contains("Big<a&b>"))
    }

    @Test func isForNobodyWithoutAnAddress() {
        #expect(mail { $0.to = "nobody" } == nil)
        #expect(EmailMessage.addresses("\"A, B\" <c@d>, e@f,,<g@h>") == ["c@d", "e@f", "g@h"])
    }
}

private func * (text: String, count: Int) -> String { String(repeating: text, count: count) }
