// Hash tables of numbers whose keys live elsewhere, in shards that grow each on its own.
//
// A shard is one array of 8-byte slots, probed linearly: the number + 1 above, 32 bits of the hash
// below, so that neither growing nor a miss looks at a key. The shard is chosen by the hash's high
// bits, the home slot by scaling the low 32 to the capacity, which therefore need not be a power
// of two: shards grow by half at 80 %, and cost 10 to 15 bytes an entry. Removal shifts back what
// follows: there are no tombstones.
//
// With 1024 shards and a million entries a shard holds about 1000: growing one moves those and
// nothing else, and a write after a copy duplicates 12 KiB.

/// Finds numbers by hash; the caller says which of equal hashes is meant.
struct HashIndex: Sendable {
    fileprivate struct Shard {
        /// 0 is an empty slot.
        var slots: [UInt64] = []
        var count = 0
    }

    private var shards: [Shard]
    private let shift: UInt64
    private(set) var count = 0

    /// `1 << shardBits` shards, empty ones without memory.
    init(shardBits: Int) {
        shards = Array(repeating: Shard(), count: 1 << shardBits)
        shift = UInt64(64 - shardBits)
    }

    /// The number with this hash for which `matches` holds. O(1) expected.
    func find(_ hash: UInt64, where matches: (UInt32) -> Bool) -> UInt32? {
        let shard = Int(truncatingIfNeeded: hash >> shift)
        let tag = UInt32(truncatingIfNeeded: hash)
        let capacity = shards[shard].slots.count
        if capacity == 0 { return nil }
        var place = Self.home(tag, capacity)
        while true {
            let slot = shards[shard].slots[place]
            if slot == 0 { return nil }
            if UInt32(truncatingIfNeeded: slot) == tag {
                let number = UInt32(truncatingIfNeeded: slot >> 32) &- 1
                if matches(number) { return number }
            }
            place += 1
            if place == capacity { place = 0 }
        }
    }

    /// Adds a number below `UInt32.max` that is not there. O(1) amortised; at worst it moves the
    /// entries of one shard.
    mutating func insert(_ hash: UInt64, _ number: UInt32) {
        precondition(number < .max, "the last number marks nothing")
        let shard = Int(truncatingIfNeeded: hash >> shift)
        shards[shard].reserveOne()
        shards[shard].place(
            UInt64(number + 1) << 32 | UInt64(UInt32(truncatingIfNeeded: hash)))
        shards[shard].count += 1
        count += 1
    }

    /// Removes a number that was inserted with this hash; false when it is not there.
    @discardableResult mutating func remove(_ hash: UInt64, _ number: UInt32) -> Bool {
        let shard = Int(truncatingIfNeeded: hash >> shift)
        let slot = UInt64(number + 1) << 32 | UInt64(UInt32(truncatingIfNeeded: hash))
        guard shards[shard].remove(slot) else { return false }
        shards[shard].count -= 1
        shards[shard].releaseSome()
        count -= 1
        return true
    }

    /// Slots there are, used or not.
    var capacity: Int { shards.reduce(0) { $0 + $1.slots.count } }

    /// Where a tag's probing starts. Keeps the order of tags, so neighbours stay neighbours.
    fileprivate static func home(_ tag: UInt32, _ capacity: Int) -> Int {
        Int(truncatingIfNeeded: (UInt64(tag) &* UInt64(truncatingIfNeeded: capacity)) >> 32)
    }
}

extension HashIndex.Shard {
    private static let capacityMin = 8

    fileprivate mutating func reserveOne() {
        guard (count + 1) * 5 > slots.count * 4 else { return }
        resize(to: max(Self.capacityMin, slots.count + slots.count / 2))
    }

    /// A quarter of the entries deserves half the slots.
    fileprivate mutating func releaseSome() {
        if count == 0 { slots = [] }
        guard slots.count > 8 * Self.capacityMin && count * 5 < slots.count else { return }
        resize(to: slots.count / 2)
    }

    private mutating func resize(to capacity: Int) {
        let old = slots
        slots = Array(repeating: 0, count: capacity)
        for slot in old where slot != 0 { place(slot) }
    }

    fileprivate mutating func place(_ slot: UInt64) {
        var place = HashIndex.home(UInt32(truncatingIfNeeded: slot), slots.count)
        while slots[place] != 0 {
            place += 1
            if place == slots.count { place = 0 }
        }
        slots[place] = slot
    }

    fileprivate mutating func remove(_ slot: UInt64) -> Bool {
        let capacity = slots.count
        if capacity == 0 { return false }
        var hole = HashIndex.home(UInt32(truncatingIfNeeded: slot), capacity)
        while slots[hole] != slot {
            if slots[hole] == 0 { return false }
            hole += 1
            if hole == capacity { hole = 0 }
        }
        var next = hole
        while true {
            next += 1
            if next == capacity { next = 0 }
            let moved = slots[next]
            if moved == 0 { break }
            // It may fill the hole unless its home lies after the hole, up to where it is.
            let home = HashIndex.home(UInt32(truncatingIfNeeded: moved), capacity)
            let isBetween = hole < next ? hole < home && home <= next : hole < home || home <= next
            if isBetween { continue }
            slots[hole] = moved
            hole = next
        }
        slots[hole] = 0
        return true
    }
}
