import Model
import Text
import Traces
import Wire

/// Where OTLP is listened for beside `listen`, and with what.
public struct OTLPSettings: Hashable, Sendable {
    /// Address and port of OTLP over HTTP; empty for none.
    public var http = "127.0.0.1:4318"
    /// Of OTLP over gRPC; empty for none.
    public var grpc = "127.0.0.1:4317"
    /// Files in PEM; empty for gRPC in clear.
    public var certificate = ""
    public var key = ""
    /// Whether the addresses were configured: then it is an error when one is taken.
    public var isHTTPSet = false
    public var isGRPCSet = false

    /// The values above.
    public init() {}
}

extension FieldReader {
    /// `otlp: {http: 0.0.0.0:4318, grpc: "off", certificate: tls.crt, key: tls.key}`.
    mutating func readOTLP(into settings: inout OTLPSettings) {
        if let address = optionalString("http") {
            settings.http = address == "off" ? "" : address
            settings.isHTTPSet = true
        }
        if let address = optionalString("grpc") {
            settings.grpc = address == "off" ? "" : address
            settings.isGRPCSet = true
        }
        settings.certificate = optionalString("certificate") ?? ""
        settings.key = optionalString("key") ?? ""
        if settings.certificate.isEmpty != settings.key.isEmpty {
            let present = settings.key.isEmpty ? "certificate" : "key"
            fail(
                at: position(of: present), "\"\(present)\" alone",
                expected: "both \"certificate\" and \"key\", or neither")
        }
    }

    mutating func readSpans(into settings: inout SpanSettings) {
        if let window = optionalDuration("window") {
            if window < .minutes(1) || window > .hours(24) {
                fail(
                    at: position(of: "window"), "spans.window is out of range",
                    expected: "1m to 24h")
            }
            settings.window = window
        }
        if let size = optionalSize("memory") {
            if size < 1 << 20 || size > 64 << 30 {
                fail(
                    at: position(of: "memory"), "spans.memory is out of range",
                    expected: "1MiB to 64GiB")
            }
            settings.keyBytes = size
        }
        if let size = optionalSize("traces") {
            if size < 0 || size > 4 << 30 {
                fail(
                    at: position(of: "traces"), "spans.traces is out of range",
                    expected: "0B to 4GiB")
            }
            settings.traceBytes = size
        }
        if let classes = optionalInteger("metrics") {
            if classes < 0 || classes > 100_000 {
                fail(
                    at: position(of: "metrics"), "spans.metrics is \(classes)",
                    expected: "0 (off) to 100000 label sets")
            }
            settings.classesMax = classes
        }
        readDimensions(into: &settings)
    }

    private mutating func readDimensions(into settings: inout SpanSettings) {
        for name in optionalStrings("dimensions") ?? [] {
            let label = SpanLens.labelName(name)
            if SpanLabels.intrinsic.contains(label) || label == "le" {
                fail(
                    at: position(of: "dimensions"), "the dimension \"\(name)\" is taken",
                    expected: "an attribute that is no label of every span")
            }
            settings.dimensions.append(label)
        }
        if settings.dimensions.count > 20 {
            fail(
                at: position(of: "dimensions"), "\(settings.dimensions.count) dimensions",
                expected: "at most 20")
        }
        guard let texts = optionalStrings("buckets") else { return }
        let spans = texts.map { parseDuration($0) }
        let bounds = spans.compactMap { $0 }.filter { $0 > .zero }
            .map { UInt64($0.millis) * 1_000_000 }
        if bounds.count != texts.count || bounds.count > 100 || bounds != bounds.sorted() {
            fail(
                at: position(of: "buckets"), "buckets that are no ascending durations",
                expected: "at most 100, such as [10ms, 100ms, 1s]")
        }
        settings.bounds = bounds
    }
}
