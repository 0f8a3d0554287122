extension Timestamp {
    /// RFC 3339 in UTC with milliseconds when there are any: "2026-11-23T16:15:25.250Z".
    public var rfc3339: String {
        let day = floor(to: .days(1))
        let date = CivilDate(days: day.millis / 86_400_000)
        let ofDay = (self - day).millis
        var text = pad(date.year, 4) + "-" + pad(date.month, 2) + "-" + pad(date.day, 2)
        text += "T" + pad(ofDay / 3_600_000, 2) + ":" + pad(ofDay / 60_000 % 60, 2)
        text += ":" + pad(ofDay / 1000 % 60, 2)
        if ofDay % 1000 != 0 { text += "." + pad(ofDay % 1000, 3) }
        return text + "Z"
    }

    /// Reads RFC 3339: `2015-07-01T20:10:30.781Z`, or with an offset instead of Z; nil for anything
    /// else. Digits after the millisecond are dropped.
    public init?(rfc3339 text: String) {
        var scanner = DigitScanner(bytes: Array(text.utf8))
        guard let year = scanner.number(4), scanner.take("-"), let month = scanner.number(2),
            scanner.take("-"), let day = scanner.number(2), scanner.take("T") || scanner.take("t"),
            let hour = scanner.number(2), scanner.take(":"), let minute = scanner.number(2),
            scanner.take(":"), let second = scanner.number(2), 1...12 ~= month,
            hour < 24, minute < 60, second < 60
        else { return nil }
        let date = CivilDate(year: year, month: month, day: day)
        guard date.isReal, let fraction = scanner.fraction(), let offset = scanner.offset(),
            scanner.isAtEnd
        else { return nil }
        let minutes = (date.days * 24 + hour) * 60 + minute - offset
        self.init(millis: (minutes * 60 + second) * 1000 + fraction)
    }
}

private func pad(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// Reads digits of a fixed number and what stands between them.
private struct DigitScanner {
    let bytes: [UInt8]
    private var place = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { place == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
        place += 1
        return true
    }

    private mutating func digit() -> Int64? {
        guard place < bytes.count,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[place])
        else { return nil }
        defer { place += 1 }
        return Int64(bytes[place] - UInt8(ascii: "0"))
    }

    mutating func number(_ digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let next = digit() else { return nil }
            value = value * 10 + next
        }
        return value
    }

    /// Milliseconds after a point, 0 without one; nil for a point and no digit.
    mutating func fraction() -> Int64? {
        guard take(".") else { return 0 }
        var digits = 0
        var value: Int64 = 0
        while let next = digit() {
            if digits < 3 { value = value * 10 + next }
            digits += 1
        }
        guard digits > 0 else { return nil }
        for _ in min(digits, 3)..<3 { value *= 10 }
        return value
    }

    /// Minutes east of UTC.
    mutating func offset() -> Int64? {
        if take("Z") || take("z") { return 0 }
        let isWest = take("-")
        guard isWest || take("+"), let hours = number(2), take(":"), let minutes = number(2) else {
            return nil
        }
        return (isWest ? -1 : 1) * (hours * 60 + minutes)
    }
}
