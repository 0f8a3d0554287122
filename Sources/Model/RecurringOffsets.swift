/// The offsets of each year, from a POSIX TZ string with RFC 9636's extensions:
/// `CET-1CEST,M3.5.0,M10.5.0/3`.
struct RecurringOffsets: Hashable, Sendable {
    /// A day of each year, and the second of it at which clocks change.
    private struct Moment: Hashable, Sendable {
        enum Day: Hashable, Sendable {
            /// `Mm.w.d`: the w-th weekday d of month m; 5 is the last. Sunday is 0.
            case weekday(month: Int64, week: Int64, day: Int64)
            /// `Jn`: 1 to 365, 29 February never counted.
            case julian(Int64)
            /// `n`: 0 to 365.
            case ordinal(Int64)
        }
        var day: Day
        var second: Int64 = 2 * 3600

        /// Local seconds since the epoch.
        func seconds(in year: Int64) -> Int64 {
            let newYear = CivilDate(year: year, month: 1, day: 1).days
            let days: Int64
            switch day {
            case .ordinal(let number): days = newYear + number
            case .julian(let number):
                let isLeap = CivilDate(year: year, month: 2, day: 29).isReal
                days = newYear + number - 1 + (isLeap && number >= 60 ? 1 : 0)
            case .weekday(let month, let week, let day):
                let first = CivilDate(year: year, month: month, day: 1)
                // `weekday` counts from Monday, the rule from Sunday.
                let shift = (day + 6) % 7 - first.weekday
                var number = first.days + (shift + 7) % 7 + (week - 1) * 7
                if number >= first.firstOfMonth(adding: 1).days { number -= 7 }
                days = number
            }
            return days * 86_400 + second
        }
    }

    private let standard: Int64
    private var summer: Int64?
    private var begin = Moment(day: .ordinal(0))
    private var end = Moment(day: .ordinal(0))

    /// Nil when the text is no such rule.
    init?(posix text: [UInt8]) {
        var scanner = RuleScanner(text: text)
        guard scanner.skipName(), let offset = scanner.time() else { return nil }
        standard = -offset
        if scanner.isAtEnd { return }
        guard scanner.skipName() else { return nil }
        summer = standard + 3600
        if !scanner.isNext(",") {
            guard let offset = scanner.time() else { return nil }
            summer = -offset
        }
        guard let first = Self.moment(&scanner), let second = Self.moment(&scanner),
            scanner.isAtEnd
        else { return nil }
        begin = first
        end = second
    }

    private static func moment(_ scanner: inout RuleScanner) -> Moment? {
        guard scanner.take(",") else { return nil }
        var moment: Moment
        if scanner.take("M") {
            guard let month = scanner.number(1...12), scanner.take("."),
                let week = scanner.number(1...5), scanner.take("."), let day = scanner.number(0...6)
            else { return nil }
            moment = Moment(day: .weekday(month: month, week: week, day: day))
        } else if scanner.take("J") {
            guard let number = scanner.number(1...365) else { return nil }
            moment = Moment(day: .julian(number))
        } else {
            guard let number = scanner.number(0...365) else { return nil }
            moment = Moment(day: .ordinal(number))
        }
        if scanner.take("/") {
            guard let second = scanner.time() else { return nil }
            moment.second = second
        }
        return moment
    }

    /// The transitions of the year of `seconds`, the one before and the one after, ascending.
    func transitions(around seconds: Int64) -> [OffsetTransition] {
        guard let summer else { return [] }
        let day = Timestamp(millis: seconds * 1000).floor(to: .days(1)).millis / 86_400_000
        let year = CivilDate(days: day).year
        var found: [OffsetTransition] = []
        for near in (year - 1)...(year + 1) {
            found.append(OffsetTransition(at: begin.seconds(in: near) - standard, offset: summer))
            found.append(OffsetTransition(at: end.seconds(in: near) - summer, offset: standard))
        }
        // Where one summer ends as the next begins, it is always summer.
        let rank = { (one: OffsetTransition) in (one.at, one.offset == summer ? 1 : 0) }
        return found.sorted { rank($0) < rank($1) }
    }

    func offset(at seconds: Int64) -> Int64 {
        transitions(around: seconds).last { $0.at <= seconds }?.offset ?? standard
    }
}

/// Reads the pieces of a POSIX TZ string.
private struct RuleScanner {
    let text: [UInt8]
    private var place = 0

    init(text: [UInt8]) { self.text = text }

    var isAtEnd: Bool { place == text.count }

    func isNext(_ character: Unicode.Scalar) -> Bool {
        place < text.count && text[place] == UInt8(ascii: character)
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard isNext(character) else { return false }
        place += 1
        return true
    }

    /// Three letters or more, or anything in angle brackets.
    mutating func skipName() -> Bool {
        if take("<") {
            while place < text.count && !isNext(">") { place += 1 }
            return take(">")
        }
        let start = place
        while place < text.count, Unicode.Scalar(text[place]).properties.isAlphabetic { place += 1 }
        return place - start >= 3
    }

    mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
        let start = place
        var value: Int64 = 0
        while place < text.count, place - start < 3,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(text[place])
        {
            value = value * 10 + Int64(text[place] - UInt8(ascii: "0"))
            place += 1
        }
        return place > start && range.contains(value) ? value : nil
    }

    /// `[+-]h[h[h]][:mm[:ss]]` in seconds, up to a week.
    mutating func time() -> Int64? {
        let isNegative = take("-")
        if !isNegative { _ = take("+") }
        guard let hours = number(0...167) else { return nil }
        var seconds = hours * 3600
        if take(":") {
            guard let minutes = number(0...59) else { return nil }
            seconds += minutes * 60
            if take(":") {
                guard let rest = number(0...59) else { return nil }
                seconds += rest
            }
        }
        return isNegative ? -seconds : seconds
    }
}
