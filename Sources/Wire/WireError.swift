/// Why a request body was refused as a whole. Offsets are into the decoded body.
public enum WireError: Error, Hashable, Sendable {
    case emptyBody
    /// Not a snappy block, or one that does not decode.
    case badSnappy
    /// The snappy header claims more than `limit` decoded bytes. Found before allocating.
    case tooLarge(limit: Int)
    case truncated(at: Int)
    case badVarint(at: Int)
    /// A group, a reserved wire type, field number 0, or a known field of another type.
    case badTag(at: Int)
    case tooManySeries(limit: Int)
    case tooManySamples(limit: Int)
    case tooManySymbols(limit: Int)
    case tooManyHistograms(limit: Int)
    /// The spans, counts and bounds of all histograms take more than `limit` bytes of memory.
    case histogramsTooLarge(limit: Int)
    /// Remote write 2.0: the symbols do not begin with the empty string.
    case badSymbols
    /// Well-formed protobuf without one field of a write request: most likely another protocol.
    case noKnownField
    /// Values nested deeper than `limit`.
    case tooDeep(limit: Int)
    case badJSON
    case tooManySpans(limit: Int)
    case tooManyResources(limit: Int)
    case tooManyPoints(limit: Int)
}

extension WireError {
    /// One line for the reply and the log. Holds no payload.
    public var reason: String {
        switch self {
        case .emptyBody: "empty body; expected a snappy-compressed write request"
        case .badSnappy: "body is not a snappy block (the framed format is not accepted)"
        case .tooLarge(let limit): "decoded length exceeds limit \(limit)"
        case .truncated(let at): "protobuf ends inside a field at byte \(at)"
        case .badVarint(let at): "malformed varint at byte \(at)"
        case .badTag(let at): "malformed field tag at byte \(at)"
        case .tooManySeries(let limit):
            "more than \(limit) series in one body; send smaller batches"
        case .tooManySamples(let limit):
            "more than \(limit) samples in one body; send smaller batches"
        case .tooManySymbols(let limit):
            "more than \(limit) symbols in one body; send smaller batches"
        case .tooManyHistograms(let limit):
            "more than \(limit) histograms in one body; send smaller batches"
        case .histogramsTooLarge(let limit):
            "histograms of more than \(limit) bytes in one body; send smaller batches"
        case .badSymbols: "the symbols do not begin with the empty string"
        case .noKnownField:
            "no field of the announced message in the body; is it of another version?"
        case .tooDeep(let limit): "values nested more than \(limit) deep"
        case .badJSON: "body is not JSON of the announced message"
        case .tooManySpans(let limit):
            "more than \(limit) spans in one body; send smaller batches"
        case .tooManyResources(let limit):
            "more than \(limit) resources in one body; send smaller batches"
        case .tooManyPoints(let limit):
            "more than \(limit) data points in one body; send smaller batches"
        }
    }

    /// A stable word for the `reason` label of metrics.
    public var metricReason: String {
        switch self {
        case .emptyBody: "empty_body"
        case .badSnappy: "bad_snappy"
        case .tooLarge: "too_large"
        case .truncated, .badVarint, .badTag: "bad_protobuf"
        case .tooManySeries: "too_many_series"
        case .tooManySamples: "too_many_samples"
        case .tooManySymbols: "too_many_symbols"
        case .tooManyHistograms: "too_many_histograms"
        case .histogramsTooLarge: "histograms_too_large"
        case .badSymbols: "bad_symbols"
        case .noKnownField: "unknown_message"
        case .tooDeep: "too_deep"
        case .badJSON: "bad_json"
        case .tooManySpans: "too_many_spans"
        case .tooManyResources: "too_many_resources"
        case .tooManyPoints: "too_many_points"
        }
    }
}
