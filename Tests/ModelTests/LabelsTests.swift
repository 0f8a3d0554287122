import Model
import Testing

@Suite struct LabelsTests {
    private let labels = Labels([("severity", "page"), ("alertname", "Burn"), ("empty", "")])

    @Test func labelsAreSortedAndEmptyValuesDropped() {
        #expect(labels.pairs.map(\.name) == ["alertname", "severity"])
        let text = "\u{9}alertname\u{4}Burn\u{8}severity\u{4}page"
        #expect(labels.bytes == Array(text.utf8))
        #expect(labels == Labels([("alertname", "Burn"), ("severity", "page")]))
        #expect(Labels([("a", "")]) == .empty && Labels.empty.isEmpty)
    }

    @Test func theLastOfEqualNamesWins() {
        #expect(Labels([("a", "1"), ("a", "2")]) == Labels([("a", "2")]))
        #expect(Labels([("a", "1"), ("a", "")]) == .empty)
    }

    /// Equal as Swift strings, different names to Prometheus and to the wire.
    @Test func namesAreToldApartByTheirBytes() {
        let both = Labels([("e\u{301}", "1"), ("\u{e9}", "2")])
        #expect(both.pairs.map(\.value) == ["1", "2"])
        #expect(both["e\u{301}"] == "1" && both["\u{e9}"] == "2")
        #expect(both.merging(Labels([("x", "3")])).pairs.count == 3)
        #expect(both.keeping(["\u{e9}"]) == Labels([("\u{e9}", "2")]))
    }

    @Test func aLabelIsFoundByItsWholeName() {
        #expect(labels["alertname"] == "Burn")
        #expect(labels["alert"] == nil && labels["empty"] == nil && labels[""] == nil)
    }

    @Test func mergingPutsTheOthersOnTop() {
        let merged = labels.merging(Labels([("severity", "ticket"), ("slo", "a")]))
        #expect(merged == Labels([("alertname", "Burn"), ("severity", "ticket"), ("slo", "a")]))
        #expect(labels.keeping(["severity", "none"]) == Labels([("severity", "page")]))
    }

    @Test func longTextsKeepTheirLength() {
        let long = String(repeating: "x", count: 5000)
        #expect(Labels([(long, long)])[long] == long)
    }

    /// What Alertmanager 0.25 calls the alert in its API.
    @Test func theFingerprintIsAlertmanagers() {
        let alert = Labels([
            ("slo", "fraud-availability"), ("alertname", "ErrorBudgetBurn"),
            ("namespace", "team-a"), ("severity", "page"),
        ])
        #expect(hexadecimal(alert.fingerprint) == "ce62c109d98a5728")
        #expect(hexadecimal(Labels.empty.fingerprint) == "cbf29ce484222325")
        #expect(hexadecimal(0xab) == "00000000000000ab")
    }

    @Test(
        arguments: [
            ([("__name__", "up")], "up"), ([("__name__", "up"), ("a", "b")], #"up{a="b"}"#),
            ([("a", "b\"\\\nc"), ("b", "é")], #"{a="b\"\\\nc", b="é"}"#), ([], "{}"),
        ] as [([(String, String)], String)])
    func labelsPrintAsPrometheusWritesThem(pairs: [(String, String)], text: String) {
        #expect(Labels(pairs).description == text)
    }

    @Test func malformedBytesEndTheLabelsWithoutACrash() {
        let bytes = labels.bytes
        for length in 0..<bytes.count {
            let short = Labels(canonical: Array(bytes[..<length]))
            #expect(short.pairs.count <= 1)
            _ = short.fingerprint
        }
        #expect(
            Labels(canonical: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).pairs
                .isEmpty)
        #expect(Labels(canonical: [1, 0xff, 1, 0x61]).pairs.map(\.name) == ["\u{fffd}"])
    }

    @Test func theOrderIsTotalAndByBytes() {
        let sorted = [.empty, Labels([("a", "1")]), Labels([("a", "2")]), Labels([("bb", "1")])]
        #expect(sorted.reversed().sorted() == sorted)
    }
}
