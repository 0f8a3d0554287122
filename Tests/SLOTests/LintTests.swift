import Model
import SLO
import Testing
import Text

/// What `pitot check` says of definitions that are well formed.
@Suite struct LintTests {
    private func findings(_ slos: String..., service: String = "s") -> [String] {
        let yaml =
            "apiVersion: pitot/v1\nkind: SLOs\nservice: \(service)\nslos:\n"
            + slos.map { "  - \($0)\n" }.joined()
        let file = reading(yaml)
        #expect(file.diagnostics.filter { $0.severity == .error } == [])
        return SLOLint.findings(file.definitions).map(\.description)
    }

    private static let sli = "sli: {events: {bad: errors, total: requests}}"

    @Test func aSoundFileIsClean() {
        #expect(findings("{name: a, objective: 99.9, \(Self.sli)}") == [])
        #expect(
            findings(
                #"{name: a, objective: 99, by: [ns], sli: {events: "#
                    + #"{bad: 'r{job="x", code=~"5.."}', total: 'r{job="x"}'}}}"#) == [])
    }

    @Test func anAlertThatCanNeverFireIsNamed() {
        #expect(
            findings("{name: a, objective: 93, \(Self.sli)}")
                == [
                    "slo.yaml:5:5: warning: the page alert over 1h above 14.40 can never fire: "
                        + "with an objective of 93.000 % a total outage burns at 14.29 (a higher "
                        + "objective, or switch the tier off)"
                ])
        // 14.4 x (1 - 93.06 %) is just below one.
        #expect(findings("{name: a, objective: 93.06, \(Self.sli)}") == [])
        #expect(findings("{name: a, objective: 50, \(Self.sli)}").count == 3)
        #expect(
            findings("{name: a, objective: 50, \(Self.sli), alerts: {page: {enabled: false}}}")
                .count
                == 1)
    }

    @Test func badEventsOutsideTheTotalAreNamed() {
        let slo =
            #"{name: a, objective: 99, sli: {events: {bad: 'r{code=~"5.."}', "#
            + #"total: 'r{job="x", path=~"/v1.*"}'}}}"#
        let found = findings(slo)
        #expect(found.count == 2)
        #expect(found.first?.contains(#""bad" is no part of "total": it lacks job="x";"#) == true)
        #expect(found.last?.contains(#"it lacks path=~"/v1.*";"#) == true)
        let fixed =
            #"{name: a, objective: 99, sli: {events: {bad: 'r{job="x", path="/v1/a"}', "#
            + #"total: 'r{job="x", path=~"/v1.*"}'}}}"#
        #expect(findings(fixed) == [])
    }

    @Test func oneExpressionMayLieWithinAnother() {
        let slo =
            #"{name: a, objective: 99, sli: {events: {bad: 'r{code=~"5.."}', "#
            + #"total: 'r{code!~"4.."}'}}}"#
        #expect(findings(slo) == [])
    }

    @Test func groupsThatAreWhollyGoodOrBadAreNamed() {
        let slo =
            #"{name: a, objective: 99, by: [code], sli: {events: "#
            + #"{bad: 'r{code=~"5.."}', total: r}}}"#
        #expect(findings(slo).first?.contains(#""by" has "code", by which "bad" is told"#) == true)
    }

    @Test func bucketsAreNoGroups() {
        let slo =
            "{name: a, objective: 99, by: [le], sli: {latency: {histogram: x_seconds, below: 1s}}}"
        #expect(findings(slo).first?.contains(#""by" has "le", the label of buckets"#) == true)
    }

    @Test func twoSLOsOfTheSameEventsAreNamed() {
        #expect(
            findings(
                "{name: a, objective: 99, \(Self.sli)}", "{name: b, objective: 99.9, \(Self.sli)}")
                == [
                    "slo.yaml:6:5: warning: s/b counts the same events as s/a (the other is at "
                        + "slo.yaml:5:5; one incident alerts twice)"
                ])
        #expect(
            findings(
                "{name: a, objective: 99, \(Self.sli)}",
                "{name: b, objective: 99, by: [x], \(Self.sli)}") == [])
    }

    private func composite(_ name: String, _ of: String, _ more: String = "") -> String {
        "{name: \(name), objective: 99, \(more)sli: {composite: {of: [\(of)]}}}"
    }

    @Test func aMemberMustExist() {
        let found = findings(
            "{name: cart, objective: 99, \(Self.sli)}", composite("all", "{slo: s/crat}"))
        #expect(
            found == [
                "slo.yaml:6:5: there is no SLO s/crat; expected service/name of another SLO (did "
                    + "you mean \"s/cart\"?)"
            ])
    }

    @Test func aCompositeIsNoMemberOfItself() {
        let found = findings(
            composite("a", "{slo: s/b}"), composite("b", "{slo: s/c}"),
            composite("c", "{slo: s/a}"),
            composite("d", "{slo: s/a}, {slo: s/b}"))
        #expect(
            found == [
                "slo.yaml:5:5: the composite is a member of itself: s/a -> s/b -> s/c -> s/a",
                "slo.yaml:6:5: the composite is a member of itself: s/b -> s/c -> s/a -> s/b",
                "slo.yaml:7:5: the composite is a member of itself: s/c -> s/a -> s/b -> s/c",
            ])
        #expect(findings(composite("a", "{slo: s/a}")).count == 1)
    }

    @Test func membersAreSplitByTheCompositesLabels() {
        let found = findings(
            "{name: cart, objective: 99, by: [ns], \(Self.sli)}",
            composite("all", "{slo: s/cart}", "by: [ns, pod], "))
        #expect(found.first?.contains(#""by" has "pod", which s/cart is not split by"#) == true)
    }

    @Test func windowsOfLessThanTwoScrapesAreNamed() throws {
        let one = try definition()
        #expect(SLOLint.narrowWindows(one, interval: .minutes(2)) == [])
        #expect(SLOLint.narrowWindows(one, interval: .minutes(3)).count == 1)
        #expect(
            SLOLint.narrowWindows(one, interval: .minutes(20)).last
                == "the page alert over 6h looks at 30m, which is less than two intervals of 20m: "
                + "it may find no event there")
    }
}
