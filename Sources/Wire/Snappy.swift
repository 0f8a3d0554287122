internal import CSnappy

/// The snappy block format, through libsnappy.
public enum Snappy {
    /// Decodes one block of at most `limit` bytes. The claimed length is checked before allocating.
    public static func uncompress(
        _ compressed: UnsafeRawBufferPointer, limit: Int
    ) throws(WireError) -> [UInt8] {
        guard let base = compressed.baseAddress, unsafe !compressed.isEmpty else {
            throw .emptyBody
        }
        let source = unsafe base.assumingMemoryBound(to: CChar.self)
        var length = 0
        guard unsafe snappy_uncompressed_length(source, compressed.count, &length) == SNAPPY_OK
        else { throw .badSnappy }
        guard length <= limit else { throw .tooLarge(limit: limit) }
        var isGood = false
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            guard let target = buffer.baseAddress else {
                isGood =
                    unsafe snappy_validate_compressed_buffer(source, compressed.count) == SNAPPY_OK
                return
            }
            isGood = unsafe target.withMemoryRebound(to: CChar.self, capacity: length) {
                unsafe snappy_uncompress(source, compressed.count, $0, &length) == SNAPPY_OK
            }
            count = isGood ? length : 0
        }
        guard isGood else { throw .badSnappy }
        return bytes
    }

    /// Decodes one block held in an array.
    public static func uncompress(_ compressed: [UInt8], limit: Int) throws(WireError) -> [UInt8] {
        // A closure of the standard library's would erase the error's type; Result carries it.
        let result = unsafe compressed.withUnsafeBytes { bytes -> Result<[UInt8], WireError> in
            do throws(WireError) {
                return .success(try unsafe uncompress(bytes, limit: limit))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Encodes one block.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] {
        let capacity = snappy_max_compressed_length(bytes.count)
        return unsafe [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            var length = capacity
            let status = unsafe bytes.withUnsafeBytes { source in
                unsafe buffer.withMemoryRebound(to: CChar.self) { target in
                    unsafe snappy_compress(
                        source.assumingMemoryBound(to: CChar.self).baseAddress, bytes.count,
                        target.baseAddress, &length)
                }
            }
            precondition(status == SNAPPY_OK, "the target holds snappy's own maximum")
            count = length
        }
    }
}
