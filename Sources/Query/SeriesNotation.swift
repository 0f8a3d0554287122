public import Model
internal import Text

// The notation of series in promqltest scripts and in unit tests of rules:
// `metric{label="value"} 1 2+3x4 _ _x2 stale {{schema:1 count:3 buckets:[1 2]}}+{{...}}x3`.

/// One place in a sequence of values.
public enum SequenceValue: Sendable {
    /// Nothing at this time.
    case omitted
    case float(Double)
    /// A histogram, and whether its reset hint was written.
    case histogram(Histogram, hasHint: Bool)

    /// A stale marker is a float.
    public static let stale = SequenceValue.float(absent)
}

/// A series as written: its labels and its values.
public struct SeriesNotation: Sendable {
    public var labels: Labels
    public var values: [SequenceValue]

    /// The most values that a line may stand for.
    public static let valuesMax = 1_000_000

    /// Reads a line.
    public init(parsing line: String) throws(QueryError) {
        var scanner = NotationScanner(line)
        do throws(ParseError) {
            labels = try scanner.labels()
            values = try scanner.values()
        } catch {
            throw .parse(error)
        }
    }

    /// Reads only the labels, as unit tests of rules write expected samples; nothing is no labels.
    public static func labels(_ text: String) throws(QueryError) -> Labels {
        var scanner = NotationScanner(text)
        scanner.skipBlanks()
        if scanner.index == scanner.bytes.count { return .empty }
        do throws(ParseError) {
            let labels = try scanner.labels()
            scanner.skipBlanks()
            guard scanner.index == scanner.bytes.count else {
                throw scanner.error("unexpected text behind labels")
            }
            return labels
        } catch {
            throw .parse(error)
        }
    }

    /// Reads only the values, as unit tests of rules write them.
    public static func values(_ text: String) throws(QueryError) -> [SequenceValue] {
        var scanner = NotationScanner(text)
        do throws(ParseError) {
            return try scanner.values()
        } catch {
            throw .parse(error)
        }
    }
}

private struct NotationScanner {
    let text: String
    let bytes: [UInt8]
    var index = 0

    init(_ text: String) {
        self.text = text
        bytes = Array(text.utf8)
    }

    var next: UInt8 { index < bytes.count ? bytes[index] : 0 }

    func error(_ what: String, expected: String? = nil) -> ParseError {
        ParseError(text, SourceRange(index, index), what, expected: expected)
    }

    mutating func skipBlanks() {
        while next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { index += 1 }
    }

    mutating func take(_ word: String) -> Bool {
        guard bytes[index...].starts(with: word.utf8) else { return false }
        index += word.utf8.count
        return true
    }

    // MARK: Labels

    mutating func labels() throws(ParseError) -> Labels {
        var pairs: [(String, String)] = []
        skipBlanks()
        let start = index
        while isAlpha(next) || isDigit(next) || next == UInt8(ascii: ":") { index += 1 }
        if index > start { pairs.append((Labels.metricName, slice(start))) }
        skipBlanks()
        let hasValues = bytes[index...].starts(with: "{{".utf8)
        if next == UInt8(ascii: "{") && !(hasValues && index > start) {
            index += 1
            skipBlanks()
            while next != UInt8(ascii: "}") {
                let name = try labelName()
                skipBlanks()
                if take("=") {
                    skipBlanks()
                    pairs.append((name, try quotedText()))
                } else {
                    pairs.append((Labels.metricName, name))
                }
                skipBlanks()
                guard take(",") else { break }
                skipBlanks()
            }
            guard take("}") else { throw error("unexpected text in labels", expected: "\"}\"") }
        } else if pairs.isEmpty {
            throw error("no series", expected: "metric{label=\"value\"}")
        }
        return Labels(pairs)
    }

    private func slice(_ start: Int) -> String {
        String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func labelName() throws(ParseError) -> String {
        if next == UInt8(ascii: "\"") || next == UInt8(ascii: "'") { return try quotedText() }
        let start = index
        while isAlpha(next) || isDigit(next) { index += 1 }
        guard index > start else { throw error("unexpected text", expected: "a label name") }
        return slice(start)
    }

    private mutating func quotedText() throws(ParseError) -> String {
        let quote = next
        guard [UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`")].contains(quote) else {
            throw error("unexpected text", expected: "a text in quotes")
        }
        index += 1
        let start = index
        while index < bytes.count && next != quote {
            if next == UInt8(ascii: "\\") && quote != UInt8(ascii: "`") { index += 1 }
            index += 1
        }
        guard index < bytes.count else { throw error("unterminated text") }
        let content = Array(bytes[start..<index])
        index += 1
        if quote == UInt8(ascii: "`") { return String(decoding: content, as: UTF8.self) }
        guard let value = unescaped(content) else { throw error("invalid escape") }
        return String(decoding: value, as: UTF8.self)
    }

    // MARK: Values

    mutating func values() throws(ParseError) -> [SequenceValue] {
        var list: [SequenceValue] = []
        skipBlanks()
        while index < bytes.count {
            try value(into: &list)
            let end = index
            skipBlanks()
            if index < bytes.count && index == end {
                throw error("unexpected text in values", expected: "a blank between values")
            }
        }
        return list
    }

    private mutating func value(into list: inout [SequenceValue]) throws(ParseError) {
        if take("_") {
            try append(.omitted, times: try repeats(plus: 0) ?? 1, to: &list)
        } else if take("stale") {
            try append(.stale, times: 1, to: &list)
        } else if bytes[index...].starts(with: "{{".utf8) {
            try histograms(into: &list)
        } else {
            let first = try number()
            var step = 0.0
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { step = try number() }
            let count = try repeats(plus: 1) ?? 1
            try room(count, list)
            var value = first
            for _ in 0..<count {
                list.append(.float(value))
                value += step
            }
        }
    }

    private func room(_ count: Int, _ list: [SequenceValue]) throws(ParseError) {
        guard count <= SeriesNotation.valuesMax - list.count else {
            throw error("more than \(SeriesNotation.valuesMax) values in a line")
        }
    }

    private func append(
        _ value: SequenceValue, times: Int, to list: inout [SequenceValue]
    ) throws(ParseError) {
        try room(times, list)
        for _ in 0..<times { list.append(value) }
    }

    /// `x5`: five times more.
    private mutating func repeats(plus extra: Int) throws(ParseError) -> Int? {
        guard take("x") else { return nil }
        let start = index
        while isDigit(next) { index += 1 }
        guard let count = Int(slice(start)), count < SeriesNotation.valuesMax else {
            throw error("invalid repetition", expected: "a whole number after x")
        }
        return count + extra
    }

    private mutating func number() throws(ParseError) -> Double {
        let start = index
        if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { index += 1 }
        if isDigit(next) || next == UInt8(ascii: ".") {
            let digits = index
            // "0x10" here is zero ten times, not sixteen.
            while isDigit(next) || next == UInt8(ascii: ".") { index += 1 }
            if next | 0x20 == UInt8(ascii: "e"), index > digits {
                index = numberEnd(bytes, from: index - 1)
            }
        } else {
            while isAlpha(next), next != UInt8(ascii: "x") { index += 1 }
        }
        guard let value = parseGoNumber(slice(start)) else {
            throw error("unexpected text", expected: "a number, _, stale or {{histogram}}")
        }
        return value
    }

    // MARK: Histograms

    private mutating func histograms(into list: inout [SequenceValue]) throws(ParseError) {
        let (first, hasHint) = try histogram()
        let isPlus = next == UInt8(ascii: "+")
        let isMinus = next == UInt8(ascii: "-")
        guard isPlus || isMinus else {
            let count = try repeats(plus: 1) ?? 1
            try append(.histogram(first, hasHint: hasHint), times: count, to: &list)
            return
        }
        index += 1
        let (step, _) = try histogram()
        guard let count = try repeats(plus: 1) else { throw error("no repetition", expected: "x") }
        try room(count, list)
        var value = first
        for place in 0..<count {
            if place > 0 {
                do throws(HistogramMismatch) {
                    if isPlus { try value.add(step) } else { try value.subtract(step) }
                } catch {
                    throw self.error("histograms of different layouts cannot be added")
                }
            }
            list.append(.histogram(value, hasHint: hasHint))
        }
    }

    private mutating func histogram() throws(ParseError) -> (Histogram, hasHint: Bool) {
        guard take("{{") else { throw error("unexpected text", expected: "{{histogram}}") }
        var value = Histogram()
        var hasHint = false
        var (offset, negativeOffset) = (0, 0)
        var (positive, negative): ([Double], [Double]) = ([], [])
        skipBlanks()
        while !take("}}") {
            let start = index
            while isAlpha(next) { index += 1 }
            let key = slice(start)
            guard take(":") else { throw error("unexpected text in histogram", expected: "key:") }
            switch key {
            case "schema": value.schema = Int32(clamping: Int(try number()))
            case "sum": value.sum = try number()
            case "count": value.count = try number()
            case "z_bucket": value.zeroCount = try number()
            case "z_bucket_w": value.zeroThreshold = try number()
            case "offset": offset = Int(try number())
            case "n_offset": negativeOffset = Int(try number())
            case "buckets": positive = try list()
            case "n_buckets": negative = try list()
            case "custom_values": value.customBounds = try list()
            case "counter_reset_hint":
                value.resetHint = try hint()
                hasHint = true
            default: throw error("unknown key \"\(key)\" in histogram")
            }
            skipBlanks()
        }
        func buckets(_ counts: [Double], _ offset: Int) -> Histogram.Buckets {
            if counts.isEmpty { return .none }
            return Histogram.Buckets(
                spans: [
                    Histogram.Span(offset: Int32(clamping: offset), length: UInt32(counts.count))
                ],
                counts: counts)
        }
        value.positive = buckets(positive, offset)
        value.negative = buckets(negative, negativeOffset)
        return (value, hasHint)
    }

    private mutating func list() throws(ParseError) -> [Double] {
        guard take("[") else { throw error("unexpected text", expected: "[") }
        var list: [Double] = []
        skipBlanks()
        while !take("]") {
            list.append(try number())
            skipBlanks()
        }
        return list
    }

    private mutating func hint() throws(ParseError) -> Histogram.ResetHint {
        let start = index
        while isAlpha(next) { index += 1 }
        switch slice(start) {
        case "unknown": return .unknown
        case "reset": return .reset
        case "not_reset": return .noReset
        case "gauge": return .gauge
        default:
            throw error("unknown hint", expected: "unknown, reset, not_reset or gauge")
        }
    }
}
