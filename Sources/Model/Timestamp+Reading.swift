extension Timestamp {
    /// Reads RFC 3339: `2015-07-01T20:10:30.781Z`, or with an offset instead of Z; nil for anything
    /// else. Digits after the millisecond are dropped.
    public init?(rfc3339 text: String) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count,
                bytes[range].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
            else { return nil }
            return bytes[range].reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
        }
        func holds(_ character: Unicode.Scalar, at place: Int) -> Bool {
            place < bytes.count && bytes[place] == UInt8(ascii: character)
        }
        guard let year = number(0..<4), holds("-", at: 4), let month = number(5..<7),
            holds("-", at: 7), let day = number(8..<10), holds("T", at: 10) || holds("t", at: 10),
            let hour = number(11..<13), holds(":", at: 13), let minute = number(14..<16),
            holds(":", at: 16), let second = number(17..<19), 1...12 ~= month, 1...31 ~= day,
            hour < 24, minute < 60, second < 60
        else { return nil }
        var place = 19
        var fraction: Int64 = 0
        if holds(".", at: place) {
            var end = place + 1
            while number(end..<end + 1) != nil { end += 1 }
            guard end > place + 1 else { return nil }
            for digit in 0..<3 {
                let at = place + 1 + digit
                fraction = fraction * 10 + (at < end ? number(at..<at + 1) ?? 0 : 0)
            }
            place = end
        }
        var offset: Int64 = 0
        if holds("Z", at: place) || holds("z", at: place) {
            place += 1
        } else if holds("+", at: place) || holds("-", at: place),
            let hours = number(place + 1..<place + 3), holds(":", at: place + 3),
            let minutes = number(place + 4..<place + 6)
        {
            offset = (holds("-", at: place) ? -1 : 1) * (hours * 60 + minutes)
            place += 6
        } else {
            return nil
        }
        guard place == bytes.count else { return nil }
        // Days since 1970 in the proleptic Gregorian calendar, years beginning in March.
        let shifted = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days =
            365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
        let minutes = (days * 24 + hour) * 60 + minute - offset
        self.init(millis: (minutes * 60 + second) * 1000 + fraction)
    }
}
