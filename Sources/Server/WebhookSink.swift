/// A receiver of webhooks on loopback, for the demo: hands each body on and answers 200.
public final class WebhookSink: Sendable {
    private let server: HTTPServer

    public var url: String { "http://127.0.0.1:\(server.port)/" }

    /// Listens on a free port. `receive` is called on the server's thread.
    public init(_ receive: @escaping @Sendable ([UInt8]) -> Void) throws(ListenFault) {
        server = try HTTPServer(
            address: "127.0.0.1:0", limits: HTTPLimits(threads: 1),
            handler: { request in
                receive(request.body)
                return .answer(.text(200, "ok"))
            })
    }

    public func stop() { server.stop() }
}
