internal import Model

// A dictionary in parts of a few hundred entries. A copy shares them; the first write after it
// copies one part and the list of parts, not everything: a checkpoint that holds the alerts does
// not stall their owner (DESIGN §3.1). With few entries it is one dictionary.

/// A key that says by its bytes which part it is in.
protocol SplitKey: Hashable, Sendable {
    var bytes: [UInt8] { get }
}

extension Labels: SplitKey {}
extension GroupID: SplitKey {
    var bytes: [UInt8] { labels.bytes }
}

/// Values by key. The order of `values` and `keys` is none: sort before anything is shown.
struct SplitTable<Key: SplitKey, Value: Sendable>: Sendable {
    /// Entries a part has on average before there are twice as many parts.
    static var partMax: Int { 256 }

    /// A power of two of them, once there is an entry.
    private var parts: [[Key: Value]] = []
    private(set) var count = 0

    init() {}

    var isEmpty: Bool { count == 0 }
    var keys: [Key] { parts.flatMap(\.keys) }
    var values: [Value] { parts.flatMap(\.values) }

    /// O(1). Writes in place.
    subscript(key: Key) -> Value? {
        get { parts.isEmpty ? nil : parts[part(of: key)][key] }
        _modify {
            if parts.isEmpty { parts.append([:]) }
            let part = part(of: key)
            let before = parts[part].count
            defer {
                count += parts[part].count - before
                if count > parts.count * Self.partMax { split() }
            }
            yield &parts[part][key]
        }
    }

    private func part(of key: Key) -> Int {
        guard parts.count > 1 else { return 0 }
        // Keys that collide make one part large, as all would be without parts.
        let bytes = key.bytes
        return Int(CRC32C.of(bytes, in: 0..<bytes.count)) & (parts.count - 1)
    }

    private mutating func split() {
        let old = parts
        parts = Array(repeating: [:], count: old.count * 2)
        for part in old {
            for (key, value) in part { parts[self.part(of: key)][key] = value }
        }
    }
}
