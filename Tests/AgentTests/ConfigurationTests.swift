import Agent
import Alerting
import Ingest
import Model
import Query
import Testing
import Text

/// What people get wrong in `pitot.yaml` and across rule files.
@Suite struct ConfigurationTests {
    private func read(_ config: String, _ rules: String...) -> Configuration {
        Configuration.read(
            ConfigurationFiles(
                config: SourceFile(path: "pitot.yaml", bytes: Array(config.utf8)),
                rules: rules.enumerated().map { index, text in
                    SourceFile(path: "rules/\(index).yaml", bytes: Array(text.utf8))
                }))
    }

    private func messages(_ config: String, _ rules: String...) -> [String] {
        switch rules.count {
        case 0: read(config).diagnostics.map(\.description)
        case 1: read(config, rules[0]).diagnostics.map(\.description)
        default: read(config, rules[0], rules[1]).diagnostics.map(\.description)
        }
    }

    @Test func noFileAtAllIsAGoodConfiguration() {
        let configuration = Configuration.read(ConfigurationFiles(config: nil, rules: []))
        #expect(!configuration.hasErrors && configuration.listen == "127.0.0.1:9797")
        #expect(messages("") == [])
    }

    @Test func theDesignsExampleIsTaken() {
        let example = """
            listen: 127.0.0.1:9797
            externalURL: http://pitot.example:9797
            data: ./data
            retention: {time: 24h, size: 4GiB}
            rules: [rules]
            externalLabels: {cluster: eu1}
            evaluation: {interval: 15s, settle: 3s}
            remoteWrite: {replicaLabels: [__replica__], outOfOrderWindow: 5m}
            limits: {series: 2000000, seriesPerNamespace: 200000, labelsPerSeries: 40, \
            bodyBytes: 32MiB}
            alertmanagers: [http://127.0.0.1:9093]
            route: {receiver: default, group_wait: 30s}
            receivers:
              - {name: default, webhook_configs: [{url: "http://127.0.0.1:5001/"}]}
            """
        let configuration = read(example)
        #expect(!configuration.hasErrors)
        #expect(configuration.diagnostics.allSatisfy { $0.description.contains("has no effect") })
        #expect(configuration.intake.settle == .seconds(3))
        #expect(configuration.notifier.alertmanagers == ["http://127.0.0.1:9093"])
    }

    @Test func anUnknownKeyIsNamedWithASuggestion() {
        #expect(
            messages("recievers: []\n") == [
                "pitot.yaml:1:1: unknown key \"recievers\" in this configuration "
                    + "(did you mean \"receivers\"?)"
            ])
        #expect(
            messages("evaluation:\n  setle: 2s\n") == [
                "pitot.yaml:2:3: unknown key \"setle\" in this evaluation "
                    + "(did you mean \"settle\"?)"
            ])
    }

    @Test func aRouteToNobodyIsAnError() {
        let config = """
            route: {receiver: pager}
            receivers: [{name: chat, webhook_configs: [{url: "http://x/"}]}]
            """
        #expect(
            messages(config) == [
                "pitot.yaml:1:9: no receiver is called \"pager\"; expected one of chat"
            ])
    }

    @Test func childRoutesInheritWhatTheyDoNotSay() {
        let config = """
            route:
              receiver: a
              group_by: [alertname]
              group_wait: 5s
              routes:
                - matchers: [severity="page", 'team=~"ml|data"']
                  receiver: b
                  continue: true
                - match: {severity: ticket}
                  group_by: ["..."]
                  group_wait: 0s
            receivers: [{name: a}, {name: b}]
            """
        let read = Configuration.read(
            ConfigurationFiles(
                config: SourceFile(path: "pitot.yaml", bytes: Array(config.utf8)), rules: []))
        #expect(read.diagnostics.isEmpty)
        let children = read.notifier.route?.children ?? []
        #expect(children.map(\.receiver) == ["b", "a"])
        #expect(children.map(\.groupWait) == [.seconds(5), .zero])
        #expect(children.map(\.grouping) == [.byLabels(["alertname"]), .byAllLabels])
        #expect(
            children.map { $0.matchers.map(\.description) } == [
                [#"severity="page""#, #"team=~"ml|data""#], [#"severity="ticket""#],
            ])
        #expect(children.map(\.continues) == [true, false])
    }

    @Test func faultsOfRoutesSayWhere() {
        let config = """
            route:
              receiver: a
              matchers: [a=b]
              routes:
                - receiver: c
                - matchers: ["a", 'b=~"("']
                - mute_time_intervals: [nights]
            receivers: [{name: a}]
            """
        #expect(
            messages(config) == [
                "pitot.yaml:3:3: matchers on the root of the routes; expected a root that takes "
                    + "every alert (move it to a child route)",
                "pitot.yaml:5:7: no receiver is called \"c\"; expected one of a",
                "pitot.yaml:6:7: b=~\"(\": bad regular expression: missing ): (; expected an RE2 "
                    + "expression",
                "pitot.yaml:6:18: no =, !=, =~ or !~ after \"a\"; expected a matcher such as "
                    + "severity=\"page\" or team=~\"ml|data\"",
                "pitot.yaml:7:7: no time interval is called \"nights\"; expected a time interval "
                    + "of this name under \"time_intervals\"",
            ])
    }

    @Test func withoutInhibitRulesTheStandardOnesHold() {
        func rules(_ config: String) -> Int {
            Configuration.read(
                ConfigurationFiles(
                    config: SourceFile(path: "pitot.yaml", bytes: Array(config.utf8)), rules: [])
            ).notifier.inhibitRules.count
        }
        #expect(rules("listen: 127.0.0.1:1\n") == InhibitRule.standard.count)
        #expect(rules("inhibit_rules: []\n") == 0)
        #expect(
            rules("inhibit_rules: [{source_matchers: [a=b], target_match: {c: d}, equal: [e]}]\n")
                == 1)
    }

    @Test func oneNameInTwoFilesIsAnError() {
        #expect(
            messages("", rules(), rules(objective: "99")) == [
                "rules/1.yaml:5:5: the SLO recommender/availability stands twice; expected each "
                    + "name once per service (the other is at rules/0.yaml:5:5)"
            ])
    }

    @Test func ruleFilesAreToldApartByContent() {
        let groups = "groups: [{name: g, rules: [{record: r, expr: up}]}]\n"
        let configuration = read("evaluation: {interval: 30s}", rules(), groups)
        #expect(configuration.diagnostics.isEmpty)
        #expect(configuration.definitions.count == 1)
        #expect(configuration.ruleGroups.map(\.file) == ["rules/1.yaml"])
        #expect(configuration.ruleGroups.map(\.queryOffset) == [.zero])
        let late = read(
            "evaluation: {queryOffset: 20s}", groups,
            groups.replacing("name: g", with: "name: g, query_offset: 1s"))
        #expect(late.ruleGroups.map(\.queryOffset) == [.seconds(20), .seconds(1)])
        #expect(
            messages("", "groups: []\n") == [
                "rules/0.yaml:1:1: warning: a rule file without groups"
            ])
        #expect(
            messages("", "groups: [{name: g, rule: []}]\n").first?.contains("did you mean")
                == true)
    }

    @Test func aTimeOfZeroIsAnError() {
        #expect(
            messages("evaluation: {settle: 0s}\n") == [
                "pitot.yaml:1:14: settle is not positive; expected a duration like 15s"
            ])
    }

    @Test func theSameBytesGiveTheSameConfiguration() {
        let first = read(webhookConfig, rules(), "groups: []\n")
        let second = read(webhookConfig, rules(), "groups: []\n")
        #expect(first.diagnostics == second.diagnostics)
        #expect(first.notifier == second.notifier && first.intake == second.intake)
    }
}
