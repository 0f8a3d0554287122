import Model

/// A cache from 128-bit keys to series: open addressing with linear probing, 16 bytes a slot.
///
/// It is sharded like `HashIndex`: 512 tables that grow by a quarter at 60 %, each on its own, so
/// that no insertion moves more than one shard's entries (2,000 of a million keys, about 40 us) and
/// a key costs 27 to 33 bytes. A shard that has reached its share of `countMax` starts over: what
/// is still in use is found by its labels once more.
///
/// Of a key's 128 bits 96 are compared, so that four slots share a cache line. Keys are hashes with
/// a secret seed: that any two of a million agree has a probability of 2^-57.
struct KeyTable: Sendable {
    private var shards = KeyShards()
    private let shardMax: Int
    private(set) var count = 0
    /// Keys that were dropped for the bound's sake.
    private(set) var evicted = 0

    /// Holds `countMax` keys at most, to within the unevenness of the shards.
    init(countMax: Int = .max) {
        shardMax = max(8, countMax >> KeyShards.bits)
    }

    func find(_ low: UInt64, _ high: UInt64) -> SeriesID? {
        shards.find(low, UInt32(truncatingIfNeeded: high))
    }

    /// Remembers a key, or gives a known one another series. O(1) amortised; the first insertion
    /// after the table was copied copies all of it.
    mutating func insert(_ low: UInt64, _ high: UInt64, _ id: SeriesID) {
        if !isKnownUniquelyReferenced(&shards) { shards = KeyShards(copying: shards) }
        let slot = KeyShards.Slot(
            low: low, high: UInt32(truncatingIfNeeded: high), occupant: id.index + 1)
        let (isNew, dropped) = shards.insert(slot, shardMax: shardMax)
        count += (isNew ? 1 : 0) - dropped
        evicted += dropped
    }

    /// Slots there are, used or not.
    var capacity: Int { shards.capacity }
}

/// The memory of a `KeyTable`. Pointers, because an array's header would be one more cache miss for
/// each sample: 42 instead of 24 ns a lookup among a million keys.
///
/// Sendable is sound: only `KeyTable.insert` changes it, after making sure that it is the only
/// owner. Every access is in bounds: a place is below its shard's capacity, a shard below 512.
@safe private final class KeyShards: @unchecked Sendable {
    struct Slot {
        var low: UInt64 = 0
        var high: UInt32 = 0
        /// Series number + 1; 0 marks an empty slot.
        var occupant: UInt32 = 0
    }

    @unsafe private struct Shard {
        var slots: UnsafeMutablePointer<Slot>
        var capacity: Int
        var count = 0

        /// Empty, with at least one slot.
        init(capacity: Int) {
            unsafe slots = .allocate(capacity: capacity)
            unsafe slots.initialize(repeating: Slot(), count: capacity)
            unsafe self.capacity = capacity
        }
    }

    static let bits = 9
    private static let capacityMin = 8
    private let shards: UnsafeMutablePointer<Shard>

    init() {
        unsafe shards = .allocate(capacity: 1 << Self.bits)
        for index in 0..<(1 << Self.bits) {
            unsafe (shards + index).initialize(to: Shard(capacity: Self.capacityMin))
        }
    }

    init(copying other: KeyShards) {
        unsafe shards = .allocate(capacity: 1 << Self.bits)
        for index in 0..<(1 << Self.bits) {
            let source = unsafe other.shards[index]
            var copy = unsafe Shard(capacity: source.capacity)
            unsafe copy.slots.update(from: source.slots, count: source.capacity)
            unsafe copy.count = source.count
            unsafe (shards + index).initialize(to: copy)
        }
    }

    deinit {
        for index in 0..<(1 << Self.bits) { unsafe shards[index].slots.deallocate() }
        unsafe shards.deallocate()
    }

    var capacity: Int {
        (0..<(1 << Self.bits)).reduce(0) { unsafe $0 + shards[$1].capacity }
    }

    func find(_ low: UInt64, _ high: UInt32) -> SeriesID? {
        let hash = Self.hash(low, high)
        let shard = unsafe shards[Self.shard(hash)]
        var place = unsafe Self.home(hash, shard.capacity)
        while true {
            let slot = unsafe shard.slots[place]
            if slot.occupant == 0 { return nil }
            if slot.low == low && slot.high == high { return SeriesID(slot.occupant &- 1) }
            place &+= 1
            if unsafe place == shard.capacity { place = 0 }
        }
    }

    /// Whether the key was not there, and how many keys had to go.
    func insert(_ slot: Slot, shardMax: Int) -> (isNew: Bool, dropped: Int) {
        let index = Self.shard(Self.hash(slot.low, slot.high))
        if find(slot.low, slot.high) != nil {
            unsafe Self.place(slot, &shards[index])
            return (false, 0)
        }
        var dropped = 0
        let full = unsafe shards[index]
        if unsafe (full.count + 1) * 5 > full.capacity * 3 {
            if unsafe full.count >= shardMax {
                unsafe shards[index] = Shard(capacity: Self.capacityMin)
                dropped = unsafe full.count
            } else {
                var grown = unsafe Shard(capacity: full.capacity + full.capacity / 4)
                for place in unsafe 0..<full.capacity {
                    let slot = unsafe full.slots[place]
                    if slot.occupant != 0 { unsafe Self.place(slot, &grown) }
                }
                unsafe shards[index] = grown
            }
            unsafe full.slots.deallocate()
        }
        unsafe Self.place(slot, &shards[index])
        return (true, dropped)
    }

    /// Puts a slot where its key is or belongs; there is room.
    private static func place(_ slot: Slot, _ shard: inout Shard) {
        var place = unsafe home(hash(slot.low, slot.high), shard.capacity)
        while unsafe shard.slots[place].occupant != 0 {
            let other = unsafe shard.slots[place]
            if other.low == slot.low && other.high == slot.high {
                unsafe shard.slots[place] = slot
                return
            }
            place += 1
            if unsafe place == shard.capacity { place = 0 }
        }
        unsafe shard.slots[place] = slot
        unsafe shard.count += 1
    }

    /// Keys are uniform, but tests and other callers may use few of their bits.
    private static func hash(_ low: UInt64, _ high: UInt32) -> UInt64 {
        (low ^ UInt64(high) << 32) &* 0x9e37_79b9_7f4a_7c15
    }

    private static func shard(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash >> UInt64(64 - bits))
    }

    private static func home(_ hash: UInt64, _ capacity: Int) -> Int {
        let middle = (hash >> UInt64(32 - bits)) & 0xffff_ffff
        return Int(truncatingIfNeeded: (middle &* UInt64(truncatingIfNeeded: capacity)) >> 32)
    }
}
