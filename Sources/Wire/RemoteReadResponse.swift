public import Model

// Answers of remote read: one snappy-compressed ReadResponse, or frames with chunks.

/// Collects a ReadResponse with samples.
public struct RemoteReadResponse: Sendable {
    private var response = ByteWriter()
    private var result = ByteWriter()

    public init() {}

    /// Adds a series to the result of the query at hand.
    public mutating func add(_ series: OutgoingSeries) {
        result.field(1, RemoteWriteEncoder.encode(series))
    }

    /// Ends the result of a query.
    public mutating func endQuery() {
        response.field(1, result.bytes)
        result.bytes.removeAll(keepingCapacity: true)
    }

    /// Bytes so far, uncompressed.
    public var count: Int { response.bytes.count + result.bytes.count }

    /// The body.
    public func compressed() -> [UInt8] { Snappy.compress(response.bytes) }
}

/// Writes frames of ChunkedReadResponses: the length as a varint, CRC32C with its highest byte
/// first, the message.
public struct RemoteReadStream: Sendable {
    public private(set) var bytes: [UInt8] = []
    private let frameBytes: Int

    public init(frameBytes: Int = RemoteReadLimits.frameBytes) { self.frameBytes = frameBytes }

    /// Adds a series of a query; chunks that exceed a frame continue in another. A series without
    /// chunks is told once.
    public mutating func add(_ labels: Labels, _ chunks: [RemoteReadChunk], query: Int) {
        var head = ByteWriter()
        head.labels(labels)
        var series = head
        for (place, chunk) in chunks.enumerated() {
            var message = ByteWriter()
            message.integer(1, chunk.first)
            message.integer(2, chunk.last)
            message.integer(3, UInt64(chunk.encoding.rawValue))
            message.field(4, chunk.bytes)
            series.field(2, message.bytes)
            if series.bytes.count >= frameBytes && place + 1 < chunks.count {
                frame(series, query)
                series = head
            }
        }
        frame(series, query)
    }

    private mutating func frame(_ series: ByteWriter, _ query: Int) {
        var message = ByteWriter()
        message.field(1, series.bytes)
        message.integer(2, UInt64(query))
        var header = ByteWriter()
        header.varint(UInt64(message.bytes.count))
        bytes += header.bytes
        let checksum = CRC32C.of(message.bytes, in: 0..<message.bytes.count)
        for shift in [24, 16, 8, 0] as [UInt32] {
            bytes.append(UInt8(truncatingIfNeeded: checksum >> shift))
        }
        bytes += message.bytes
    }
}
