import Model
import Wire

// `POST /api/v1/write`: what the headers say the body is, then decoding, on the connection's
// thread. No series state is touched here.

/// Judges and decodes remote-write requests.
struct WriteEndpoint: Sendable {
    private let limits: WireLimits
    private let first: RemoteWriteDecoder
    private let second: RemoteWrite2Decoder

    init(seed: HashSeed, limits: WireLimits) {
        self.limits = limits
        first = RemoteWriteDecoder(seed: seed, limits: limits)
        second = RemoteWrite2Decoder(seed: seed, limits: limits)
    }

    enum Judgement {
        case batch(WriteBatch)
        case refused(HTTPResponse, reason: String)
    }

    /// Decodes the body. Whatever is wrong with one is permanent: 4xx, so that the sender does not
    /// try again for ever.
    func judge(_ request: HTTPRequest, _ version: WriteVersion) -> Judgement {
        do throws(MediaFault) {
            try WriteVersion.check(contentEncoding: request.header("Content-Encoding"))
        } catch {
            return .refused(.text(415, error.reason), reason: "unsupported_media_type")
        }
        do throws(WireError) {
            let body = try Snappy.uncompress(request.body, limit: limits.bodyBytes)
            switch version {
            case .one: return .batch(try first.decode(body))
            case .two: return .batch(try second.decode(body))
            }
        } catch {
            return .refused(.text(400, error.reason), reason: error.metricReason)
        }
    }
}
