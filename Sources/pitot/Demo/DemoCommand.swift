import Glibc
import Model
import Server
import Synchronization
import Text
import Wire

// `pitot demo`: the whole path on one machine. A real agent listens on loopback; three hours of
// healthy history and then twenty minutes with an incident are remote-written to it as Prometheus
// would, faster than life; a webhook receives the page. It ends with 1 if any claim it prints
// turned out false.

/// Runs the demo.
enum DemoCommand {
    private static let usage = """
        usage: pitot demo [--pace MILLIS]

          --pace MILLIS   real time per simulated scrape interval of 15 s (250)
        """

    static func run(_ arguments: [String]) -> Int32 {
        let options = Options(arguments, valued: ["--pace"], flags: ["--help"])
        if options.has("--help") {
            printLine(usage)
            return ExitCode.ok
        }
        let pace = options.last("--pace").map { Int($0) } ?? 250
        guard options.fault == nil, options.operands.isEmpty, let pace, (0...60_000).contains(pace)
        else {
            printError("pitot demo: \(options.fault ?? "--pace takes 0 to 60000")\n\n\(usage)")
            return ExitCode.usage
        }
        signal(SIGPIPE, SIG_IGN)
        guard let folder = temporaryFolder() else {
            printError("pitot demo: cannot make a folder under /tmp")
            return ExitCode.failed
        }
        return play(in: folder, pace: pace)
    }

    private static func play(in folder: String, pace: Int) -> Int32 {
        let inbox = Inbox()
        let sink: WebhookSink
        let server: PitotServer
        do throws(ListenFault) {
            sink = try WebhookSink { inbox.receive($0) }
        } catch {
            printError("pitot demo: \(error.reason)")
            return ExitCode.failed
        }
        defer { sink.stop() }
        guard writeFile(folder + "/slos.yaml", rules),
            writeFile(folder + "/pitot.yaml", configuration(sink: sink.url))
        else {
            printError("pitot demo: cannot write to \(folder)")
            return ExitCode.failed
        }
        var options = ServeOptions()
        options.config = folder + "/pitot.yaml"
        options.rules = [folder + "/slos.yaml"]
        options.data = folder + "/data"
        options.listen = "127.0.0.1:0"
        do throws(StartFault) {
            server = try PitotServer(
                options, logger: Logger(format: .logfmt, path: folder + "/agent.log"))
        } catch {
            for line in ServeCommand.explain(error) { printError(line) }
            return ExitCode.failed
        }
        defer { server.stop() }
        printLine("The agent listens on 127.0.0.1:\(server.port); its files are in \(folder).")
        var story = DemoStory(port: server.port, inbox: inbox, pace: pace)
        return story.tell() ? ExitCode.ok : ExitCode.failed
    }

    private static let rules = """
        apiVersion: pitot/v1
        kind: SLOs
        service: inference
        slos:
          - name: availability
            objective: 99.9
            by: [namespace, inference_service]
            sli:
              events:
                bad: istio_requests_total{reporter="destination", response_code=~"5.."}
                total: istio_requests_total{reporter="destination"}

        """

    private static func configuration(sink: String) -> String {
        """
        externalURL: http://pitot.example:9797
        route: {receiver: demo, group_by: [alertname, inference_service, window], \
        group_wait: 0s, group_interval: 1s}
        receivers:
          - {name: demo, webhook_configs: [{url: "\(sink)"}]}

        """
    }

    private static func temporaryFolder() -> String? {
        var template = Array("/tmp/pitot-demo-XXXXXX".utf8CString)
        return template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
        }
    }

    private static func writeFile(_ path: String, _ text: String) -> Bool {
        let file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o644)
        guard file >= 0 else { return false }
        defer { close(file) }
        let bytes = Array(text.utf8)
        return Glibc.write(file, bytes, bytes.count) == bytes.count
    }
}

/// Alerts as they arrived at the webhook.
final class Inbox: Sendable {
    struct Arrival: Sendable {
        let startsAt: String
        let endsAt: String
        let status: String
        let labels: [String: String]
        let summary: String
    }

    private let arrivals = Mutex<[Arrival]>([])

    func receive(_ body: [UInt8]) {
        guard let json = try? JSONValue.parse(body) else { return }  // Not ours: nothing to show.
        for alert in json["alerts"]?.elements ?? [] {
            var labels: [String: String] = [:]
            for member in alert["labels"]?.members ?? [] {
                labels[member.key] = member.value.asString
            }
            let arrival = Arrival(
                startsAt: alert["startsAt"]?.asString ?? "",
                endsAt: alert["endsAt"]?.asString ?? "", status: alert["status"]?.asString ?? "",
                labels: labels,
                summary: alert["annotations"]?["summary"]?.asString ?? "")
            arrivals.withLock { $0.append(arrival) }
        }
    }

    /// What has come since the last call.
    func take() -> [Arrival] {
        arrivals.withLock { list in
            defer { list = [] }
            return list
        }
    }
}
