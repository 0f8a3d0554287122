import Agent
import Alerting
import Model
import Server
import Text

/// `pitot route test`: where an alert goes.
enum RouteCommand {
    private static let usage = """
        usage: pitot route test --config FILE [--at TIME] [--verify RECEIVER,...] LABEL=VALUE...
               pitot route show --config FILE [--at TIME]

          test     prints the receivers of an alert with these labels, as amtool does
          show     prints all routes with their receivers

          --at       leaves out, and says, what time intervals mute then: 2026-01-31T12:00:00Z
          --verify   ends with 1 when the receivers are not these, in this order
        """

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(
            arguments, valued: ["--config", "--verify", "--at"], flags: ["--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        guard options.fault == nil, let action = options.operands.first,
            ["test", "show"].contains(action), let path = options.last("--config")
        else {
            printError("pitot route: \(options.fault ?? "test or show, and --config")\n\n\(usage)")
            return ExitCode.usage
        }
        var at: Timestamp?
        if let text = options.last("--at") {
            at = Timestamp(rfc3339: text)
            guard at != nil else {
                printError("--at \"\(text)\"; expected a time such as 2026-01-31T12:00:00Z")
                return ExitCode.usage
            }
        }
        guard let bytes = readFile(path) else {
            printError("\(path): cannot be read; expected a configuration file")
            return ExitCode.failed
        }
        let configuration = Configuration.read(
            ConfigurationFiles(config: SourceFile(path: path, bytes: bytes), rules: [])
                .addingTimeZones())
        for diagnostic in configuration.diagnostics where diagnostic.severity == .error {
            printError(diagnostic.description)
        }
        if configuration.hasErrors { return ExitCode.failed }
        let routing = Routing(configuration.notifier)
        guard action == "test" else { return show(routing, at) }
        guard let labels = labels(options.operands.dropFirst()) else { return ExitCode.usage }
        var routes = routing.routes(for: labels)
        if let at {
            for route in routes {
                let muting = routing.muting(route, at: at)
                if muting.isEmpty { continue }
                printError("\(route.receiver) is muted: \(muting.joined(separator: ", "))")
            }
            routes.removeAll { !routing.muting($0, at: at).isEmpty }
        }
        let receivers = routes.map(\.receiver)
        printLine(receivers.joined(separator: ","))
        guard let expected = options.last("--verify") else { return ExitCode.ok }
        if expected == receivers.joined(separator: ",") { return ExitCode.ok }
        printError("expected receivers \(expected)")
        return ExitCode.failed
    }

    private static func show(_ routing: Routing, _ at: Timestamp?) -> Int32 {
        for (key, route) in routing.all {
            var line = "\(key)  receiver: \(route.receiver)" + (route.continues ? "  continue" : "")
            for (word, names) in [
                ("mute", route.muteTimeIntervals), ("active", route.activeTimeIntervals),
            ] where !names.isEmpty {
                line += "  \(word): \(names.joined(separator: ", "))"
            }
            if let at, case let muting = routing.muting(route, at: at), !muting.isEmpty {
                line += "  muted: \(muting.joined(separator: ", "))"
            }
            printLine(line)
        }
        return ExitCode.ok
    }

    private static func labels(_ texts: ArraySlice<String>) -> Labels? {
        var pairs: [(String, String)] = []
        for text in texts {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else {
                printError("\"\(text)\" is no label; expected LABEL=VALUE\n\n\(usage)")
                return nil
            }
            pairs.append((String(parts[0]), String(parts[1])))
        }
        return Labels(pairs)
    }
}
