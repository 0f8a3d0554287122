import Model

// Which attributes of spans are looked at. A span has ten or more, filters and dimensions name a
// few: the others are stepped over by their length. Attribute keys are told by their label names,
// `http.route` and `http_route` alike, as Prometheus translates them.

/// The attributes that the agent wants to see, each with a slot.
public struct SpanLens: Sendable {
    /// More attributes than these cannot be looked at.
    public static let namesMax = 64

    /// Told apart by this number: what was read by an older lens is read again.
    public let generation: UInt64
    /// Label names, by slot.
    public let names: [String]
    /// By length of a key, 63 for all that are longer: whether any of that length is wanted.
    private let lengths: UInt64
    private let table: [Entry]

    private struct Entry: Sendable {
        var hash: UInt64 = 0
        var name: [UInt8] = []
        var slot = -1
        var rank: UInt8 = 0
    }

    /// Older names of attributes, which count where the newer one is absent.
    private static let aliases = [
        "http_response_status_code": "http_status_code",
        "http_request_method": "http_method",
        "rpc_response_status_code": "rpc_grpc_status_code",
    ]

    /// A lens for these label names; those past `namesMax` are left out.
    public init(_ names: [String], generation: UInt64 = 0) {
        // A service's name is everybody's business.
        var own = [SpanLabels.serviceName]
        for name in names where !own.contains(name) && own.count < Self.namesMax {
            own.append(name)
        }
        self.names = own
        self.generation = generation
        var table = [Entry](repeating: Entry(), count: 4 * Self.namesMax)
        var lengths: UInt64 = 0
        for (slot, name) in own.enumerated() {
            let alias = Self.aliases[name].flatMap { own.contains($0) ? nil : $0 }
            for (rank, key) in [name, alias].enumerated() {
                guard let key else { continue }
                let bytes = Array(key.utf8)
                var hash = KeyHash()
                for byte in bytes { hash.add(byte) }
                var place = Int(truncatingIfNeeded: hash.value) & (table.count - 1)
                while table[place].slot >= 0 { place = (place + 1) & (table.count - 1) }
                table[place] = Entry(
                    hash: hash.value, name: bytes, slot: slot, rank: UInt8(rank + 1))
                lengths |= 1 << UInt64(min(bytes.count, 63))
            }
        }
        self.table = table
        self.lengths = lengths
    }

    /// The label name of an attribute: whatever is no letter, digit or underscore becomes one.
    public static func labelName(_ key: String) -> String {
        String(decoding: key.utf8.map(labelByte), as: UTF8.self)
    }

    @inline(__always) func wants(length: Int) -> Bool {
        lengths >> UInt64(min(length, 63)) & 1 == 1
    }

    /// The slot of a key and its rank: 1 for its own name, 2 for an older one.
    func slot(of key: WireCursor) -> (slot: Int, rank: UInt8)? {
        var hash = KeyHash()
        key.forEachByte { hash.add(labelByte($0)) }
        var place = Int(truncatingIfNeeded: hash.value) & (table.count - 1)
        while table[place].slot >= 0 {
            let entry = table[place]
            if entry.hash == hash.value, entry.name.count == key.remaining {
                var index = 0
                var isSame = true
                key.forEachByte { byte in
                    isSame = isSame && labelByte(byte) == entry.name[index]
                    index += 1
                }
                if isSame { return (entry.slot, entry.rank) }
            }
            place = (place + 1) & (table.count - 1)
        }
        return nil
    }
}

/// FNV-1a, of a few bytes.
private struct KeyHash {
    var value: UInt64 = 0xcbf2_9ce4_8422_2325

    @inline(__always) mutating func add(_ byte: UInt8) {
        value = (value ^ UInt64(byte)) &* 0x100_0000_01b3
    }
}

@inline(__always) func labelByte(_ byte: UInt8) -> UInt8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
        byte
    default: UInt8(ascii: "_")
    }
}
