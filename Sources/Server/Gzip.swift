import CZlib

// gzip (RFC 1952), by zlib. What comes out has a limit that is looked at before more memory is
// taken, so that a body which inflates a thousandfold costs as much as the limit and no more.

enum GzipFault: Error, Hashable, Sendable {
    case malformed
    case tooLarge(limit: Int)
}

enum Gzip {
    private static let chunk = 256 << 10

    /// Inflates a body of one or more members. O(bytes that come out).
    static func inflate(_ body: [UInt8], limit: Int) throws(GzipFault) -> [UInt8] {
        var stream = z_stream()
        guard pitot_inflate_begin(&stream) == Z_OK else { throw .malformed }
        defer { inflateEnd(&stream) }
        var out: [UInt8] = []
        out.reserveCapacity(min(limit, 4 * body.count))
        var room = [UInt8](repeating: 0, count: chunk)
        var fault: GzipFault?
        body.withUnsafeBufferPointer { source in
            stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            stream.avail_in = UInt32(clamping: source.count)
            var isOver = source.isEmpty
            if isOver { fault = .malformed }
            while fault == nil && !isOver {
                let status = room.withUnsafeMutableBufferPointer { room -> CInt in
                    stream.next_out = room.baseAddress
                    stream.avail_out = UInt32(room.count)
                    let status = CZlib.inflate(&stream, Z_NO_FLUSH)
                    let made = room.count - Int(stream.avail_out)
                    if out.count + made > limit {
                        fault = .tooLarge(limit: limit)
                    } else {
                        out.append(contentsOf: UnsafeBufferPointer(rebasing: room[..<made]))
                    }
                    return status
                }
                switch status {
                case Z_STREAM_END:
                    isOver = stream.avail_in == 0
                    // Another member may follow.
                    if !isOver && inflateReset(&stream) != Z_OK { fault = .malformed }
                case Z_OK:
                    // All is read, and there was room for more: the end is missing.
                    if stream.avail_in == 0 && stream.avail_out > 0 { fault = .malformed }
                default: fault = fault ?? .malformed
                }
            }
        }
        if let fault { throw fault }
        return out
    }
}
