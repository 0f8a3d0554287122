import Model

// Fields of a checkpoint that are checked as they are read, so that what follows can compute with
// them: the bytes may be damaged. Times stay where adding a period cannot overflow, and counters
// where adding one cannot.

extension Archive {
    private static var countMax: Int { 1 << 48 }

    /// How many of something.
    mutating func count(_ value: inout Int) {
        field(&value)
        guard isReading, !(0...Self.countMax).contains(value) else { return }
        value = 0
        fail()
    }

    /// Any double, bit for bit; a whole number takes one byte and its digits.
    mutating func number(_ value: inout Double) {
        if isReading {
            var wide: UInt64 = 0
            field(&wide)
            if wide == 1 { return field(&value) }
            let zigzag = wide >> 1
            if wide & 1 == 1 { fail() }
            value = Double(Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1))
        } else if let whole = value.wholeNumber {
            var wide = (UInt64(bitPattern: whole << 1) ^ UInt64(bitPattern: whole >> 63)) << 1
            field(&wide)
        } else {
            var mark: UInt64 = 1
            field(&mark)
            field(&value)
        }
    }

    /// Bad and total, bit for bit.
    mutating func counts(_ value: inout EventCounts) {
        number(&value.bad)
        number(&value.total)
    }
}

extension Double {
    /// The whole number that is this double bit for bit, so not for -0; up to 2^53.
    var wholeNumber: Int64? {
        guard magnitude <= 0x1p53, let whole = Int64(exactly: self),
            Double(whole).bitPattern == bitPattern
        else { return nil }
        return whole
    }
}
