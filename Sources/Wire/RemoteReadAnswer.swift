public import Model

// What a server of remote read answers (https://prometheus.io/docs/prometheus/latest/querying/
// remote_read_api/): frames of ChunkedReadResponses, or one snappy-compressed ReadResponse from
// servers that do not stream. Lengths and checksums come first; a frame that is damaged, or chunks
// that say more than they hold, are an error, and nothing of the answer is used.

/// The samples of one series of an answer.
public struct RemoteReadSeries: Hashable, Sendable {
    public var labels: Labels
    public var times: [Timestamp] = []
    public var values: [Double] = []
}

/// An answer, read.
public struct RemoteReadAnswer: Sendable {
    /// In the order in which they came; one whose chunks are in several frames stands once.
    public private(set) var series: [RemoteReadSeries] = []
    /// Chunks and samples of native histograms, which are passed over.
    public private(set) var histograms = 0
    private var samples = 0

    /// The most samples of an answer.
    public static let samplesMax = 20_000_000
    private static let samplesPerChunkMax = 1 << 16
    private static let labelsMax = 128

    /// Reads frames of a streamed answer. O(bytes).
    public init(streamed bytes: [UInt8]) throws(WireError) {
        var reader = MessageReader(bytes)
        while !reader.isAtEnd {
            let size = try reader.varint()
            let start = reader.position + 4
            guard size <= UInt64(bytes.count), start + Int(size) <= bytes.count else {
                throw .truncated(at: reader.position)
            }
            var checksum: UInt32 = 0
            for place in reader.position..<start { checksum = checksum << 8 | UInt32(bytes[place]) }
            let frame = start..<start + Int(size)
            guard CRC32C.of(bytes, in: frame) == checksum else { throw .badTag(at: start) }
            try readFrame(MessageReader(bytes).part(frame), bytes)
            reader = MessageReader(bytes).part(frame.upperBound..<bytes.count)
        }
    }

    /// Reads a compressed ReadResponse. O(bytes).
    public init(snappy body: [UInt8]) throws(WireError) {
        let bytes = try Snappy.uncompress(body, limit: RemoteReadLimits.answerBytes)
        var reader = MessageReader(bytes)
        while let field = try reader.next() {
            guard case .bytes(1, let result) = field else { continue }
            var part = reader.part(result)
            while let field = try part.next() {
                if case .bytes(1, let one) = field { try readSamples(part.part(one), bytes) }
            }
        }
    }

    // MARK: Chunks

    private mutating func readFrame(
        _ message: MessageReader, _ bytes: [UInt8]
    ) throws(WireError) {
        var reader = message
        while let field = try reader.next() {
            guard case .bytes(1, let range) = field else { continue }
            var part = reader.part(range)
            var labels: [(String, String)] = []
            var chunks: [Range<Int>] = []
            while let field = try part.next() {
                switch field {
                case .bytes(1, let label): labels.append(try Self.label(part.part(label)))
                case .bytes(2, let chunk): chunks.append(chunk)
                default: break
                }
                guard labels.count <= Self.labelsMax else {
                    throw .tooManySymbols(limit: Self.labelsMax)
                }
            }
            let known = Labels(labels)
            if series.last?.labels != known { series.append(RemoteReadSeries(labels: known)) }
            for chunk in chunks { try readChunk(part.part(chunk), bytes) }
        }
    }

    private mutating func readChunk(
        _ message: MessageReader, _ bytes: [UInt8]
    ) throws(WireError) {
        var reader = message
        var encoding: UInt64 = 0
        var content = 0..<0
        while let field = try reader.next() {
            switch field {
            case .number(3, let number): encoding = number
            case .bytes(4, let range): content = range
            default: break
            }
        }
        guard encoding == UInt64(RemoteReadChunk.Encoding.xor.rawValue) else {
            histograms += 1
            return
        }
        var source = BitSource(bytes, content)
        let count = Int(source.bits(16))
        try reserve(count, at: content.lowerBound)
        guard count > 0 else { return }
        var time = source.varint()
        var coder = XORReader(after: source.bits(64))
        add(time, coder.last)
        var delta: Int64 = 0
        for place in 1..<max(count, 1) {
            delta =
                place == 1 ? Int64(bitPattern: source.uvarint()) : delta &+ Self.change(&source)
            time = time &+ delta
            add(time, coder.next(&source))
        }
        guard !source.isPastEnd else { throw .truncated(at: content.upperBound) }
    }

    /// How much the distance to the sample before changed.
    private static func change(_ source: inout BitSource) -> Int64 {
        for width in [0, 14, 17, 20] where !source.bit() {
            return width == 0 ? 0 : source.signed(width)
        }
        return Int64(bitPattern: source.bits(64))
    }

    private mutating func reserve(_ count: Int, at place: Int) throws(WireError) {
        samples += count
        guard samples <= Self.samplesMax, count <= Self.samplesPerChunkMax else {
            throw .tooManySamples(limit: Self.samplesMax)
        }
    }

    private mutating func add(_ millis: Int64, _ bits: UInt64) {
        series[series.count - 1].times.append(Timestamp(millis: millis))
        series[series.count - 1].values.append(Double(bitPattern: bits))
    }

    // MARK: Samples

    private mutating func readSamples(
        _ message: MessageReader, _ bytes: [UInt8]
    ) throws(WireError) {
        var reader = message
        var labels: [(String, String)] = []
        var one = RemoteReadSeries(labels: .empty)
        while let field = try reader.next() {
            switch field {
            case .bytes(1, let label): labels.append(try Self.label(reader.part(label)))
            case .bytes(2, let sample):
                try reserve(1, at: sample.lowerBound)
                var part = reader.part(sample)
                var (value, millis): (UInt64, UInt64) = (0, 0)
                while !part.isAtEnd {
                    let start = part.position
                    switch try part.next() {
                    case .fixed(1):
                        // Its eight bytes follow the tag's one.
                        guard part.position - start == 9 else { throw .badTag(at: start) }
                        for place in 0..<8 {
                            value |= UInt64(bytes[start + 1 + place]) << UInt64(place * 8)
                        }
                    case .number(2, let number): millis = number
                    default: break
                    }
                }
                one.times.append(Timestamp(wire: millis))
                one.values.append(Double(bitPattern: value))
            case .bytes(4, _): histograms += 1
            default: break
            }
            guard labels.count <= Self.labelsMax else {
                throw .tooManySymbols(limit: Self.labelsMax)
            }
        }
        one.labels = Labels(labels)
        series.append(one)
    }

    private static func label(
        _ message: MessageReader
    ) throws(WireError) -> (String, String) {
        var reader = message
        var pair = ("", "")
        while let field = try reader.next() {
            switch field {
            case .bytes(1, let range): pair.0 = try reader.text(range)
            case .bytes(2, let range): pair.1 = try reader.text(range)
            default: break
            }
        }
        return pair
    }
}

extension RemoteReadRequest {
    /// Asks for what matches in a span, both ends included; rather in chunks than in samples.
    public init(matching matchers: [Matcher], from start: Timestamp, to end: Timestamp) {
        queries = [Query(start: start, end: end, matchers: matchers)]
        accepted = [.streamedChunks, .samples]
    }

    /// The body of a request.
    public func compressed() -> [UInt8] {
        var out = ByteWriter()
        for query in queries {
            var message = ByteWriter()
            message.integer(1, query.start)
            message.integer(2, query.end)
            for matcher in query.matchers {
                var part = ByteWriter()
                part.integer(1, matcher.op.wireNumber)
                part.field(2, matcher.name.utf8)
                part.field(3, matcher.value.utf8)
                message.field(3, part.bytes)
            }
            out.field(1, message.bytes)
        }
        for type in accepted { out.integer(2, type.rawValue) }
        return Snappy.compress(out.bytes)
    }
}

extension Matcher.Operator {
    fileprivate var wireNumber: UInt64 {
        switch self {
        case .equal: 0
        case .notEqual: 1
        case .matches: 2
        case .notMatches: 3
        }
    }
}
