internal import CMath
internal import Model

extension Evaluation {
    /// Each float through a function; histograms have no value then.
    @inline(__always)
    func map(_ series: inout Series, _ function: (Double) -> Double) {
        series.histograms.removeAll(keepingCapacity: true)
        for step in series.floats.indices {
            let value = series.floats[step]
            if !isAbsent(value) { series.floats[step] = function(value) }
        }
    }

    func elementwise(_ function: Function, _ series: inout Series) {
        switch function {
        case .abs: map(&series) { abs($0) }
        case .ceil: map(&series) { $0.rounded(.up) }
        case .floor: map(&series) { $0.rounded(.down) }
        case .exp: map(&series) { pitot_exp($0) }
        case .sqrt: map(&series) { $0.squareRoot() }
        case .ln: map(&series) { pitot_log($0) }
        case .log2: map(&series) { pitot_log2($0) }
        case .log10: map(&series) { pitot_log10($0) }
        case .sgn: map(&series) { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 }
        case .deg: map(&series) { $0 * 180 / Double.pi }
        case .rad: map(&series) { $0 * Double.pi / 180 }
        case .sin: map(&series) { pitot_sin($0) }
        case .cos: map(&series) { pitot_cos($0) }
        case .tan: map(&series) { pitot_tan($0) }
        case .asin: map(&series) { pitot_asin($0) }
        case .acos: map(&series) { pitot_acos($0) }
        case .atan: map(&series) { pitot_atan($0) }
        // Go overflows where the half of e^x would still be a number.
        case .sinh:
            map(&series) {
                let size = abs($0)
                if size <= 21 { return pitot_sinh($0) }
                return $0 < 0 ? -pitot_exp(size) * 0.5 : pitot_exp(size) * 0.5
            }
        case .cosh:
            map(&series) { abs($0) > 21 ? pitot_exp(abs($0)) * 0.5 : pitot_cosh($0) }
        case .tanh: map(&series) { pitot_tanh($0) }
        case .asinh: map(&series) { pitot_asinh($0) }
        case .acosh: map(&series) { pitot_acosh($0) }
        case .atanh: map(&series) { pitot_atanh($0) }
        default: break
        }
    }

    /// clamp and round, whose limits may differ from step to step.
    func limit(_ function: Function, _ parameters: [[Double]], _ series: inout Series) {
        series.histograms.removeAll(keepingCapacity: true)
        for step in series.floats.indices {
            let value = series.floats[step]
            if isAbsent(value) { continue }
            switch function {
            case .clamp:
                let (low, high) = (parameters[0][step], parameters[1][step])
                series.floats[step] = high < low ? absent : larger(low, smaller(high, value))
            case .clampMin: series.floats[step] = larger(parameters[0][step], value)
            case .clampMax: series.floats[step] = smaller(parameters[0][step], value)
            default:
                let nearest = parameters.first?[step] ?? 1
                // Through the inverse, so that 0.1 rounds as people expect.
                let inverse = 1 / nearest
                series.floats[step] = (value * inverse + 0.5).rounded(.down) / inverse
            }
        }
    }

    /// NaN when either is.
    private func larger(_ left: Double, _ right: Double) -> Double {
        left.isNaN || right.isNaN ? .nan : max(left, right)
    }

    private func smaller(_ left: Double, _ right: Double) -> Double {
        left.isNaN || right.isNaN ? .nan : min(left, right)
    }
}

/// A part of a time in UTC, of seconds since the epoch. Civil dates by Howard Hinnant's algorithm
/// (days from 0000-03-01 in eras of 400 years).
func timePart(_ function: Function, _ seconds: Double) -> Double {
    var days: Int64
    var rest: Int64
    if abs(seconds) < 9_223_372_036_854_775_808 {
        let total = Int64(seconds)
        rest = total % 86_400
        days = total / 86_400
        if rest < 0 {
            rest += 86_400
            days -= 1
        }
    } else {
        // Infinity, NaN and what is too large: Go converts it to -2^63 seconds, and its calendar
        // wraps to 2^63.
        days = 106_751_991_167_300
        rest = 55_808
    }
    switch function {
    case .hour: return Double(rest / 3600)
    case .minute: return Double(rest / 60 % 60)
    case .dayOfWeek: return Double(((days % 7) + 11) % 7)
    default: break
    }
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
        (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
    switch function {
    case .dayOfMonth: return Double(day)
    case .month: return Double(month)
    case .year: return Double(year)
    case .daysInMonth:
        if month == 2 { return isLeap ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    case .dayOfYear:
        let before: [Int64] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
        return Double(before[Int(month) - 1] + day + (isLeap && month > 2 ? 1 : 0))
    default: return .nan
    }
}
