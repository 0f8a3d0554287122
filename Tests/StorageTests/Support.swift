import Model

@testable import Storage

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}

func at(_ millis: Int64) -> Timestamp { Timestamp(millis: millis) }

func record(_ index: UInt64, kind: UInt8 = 1, now: Int64 = 7, _ payload: [UInt8]) -> LogRecord {
    LogRecord(kind: kind, position: LogPosition(index), now: at(now), payload: payload)
}

func encoded(_ records: [LogRecord]) -> [UInt8] {
    var bytes: [UInt8] = []
    for record in records { record.encode(into: &bytes) }
    return bytes
}

/// Everything a reader says of some bytes.
struct Reading: Equatable {
    var records: [LogRecord] = []
    var goodBytes = 0
    var end = LogEnd.clean

    init(_ bytes: [UInt8], from first: UInt64 = 1) {
        var reader = LogReader(bytes, from: LogPosition(first))
        while let record = reader.next() { records.append(record) }
        goodBytes = reader.goodBytes
        end = reader.end
    }
}
