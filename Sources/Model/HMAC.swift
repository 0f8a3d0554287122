/// RFC 2104 with SHA-256: shows that who sent something knows a key.
public enum HMAC {
    private static let block = 64

    /// The 32 bytes for a message. O(n).
    public static func sha256(_ message: [UInt8], key: [UInt8]) -> [UInt8] {
        var key = key
        if key.count > block {
            var hash = SHA256()
            hash.update(key)
            key = hash.digest
        }
        key += [UInt8](repeating: 0, count: block - key.count)
        var inner = SHA256()
        inner.update(key.map { $0 ^ 0x36 })
        inner.update(message)
        var outer = SHA256()
        outer.update(key.map { $0 ^ 0x5c })
        outer.update(inner.digest)
        return outer.digest
    }

    /// Whether both are the same, in a time that does not tell where they differ.
    public static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for (one, other) in zip(left, right) { difference |= one ^ other }
        return difference == 0
    }
}
