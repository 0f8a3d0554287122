import Model

/// A cache from 128-bit keys to series: open addressing with linear probing, 20 bytes a slot.
///
/// It is sharded like `HashIndex`: 512 tables that grow by half at 80 %, each on its own, so that
/// no insertion moves more than one shard's entries (2,000 of a million keys, about 40 us) and a
/// key costs 25 to 38 bytes. A shard that has reached its share of `countMax` starts over: what is
/// still in use is found by its labels once more.
struct KeyTable: Sendable {
    /// Words of four bytes, since a slot with eight-byte words would take 24 bytes.
    fileprivate struct Slot {
        var lowA: UInt32 = 0
        var lowB: UInt32 = 0
        var highA: UInt32 = 0
        var highB: UInt32 = 0
        /// Series number + 1; 0 marks an empty slot.
        var occupant: UInt32 = 0

        init() {}

        init(_ low: UInt64, _ high: UInt64, _ id: SeriesID) {
            lowA = UInt32(truncatingIfNeeded: low)
            lowB = UInt32(truncatingIfNeeded: low >> 32)
            highA = UInt32(truncatingIfNeeded: high)
            highB = UInt32(truncatingIfNeeded: high >> 32)
            occupant = id.index + 1
        }

        var low: UInt64 { UInt64(lowB) << 32 | UInt64(lowA) }
        var high: UInt64 { UInt64(highB) << 32 | UInt64(highA) }
    }

    fileprivate struct Shard {
        var slots: [Slot] = []
        var count = 0
    }

    private static let shardBits = 9

    private var shards = Array(repeating: Shard(), count: 1 << KeyTable.shardBits)
    private let shardMax: Int
    private(set) var count = 0
    /// Keys that were dropped for the bound's sake.
    private(set) var evicted = 0

    /// Holds `countMax` keys at most, to within the unevenness of the shards.
    init(countMax: Int = .max) {
        shardMax = max(8, countMax >> Self.shardBits)
    }

    func find(_ low: UInt64, _ high: UInt64) -> SeriesID? {
        let hash = Self.hash(low, high)
        let shard = Self.shard(hash)
        let capacity = shards[shard].slots.count
        if capacity == 0 { return nil }
        var place = Self.home(hash, capacity)
        while true {
            let slot = shards[shard].slots[place]
            if slot.occupant == 0 { return nil }
            if slot.low == low && slot.high == high { return SeriesID(slot.occupant - 1) }
            place += 1
            if place == capacity { place = 0 }
        }
    }

    /// Remembers a key, or gives a known one another series.
    mutating func insert(_ low: UInt64, _ high: UInt64, _ id: SeriesID) {
        let hash = Self.hash(low, high)
        let shard = Self.shard(hash)
        let slot = Slot(low, high, id)
        if (shards[shard].count + 1) * 5 > shards[shard].slots.count * 4 {
            if shards[shard].count >= shardMax {
                count -= shards[shard].count
                evicted += shards[shard].count
                shards[shard] = Shard()
            }
            shards[shard].grow()
        }
        if shards[shard].place(slot, hash) { count += 1 }
    }

    /// Slots there are, used or not.
    var capacity: Int { shards.reduce(0) { $0 + $1.slots.count } }

    /// Keys are uniform, but tests and other callers may use few of their bits.
    fileprivate static func hash(_ low: UInt64, _ high: UInt64) -> UInt64 {
        (low ^ (high &* 0xd1b5_4a32_d192_ed03)) &* 0x9e37_79b9_7f4a_7c15
    }

    private static func shard(_ hash: UInt64) -> Int {
        Int(truncatingIfNeeded: hash >> UInt64(64 - shardBits))
    }

    fileprivate static func home(_ hash: UInt64, _ capacity: Int) -> Int {
        let middle = (hash >> UInt64(32 - shardBits)) & 0xffff_ffff
        return Int(truncatingIfNeeded: (middle &* UInt64(truncatingIfNeeded: capacity)) >> 32)
    }
}

extension KeyTable.Shard {
    fileprivate mutating func grow() {
        let old = slots
        slots = Array(repeating: KeyTable.Slot(), count: max(8, old.count + old.count / 4))
        count = 0
        for slot in old where slot.occupant != 0 {
            _ = place(slot, KeyTable.hash(slot.low, slot.high))
        }
    }

    /// True when the key was not there.
    fileprivate mutating func place(_ slot: KeyTable.Slot, _ hash: UInt64) -> Bool {
        var place = KeyTable.home(hash, slots.count)
        while slots[place].occupant != 0 {
            if slots[place].low == slot.low && slots[place].high == slot.high {
                slots[place] = slot
                return false
            }
            place += 1
            if place == slots.count { place = 0 }
        }
        slots[place] = slot
        count += 1
        return true
    }
}
