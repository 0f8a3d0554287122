import Server

/// What a command's process ends with (DESIGN §5).
enum ExitCode {
    static let ok: Int32 = 0
    static let failed: Int32 = 1
    static let usage: Int32 = 2
    static let findings: Int32 = 3
}

/// Dispatches to the subcommands.
enum CommandLineTool {
    static func run(_ arguments: [String]) -> Int32 {
        guard let command = arguments.first else {
            printError(usage)
            return ExitCode.usage
        }
        let rest = Array(arguments.dropFirst())
        switch command {
        case "serve": return ServeCommand.run(rest)
        case "check": return CheckCommand.run(rest)
        case "test": return TestCommand.run(rest)
        case "route": return RouteCommand.run(rest)
        case "notify": return NotifyCommand.run(rest)
        case "drift": return DriftCommand.run(rest)
        case "query": return QueryCommand.run(rest)
        case "backtest": return BacktestCommand.run(rest)
        case "convert": return ConvertCommand.run(rest)
        case "generate": return GenerateCommand.run(rest)
        case "demo": return DemoCommand.run(rest)
        case "silence": return SilenceCommand.run(rest)
        case "slo": return SLOCommand.run(rest)
        case "version", "--version":
            printLine("pitot \(version)")
            return ExitCode.ok
        case "help", "--help", "-h":
            printLine(usage)
            return ExitCode.ok
        default:
            printError("unknown command \"\(command)\"; expected one of those below\n\n\(usage)")
            return ExitCode.usage
        }
    }

    static let usage = """
        usage: pitot COMMAND [OPTIONS]

          serve     take remote write, evaluate SLOs, send alerts
          check     parse and lint rule, SLO, test and configuration files
          test      run unit tests of rules, as promtool takes them
          query     ask a running agent in PromQL
          route     show where an alert goes
          notify    try a receiver; show what was not delivered
          silence   keep alerts from their receivers for a while
          drift     baselines of training files, and what has drifted
          backtest  which alerts rules would have fired, over recorded samples
          convert   SLOs of Sloth, Pyrra, OpenSLO and burn-rate rules, as native files
          generate  rule files for Prometheus, Mimir and Thanos from native SLOs
          demo      a whole incident on this machine, in under a minute
          slo       list, show and explain the SLOs of a running agent
          version   print the version
          help      print this

        pitot COMMAND --help tells a command's options.
        """
}
