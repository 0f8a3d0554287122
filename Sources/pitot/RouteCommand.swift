import Agent
import Alerting
import Model
import Server
import Text

/// `pitot route test`: where an alert goes.
enum RouteCommand {
    private static let usage = """
        usage: pitot route test --config FILE [--verify RECEIVER,...] LABEL=VALUE...
               pitot route show --config FILE

          test     prints the receivers of an alert with these labels, as amtool does
          show     prints all routes with their receivers

          --verify   ends with 1 when the receivers are not these, in this order
        """

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(
            arguments, valued: ["--config", "--verify"], flags: ["--help"])
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
        guard let bytes = readFile(path) else {
            printError("\(path): cannot be read; expected a configuration file")
            return ExitCode.failed
        }
        let configuration = Configuration.read(
            ConfigurationFiles(config: SourceFile(path: path, bytes: bytes), rules: []))
        for diagnostic in configuration.diagnostics where diagnostic.severity == .error {
            printError(diagnostic.description)
        }
        if configuration.hasErrors { return ExitCode.failed }
        let routing = Routing(configuration.notifier)
        guard action == "test" else { return show(routing) }
        guard let labels = labels(options.operands.dropFirst()) else { return ExitCode.usage }
        let receivers = routing.routes(for: labels).map(\.receiver)
        printLine(receivers.joined(separator: ","))
        guard let expected = options.last("--verify") else { return ExitCode.ok }
        if expected == receivers.joined(separator: ",") { return ExitCode.ok }
        printError("expected receivers \(expected)")
        return ExitCode.failed
    }

    private static func show(_ routing: Routing) -> Int32 {
        for (key, route) in routing.all {
            printLine("\(key)  receiver: \(route.receiver)" + (route.continues ? "  continue" : ""))
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
