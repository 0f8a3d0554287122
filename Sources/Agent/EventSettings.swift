import Text

/// How events about models are taken in.
public struct EventSettings: Sendable {
    /// Bodies that wait to be read, and their bytes; more are answered and left out.
    public var queueBodies = 10_000
    public var queueBytes = 64 << 20
    /// Where each event is sent on to as it came; empty for nowhere.
    public var forward = ""

    /// The values above.
    public init() {}
}

extension FieldReader {
    mutating func readEvents(into settings: inout EventSettings) {
        if let bodies = optionalInteger("queueBodies") {
            if bodies < 1 || bodies > 1_000_000 {
                fail(
                    at: position(of: "queueBodies"), "queueBodies is \(bodies)",
                    expected: "1 to 1000000")
            }
            settings.queueBodies = bodies
        }
        if let size = optionalSize("queueBytes") {
            if size < 64 << 10 || size > 4 << 30 {
                fail(
                    at: position(of: "queueBytes"), "queueBytes is out of range",
                    expected: "64KiB to 4GiB")
            }
            settings.queueBytes = size
        }
        if let url = optionalString("forward") {
            if !isHTTP(url) {
                fail(
                    at: position(of: "forward"), "\"\(url)\" is no address",
                    expected: "http:// or https:// and a host")
            }
            settings.forward = url
        }
    }
}
