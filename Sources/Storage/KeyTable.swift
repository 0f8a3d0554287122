import Model

/// Maps 128-bit keys to series: open addressing with linear probing, 24 bytes a slot, at most 70 %
/// full. Keys are uniform already, so their low half is the hash.
struct KeyTable: Sendable {
    private struct Slot {
        var low: UInt64 = 0
        var high: UInt64 = 0
        /// Series number + 1; 0 marks an empty slot.
        var occupant: UInt32 = 0
    }

    private var slots: [Slot]
    private(set) var count = 0

    init() { slots = Array(repeating: Slot(), count: 64) }

    func find(_ low: UInt64, _ high: UInt64) -> SeriesID? {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: low) & mask
        while true {
            let slot = slots[index]
            if slot.occupant == 0 { return nil }
            if slot.low == low && slot.high == high { return SeriesID(slot.occupant - 1) }
            index = (index + 1) & mask
        }
    }

    mutating func insert(_ low: UInt64, _ high: UInt64, _ id: SeriesID) {
        if (count + 1) * 10 > slots.count * 7 { grow() }
        place(Slot(low: low, high: high, occupant: id.index + 1))
    }

    private mutating func place(_ slot: Slot) {
        let mask = slots.count - 1
        var index = Int(truncatingIfNeeded: slot.low) & mask
        while slots[index].occupant != 0 {
            if slots[index].low == slot.low && slots[index].high == slot.high {
                slots[index] = slot
                return
            }
            index = (index + 1) & mask
        }
        slots[index] = slot
        count += 1
    }

    private mutating func grow() {
        let old = slots
        slots = Array(repeating: Slot(), count: old.count * 2)
        count = 0
        for slot in old where slot.occupant != 0 { place(slot) }
    }
}
