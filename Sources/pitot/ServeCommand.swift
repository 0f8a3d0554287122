import CPlatform
import Glibc
import Server
import Text

/// `pitot serve`: the agent, until SIGTERM or SIGINT.
enum ServeCommand {
    private static let usage = """
        usage: pitot serve [--config pitot.yaml] [--rules DIR]... [--data DIR] [--listen ADDR]
                           [--record DIR] [--log-format logfmt|json]

          --config FILE   configuration; every key is optional
          --rules PATH    a folder or file of SLOs; may be given more than once
          --data DIR      folder of the event log (./data)
          --listen ADDR   address and port (127.0.0.1:9797); port 0 takes a free one
          --record DIR    also writes what is received to files for pitot backtest
          --log-format F  logfmt or json, on standard error

        Flags win over the file. SIGHUP and POST /-/reload read the files again.
        """

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(
            arguments,
            valued: [
                "--config", "--rules", "--data", "--listen", "--record", "--log-format",
            ], flags: ["--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        let formatText = options.last("--log-format") ?? "logfmt"
        guard options.fault == nil, options.operands.isEmpty,
            let format = Logger.Format(rawValue: formatText)
        else {
            let fault =
                options.fault ?? options.operands.first.map { "unexpected \"\($0)\"" }
                ?? "--log-format \"\(formatText)\"; expected logfmt or json"
            printError("pitot serve: \(fault)\n\n\(usage)")
            return ExitCode.usage
        }
        var serve = ServeOptions()
        serve.config = options.last("--config")
        serve.rules = options.all("--rules")
        serve.data = options.last("--data")
        serve.listen = options.last("--listen")
        serve.record = options.last("--record")
        return serveUntilSignal(serve, Logger(format: format))
    }

    private static func serveUntilSignal(_ options: ServeOptions, _ logger: Logger) -> Int32 {
        // Blocked before any thread starts, so that all inherit it and this one takes them all.
        var signals = sigset_t()
        sigemptyset(&signals)
        for signal in [SIGTERM, SIGINT, SIGHUP] { sigaddset(&signals, signal) }
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        signal(SIGPIPE, SIG_IGN)
        // A file size limit is a full disk, which the agent survives; by default it kills.
        signal(SIGXFSZ, SIG_IGN)
        // A decoded body takes about a megabyte: reused from the heap, not mapped and zeroed anew
        // for each request, which costs a sixth of the whole path.
        pitot_reuse_heap()
        let server: PitotServer
        do throws(StartFault) {
            server = try PitotServer(options, logger: logger)
        } catch {
            for line in explain(error) { printError(line) }
            return ExitCode.failed
        }
        while true {
            var taken: Int32 = 0
            sigwait(&signals, &taken)
            if taken == SIGHUP {
                server.reload()
                continue
            }
            server.stop()
            return ExitCode.ok
        }
    }

    /// What kept the agent from starting, a line each.
    static func explain(_ fault: StartFault) -> [String] {
        switch fault {
        case .configuration(let diagnostics): diagnostics.map(\.description)
        case .file(let fault):
            ["\(fault.path): \(fault.reason); expected a readable file or folder"]
        case .log(let reason): ["the event log cannot be used: \(reason)"]
        case .recording(let reason): ["the recording cannot be written: \(reason)"]
        case .listen(let fault): ["cannot listen on \(fault.address): \(fault.reason)"]
        }
    }
}
