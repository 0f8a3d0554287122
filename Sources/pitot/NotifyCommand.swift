import Agent
import Alerting
import Model
import Server
import Text

/// `pitot notify`: tries a receiver, and shows what a running agent has not delivered.
enum NotifyCommand {
    private static let usage = """
        usage: pitot notify test --config FILE RECEIVER [--dry-run]
               pitot notify outbox [--agent URL]
               pitot notify dead [--agent URL]

          test      sends one notification, marked as a test, to each integration of a receiver and
                    prints what was answered; ends with 1 when one was not taken
          outbox    prints how each destination of a running agent fares
          dead      prints the latest notifications that were given up

          --dry-run   prints what would be sent, without secrets
          --agent     where the agent is (http://127.0.0.1:9797)
        """

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(
            arguments, valued: ["--config", "--agent"], flags: ["--help", "--dry-run"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        if let fault = options.fault { return refuse(fault) }
        let operands = options.operands
        switch operands.first {
        case "test":
            guard let path = options.last("--config"), operands.count == 2 else {
                return refuse("test needs --config and one receiver")
            }
            return test(path, operands[1], isDryRun: options.has("--dry-run"))
        case "outbox", "dead":
            guard operands.count == 1 else { return refuse("unexpected \"\(operands[1])\"") }
            let agent = options.last("--agent") ?? "http://127.0.0.1:9797"
            return show(agent, deadOnly: operands[0] == "dead")
        default: return refuse("test, outbox or dead")
        }
    }

    private static func refuse(_ what: String) -> Int32 {
        printError("pitot notify: \(what)\n\n\(usage)")
        return ExitCode.usage
    }

    // MARK: Test

    private static func test(_ path: String, _ name: String, isDryRun: Bool) -> Int32 {
        guard let bytes = readFile(path) else {
            printError("\(path): cannot be read; expected a configuration file")
            return ExitCode.failed
        }
        let vault = SecretVault()
        let files: ConfigurationFiles
        do throws(FileFault) {
            let read = ConfigurationFiles(config: SourceFile(path: path, bytes: bytes), rules: [])
            files = vault.withhold(try read.addingTemplates())
        } catch {
            printError("\(error.path): \(error.reason); expected a file of templates")
            return ExitCode.failed
        }
        vault.use(files)
        let configuration = Configuration.read(files)
        for diagnostic in configuration.diagnostics where diagnostic.severity == .error {
            printError(diagnostic.description)
        }
        if configuration.hasErrors { return ExitCode.failed }
        let receivers = configuration.notifier.receivers
        guard let receiver = receivers.first(where: { $0.name == name }) else {
            let known = receivers.map(\.name).joined(separator: ", ")
            printError("no receiver is called \"\(name)\"; expected one of \(known)")
            return ExitCode.usage
        }
        let deliveries = TestNotification.deliveries(
            for: receiver, configuration.notifier, at: wallClock())
        if deliveries.isEmpty {
            printError("the receiver \"\(name)\" has nothing to send to")
            return ExitCode.failed
        }
        var isGood = true
        for delivery in deliveries {
            if isDryRun {
                show(delivery)
            } else if !send(delivery, vault) {
                isGood = false
            }
        }
        return isGood ? ExitCode.ok : ExitCode.failed
    }

    private static func show(_ delivery: Delivery) {
        printLine("\(delivery.destination.name): \(delivery.method) \(delivery.url.shown)")
        printLine(delivery.opening.shown + String(decoding: delivery.body, as: UTF8.self))
    }

    private static func send(_ delivery: Delivery, _ vault: SecretVault) -> Bool {
        let name = delivery.destination.name
        switch deliverOnce(delivery, vault: vault) {
        case .delivered(let status): printLine("\(name): delivered, status \(status)")
        case .posted(let status, _): printLine("\(name): delivered, status \(status)")
        case .refused(let status, let after):
            let wait = after.map { ", to be tried again after \($0)" } ?? ""
            printError("\(name): refused, status \(status)\(wait)")
            return false
        case .rejected(let status, let word):
            printError(
                "\(name): refused, status \(status)" + (word.isEmpty ? "" : " (\(word))"))
            return false
        case .failed(let reason):
            printError("\(name): no answer (\(reason.rawValue))")
            return false
        }
        return true
    }

    // MARK: A running agent

    private static func show(_ agent: String, deadOnly: Bool) -> Int32 {
        let data: JSONValue
        do throws(AgentFault) {
            data = try AgentQueries(agent).get("/api/v1/outbox").data
        } catch {
            printError("\(error)")
            return ExitCode.failed
        }
        if !deadOnly {
            for destination in data["destinations"]?.elements ?? [] {
                printLine(line(of: destination))
            }
            return ExitCode.ok
        }
        for letter in data["deadLetters"]?.elements ?? [] {
            let at = Timestamp(millis: Int64((letter["at"]?.asDouble ?? 0) * 1000)).rfc3339
            let status = letter["status"]?.asInteger.map { " status \($0)" } ?? ""
            let word = letter["word"]?.asString.map { " (\($0))" } ?? ""
            printLine(
                "\(at)  \(letter["destination"]?.asString ?? "?")  "
                    + "\(letter["reason"]?.asString ?? "?")\(status)\(word)  "
                    + "\(letter["subject"]?.asString ?? "")")
        }
        return ExitCode.ok
    }

    private static func line(of destination: JSONValue) -> String {
        func count(_ key: String) -> Int { destination[key]?.asInteger ?? 0 }
        var text =
            "\(destination["destination"]?.asString ?? "?")  delivered \(count("delivered"))"
            + "  waiting \(count("queued"))"
        if count("failures") > 0 {
            text += "  failed \(count("failures")) times in a row"
            if let at = destination["retryAt"]?.asDouble {
                text += ", next at \(Timestamp(millis: Int64(at * 1000)).rfc3339)"
            }
        }
        return text
    }
}
