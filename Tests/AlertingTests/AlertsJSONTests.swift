import Model
import Testing
import Text

@testable import Alerting

@Suite struct AlertsJSONTests {
    @Test func listsPendingAndFiringInPrometheusShape() {
        var book = AlertBook()
        let details = AlertDetails(
            annotations: [("summary", "burning \"14.4x\""), ("a", "1")], value: 15.5)
        _ = book.observe(
            .breaching, of: key("Burn", ("slo", "x")), details: details, hold: .zero, at: at(0),
            now: at(0))
        _ = book.observe(
            .breaching, of: key("Wait"), details: AlertDetails(), hold: .seconds(60),
            at: at(0) + .milliseconds(250), now: at(1))
        _ = book.observe(
            .breaching, of: key("Gone"), details: AlertDetails(), hold: .zero, at: at(0),
            now: at(0))
        _ = book.resolve(key("Gone"), reason: .ruleRemoved, at: at(1), now: at(1))
        var json = JSONWriter()
        book.writeAlerts(into: &json)
        let burn =
            #"{"labels":{"alertname":"Burn","slo":"x"},"#
            + #""annotations":{"a":"1","summary":"burning \"14.4x\""},"state":"firing","#
            + #""activeAt":"2026-11-23T16:15:25Z","value":"1.55e+01"}"#
        let wait =
            #"{"labels":{"alertname":"Wait"},"annotations":{},"state":"pending","#
            + #""activeAt":"2026-11-23T16:15:25.25Z","value":"1e+00"}"#
        #expect(json.text == #"{"status":"success","data":{"alerts":[\#(burn),\#(wait)]}}"#)
    }

    @Test func anEmptyBookIsAnEmptyList() {
        var json = JSONWriter()
        AlertBook().writeAlerts(into: &json)
        #expect(json.text == #"{"status":"success","data":{"alerts":[]}}"#)
    }

    // By hand from Go's rule for 'e' and -1: shortest digits, sign, at least two exponent digits.
    @Test(arguments: [
        (1.0, "1e+00"), (0.0, "0e+00"), (-0.0, "-0e+00"), (10.0, "1e+01"), (-1.5, "-1.5e+00"),
        (0.1, "1e-01"), (14.4, "1.44e+01"), (123456.789, "1.23456789e+05"), (0.00012, "1.2e-04"),
        (1e-5, "1e-05"), (1.25e-7, "1.25e-07"), (1e16, "1e+16"), (1e21, "1e+21"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
        (Double.leastNonzeroMagnitude, "5e-324"),
        (2.2250738585072014e-308, "2.2250738585072014e-308"), (100000.0, "1e+05"),
        (0.1 + 0.2, "3.0000000000000004e-01"), (9007199254740993.0, "9.007199254740992e+15"),
        (Double.nan, "NaN"), (Double.infinity, "+Inf"), (-Double.infinity, "-Inf"),
    ])
    func printsNumbersAsGoDoes(_ value: Double, _ text: String) {
        #expect(goExponentText(value) == text)
    }

    @Test func whatItPrintsReadsBackAsTheSameNumber() {
        var generator = SeededGenerator(state: 7)
        for _ in 0..<5000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            #expect(Double(goExponentText(value)) == value)
        }
    }

    @Test func printsTimesAsGoAndStrfmtDo() {
        #expect(goText(at(0)) == "2026-11-23T16:15:25Z")
        #expect(goText(at(0) + .milliseconds(50)) == "2026-11-23T16:15:25.05Z")
        #expect(millisText(at(0)) == "2026-11-23T16:15:25.000Z")
        #expect(millisText(at(0) + .milliseconds(50)) == "2026-11-23T16:15:25.050Z")
    }
}
