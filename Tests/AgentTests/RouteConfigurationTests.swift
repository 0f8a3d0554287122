import Agent
import Alerting
import Model
import Testing
import Text

/// Time intervals, noise, the watchdog and the standard routes, as `pitot.yaml` gives them.
@Suite struct RouteConfigurationTests {
    private func read(_ config: String, zones: [SourceFile] = []) -> Configuration {
        Configuration.read(
            ConfigurationFiles(
                config: SourceFile(path: "pitot.yaml", bytes: Array(config.utf8)), rules: [],
                zones: zones))
    }

    private func messages(_ config: String) -> [String] {
        read(config).diagnostics.map(\.description)
    }

    @Test func timeIntervalsAreReadAsAlertmanagerDoes() throws {
        let configuration = read(
            """
            mute_time_intervals:
              - name: old
                time_intervals: [{months: ["1:3", december]}]
            time_intervals:
              - name: nights
                time_intervals:
                  - times:
                      - {start_time: "00:00", end_time: "06:30"}
                      - {start_time: "22:00", end_time: "24:00"}
                    weekdays: ["monday:friday", Sunday]
                    days_of_month: ["1:5", "-3:-1", "7"]
                    years: ["2026:2028", 2030]
                    location: UTC
              - name: none
            route:
              receiver: a
              routes:
                - {matchers: [b=c], mute_time_intervals: [nights, old]}
                - {matchers: [b=d], active_time_intervals: [nights]}
            receivers: [{name: a}]
            """)
        #expect(configuration.diagnostics.isEmpty)
        let intervals = configuration.notifier.timeIntervals
        #expect(intervals.map(\.name) == ["nights", "none", "old"])
        let night = try #require(intervals.first?.parts.first)
        #expect(night.times == [0..<390, 1320..<1440])
        #expect(night.weekdays == [1...5, 0...0])
        #expect(
            night.daysOfMonth.map { [$0.first, $0.last] } == [[1, 5], [-3, -1], [7, 7]])
        #expect(night.years == [2026...2028, 2030...2030])
        #expect(intervals.last?.parts.first?.months == [1...3, 12...12])
        let routes = configuration.notifier.route?.children ?? []
        #expect(routes.map(\.muteTimeIntervals) == [["nights", "old"], []])
        #expect(routes.map(\.activeTimeIntervals) == [[], ["nights"]])
    }

    @Test func faultsOfTimeIntervalsSayWhere() {
        let config = """
            time_intervals:
              - name: a
                time_intervals:
                  - times: [{start_time: "6:00", end_time: "24:01"}]
                  - times: [{start_time: "22:00", end_time: "06:00"}]
                  - weekdays: ["saturday:sunday", someday]
                  - days_of_month: ["0", "5:1", "-1:3"]
                    months: [13]
                    location: Mars/Olympus
                  - {hours: 3}
              - name: a
            route:
              receiver: r
              mute_time_intervals: [a]
              routes: [{active_time_intervals: [b]}]
            receivers: [{name: r}]
            """
        let found = messages(config)
        let expected = [
            #":4:18: start_time "6:00" is no time of day; expected 00:00 to 24:00, in quotes"#,
            #":4:38: end_time "24:01" is no time of day"#,
            ":5:39: end_time is not after start_time",
            #":6:9: "saturday:sunday" ends before it begins"#, #":6:9: "someday" under weekdays"#,
            #":7:9: "0" under days_of_month"#, #":7:9: "5:1" ends before it begins"#,
            #":7:9: "-1:3" ends before it begins"#, #":8:9: "13" under months"#,
            #":9:9: no time zone "Mars/Olympus""#, #":10:10: unknown key "hours""#,
            #":11:5: the time interval "a" stands twice"#,
            ":14:3: mute_time_intervals on the root of the routes",
            #":15:13: no time interval is called "b"; expected one of a"#,
        ]
        #expect(found.count == expected.count, "\(found)")
        for text in expected {
            #expect(found.contains { $0.hasPrefix("pitot.yaml" + text) }, "\(text)\n\(found)")
        }
    }

    @Test func theZonesOfIntervalsAreAskedForByName() {
        let files = ConfigurationFiles(
            config: SourceFile(
                path: "pitot.yaml",
                bytes: Array(
                    """
                    time_intervals:
                      - name: a
                        time_intervals: [{location: Europe/Berlin}, {location: UTC}]
                    """.utf8)),
            rules: [])
        #expect(files.zoneNames == ["Europe/Berlin"])
    }

    // MARK: Standard routes

    @Test func withReceiversAndNoRoutePagesAndTicketsGoBySeverity() {
        func route(_ names: String...) -> RouteSettings? {
            let list = names.map { "{name: \($0)}" }.joined(separator: ", ")
            return read("receivers: [\(list)]\n").notifier.route
        }
        let both = route("chat", "ticket", "page")
        #expect(both?.receiver == "chat")
        #expect(both?.children.map(\.receiver) == ["page", "ticket"])
        #expect(
            both?.children.map { $0.matchers.map(\.description) } == [
                [#"severity="page""#], [#"severity="ticket""#],
            ])
        #expect(both?.grouping == .byLabels(["namespace", "inference_service", "service"]))
        #expect(route("a", "default")?.children.map(\.receiver) == ["default", "default"])
        #expect(read("listen: 127.0.0.1:1\n").notifier.route == nil)
    }

    // MARK: Noise and watchdog

    @Test func noiseHasDefaultsAndCanBeTurnedOff() {
        let standard = read("listen: 127.0.0.1:1\n").notifier
        #expect(standard.flapping == FlapSettings(transitions: 10, window: .hours(1)))
        #expect(standard.resolveHold == .zero)
        let set = read("noise: {resolveHold: 2m, flapping: {transitions: 4}}\n").notifier
        #expect(set.resolveHold == .minutes(2))
        #expect(set.flapping == FlapSettings(transitions: 4, window: .hours(1)))
        #expect(read("noise: {flapping: off}\n").notifier.flapping == nil)
        #expect(
            messages("noise: {resolveHold: 2d, flapping: {transitions: 1, window: 1s}}\n") == [
                "pitot.yaml:1:9: resolveHold is out of range; expected 0s to 24h",
                "pitot.yaml:1:37: transitions is out of range; expected 2 to 1000",
                "pitot.yaml:1:53: window is out of range; expected 1m to 24h",
            ])
    }

    @Test func theWatchdogIsARouteBeforeAllOthers() {
        let set = read(
            """
            watchdog: {receiver: b, interval: 30s}
            route: {receiver: a, routes: [{matchers: [x=y], receiver: a}]}
            receivers: [{name: a}, {name: b}]
            """)
        #expect(set.diagnostics.isEmpty)
        let first = set.notifier.route?.children.first
        #expect(first?.receiver == "b" && first?.repeatInterval == .seconds(30))
        #expect(
            messages("watchdog: {receiver: c}\nreceivers: [{name: a}]\n") == [
                "pitot.yaml:1:12: no receiver is called \"c\"; expected one of a"
            ])
        #expect(
            messages("watchdog: {receiver: a, interval: 0s}\nreceivers: [{name: a}]\n").count == 1)
    }

    // MARK: As Alertmanager's API shows it

    @Test func theConfigurationIsShownWithoutSecrets() throws {
        let config = """
            route:
              receiver: a
              routes:
                - {matchers: ['b=~"c|d"'], receiver: a, mute_time_intervals: [n], group_by: ["..."]}
            time_intervals: [{name: n, time_intervals: [{weekdays: ["monday:friday"]}]}]
            receivers:
              - name: a
                webhook_configs:
                  - url: https://me:pw@hook.example/services/T0/B0?token=x
                    max_alerts: 5
                    http_config: {basic_auth: {username: u, password: hunter2}}
            """
        let read = YAMLText.shown(config)
        for secret in ["pw@", "T0", "hunter2", "token"] { #expect(!read.contains(secret)) }
        let shown = try #require(try YAML.parse(Array(read.utf8), file: "shown").first)
        let route = try #require(shown["route"])
        #expect(route["group_wait"]?.asString == "30s")
        #expect(read.contains(#"b=~"c|d""#) && read.contains("https://hook.example/<secret>"))
        #expect(read.contains("max_alerts: 5") && read.contains("monday:friday"))
    }
}

private enum YAMLText {
    /// `config.original` of `GET /api/v2/status`.
    static func shown(_ config: String) -> String {
        var world = AgentWorld(rules(), config: config)
        world.advance(to: 1)
        let bytes = world.agent.alertmanagerStatusJSON(version: "1", startedAt: at(0))
        let json = try? JSONValue.parse(bytes)
        return json?["config"]?["original"]?.asString ?? ""
    }
}
