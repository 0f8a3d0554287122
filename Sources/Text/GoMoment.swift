internal import Model

// A time written by an example, as Go's `time.Format` has it: the layout is the reference time
// Mon Jan 2 15:04:05 MST 2006 in the wanted form. UTC.

/// A moment to be written in a layout.
struct GoMoment {
    /// Go's zero time, in seconds since 1970.
    static let zero = -62_135_596_800.0
    /// Since 1970.
    let seconds: Double

    init(_ value: TemplateValue) throws(TemplateFault) {
        guard case .time(let seconds) = value, abs(seconds) < 1e11 else {
            throw TemplateFault("wrong type for value; expected time.Time; got \(value.typeName)")
        }
        self.seconds = seconds
    }

    var rfc3339: String { (try? text("2006-01-02T15:04:05.999Z07:00")) ?? "" }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let days = [
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
    ]
    /// The longest first where one begins another.
    private static let elements = [
        "January", "Jan", "Monday", "Mon", "MST", "2006", "-07:00", "-0700", "-07", "Z07:00",
        "Z0700", "01", "02", "03", "04", "05", "06", "002", "15", "_2", "PM", "pm", "1", "2", "3",
        "4", "5",
    ]

    /// The time in a layout of at most 1024 bytes.
    func text(_ layout: String) throws(TemplateFault) -> String {
        guard layout.utf8.count <= 1024 else { throw TemplateFault("layout is too long") }
        var out = ""
        var rest = layout[...]
        while !rest.isEmpty {
            if let fraction = Self.fraction(at: rest) {
                out += fractionText(fraction)
                rest = rest.dropFirst(fraction.count)
            } else if let element = Self.elements.first(where: { rest.hasPrefix($0) }),
                !(element == "Jan" && rest.dropFirst(3).first?.isLowercase == true),
                !(element == "Mon" && rest.dropFirst(3).first?.isLowercase == true)
            {
                out += value(of: element)
                rest = rest.dropFirst(element.count)
            } else {
                out.append(rest.removeFirst())
            }
        }
        return out
    }

    /// `.000` or `,999`: a fraction of so many digits, not followed by another digit.
    private static func fraction(at rest: Substring) -> Substring? {
        guard let point = rest.first, point == "." || point == ",",
            let digit = rest.dropFirst().first, digit == "0" || digit == "9"
        else { return nil }
        let digits = rest.dropFirst().prefix { $0 == digit }
        let isLast = rest.dropFirst(1 + digits.count).first?.isNumber != true
        return isLast ? rest.prefix(1 + digits.count) : nil
    }

    private func fractionText(_ layout: Substring) -> String {
        let millis = Int((seconds * 1000).rounded() - (seconds.rounded(.down) * 1000)) % 1000
        var digits = String(millis)
        digits = String(repeating: "0", count: 3 - digits.count) + digits
        let count = layout.count - 1
        digits = String((digits + String(repeating: "0", count: 9)).prefix(count))
        if layout.last == "9" {
            while digits.last == "0" { digits.removeLast() }
            if digits.isEmpty { return "" }
        }
        return layout.prefix(1) + digits
    }

    private func value(of element: String) -> String {
        let whole = Int64(seconds.rounded(.down))
        let day = whole >= 0 ? whole / 86_400 : (whole - 86_399) / 86_400
        let second = whole - day * 86_400
        let date = CivilDate(days: day)
        let hour = second / 3600
        let half = hour % 12 == 0 ? 12 : hour % 12
        func padded(_ value: Int64, _ width: Int, _ pad: String = "0") -> String {
            let digits = String(value)
            return String(repeating: pad, count: max(0, width - digits.count)) + digits
        }
        let weekday = Self.days[Int(((day + 3) % 7 + 7) % 7)]
        let month = Self.months[Int(date.month - 1)]
        switch element {
        case "2006": return padded(date.year, 4)
        case "06": return padded(date.year % 100, 2)
        case "January": return month
        case "Jan": return String(month.prefix(3))
        case "01": return padded(date.month, 2)
        case "1": return String(date.month)
        case "Monday": return weekday
        case "Mon": return String(weekday.prefix(3))
        case "02": return padded(date.day, 2)
        case "_2": return padded(date.day, 2, " ")
        case "2": return String(date.day)
        case "002":
            return padded(day - CivilDate(year: date.year, month: 1, day: 1).days + 1, 3)
        case "15": return padded(hour, 2)
        case "03": return padded(half, 2)
        case "3": return String(half)
        case "04": return padded(second / 60 % 60, 2)
        case "4": return String(second / 60 % 60)
        case "05": return padded(second % 60, 2)
        case "5": return String(second % 60)
        case "PM": return hour >= 12 ? "PM" : "AM"
        case "pm": return hour >= 12 ? "pm" : "am"
        case "MST": return "UTC"
        case "Z07:00", "Z0700": return "Z"
        case "-07:00": return "+00:00"
        case "-0700": return "+0000"
        default: return "+00"
        }
    }
}
