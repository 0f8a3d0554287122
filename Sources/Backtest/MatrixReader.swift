public import Model

// Reads the matrix of Prometheus' query API: `{"status":"success","data":{"resultType":"matrix",
// "result":[{"metric":{...},"values":[[1700000000.123,"42"],...]}]}}`. A tree of values would take
// a hundred times the memory of the samples, so it is one pass with a cursor: about 40 ns a sample.

/// A series of an answer.
public struct MatrixSeries: Hashable, Sendable {
    public var labels: Labels
    public var times: [Timestamp]
    public var values: [Double]

    /// A series; `times` and `values` are parallel.
    public init(labels: Labels = .empty, times: [Timestamp] = [], values: [Double] = []) {
        self.labels = labels
        self.times = times
        self.values = values
    }

    /// Only the samples up to and including a time.
    public func through(_ time: Timestamp) -> MatrixSeries {
        guard let last = times.last, last > time else { return self }
        let place = times.firstIndex { $0 > time } ?? times.count
        return MatrixSeries(
            labels: labels, times: Array(times[..<place]), values: Array(values[..<place]))
    }

    /// Only the samples after a time.
    public func after(_ time: Timestamp) -> MatrixSeries {
        guard let first = times.first, first <= time else { return self }
        let place = times.firstIndex { $0 > time } ?? times.count
        return MatrixSeries(
            labels: labels, times: Array(times[place...]), values: Array(values[place...]))
    }
}

/// Why an answer is no matrix.
public enum MatrixFault: Error, Hashable, Sendable {
    case malformed(at: Int)
    /// Prometheus says that it failed.
    case failed(String)
    case tooDeep

    /// For a person.
    public var reason: String {
        switch self {
        case .malformed(let place): "the answer is no matrix, at byte \(place)"
        case .failed(let message): "the query failed: \(message)"
        case .tooDeep: "the answer is nested too deeply"
        }
    }
}

/// Reads answers.
public struct MatrixReader {
    private static let depthMax = 32

    private let bytes: [UInt8]
    private var at = 0
    private var series: [MatrixSeries] = []
    private var message = ""
    private var isSuccess = false

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The series of an answer; histograms are passed over. O(bytes).
    public static func read(_ bytes: [UInt8]) throws(MatrixFault) -> [MatrixSeries] {
        var reader = MatrixReader(bytes)
        try reader.object { (reader, key) throws(MatrixFault) in
            switch key {
            case "status": reader.isSuccess = try reader.string() == "success"
            case "error": reader.message = try reader.string()
            case "data": try reader.data()
            default: try reader.skip()
            }
        }
        guard reader.isSuccess else { throw .failed(reader.message) }
        return reader.series
    }

    private mutating func data() throws(MatrixFault) {
        try object { (reader, key) throws(MatrixFault) in
            guard key == "result" else { return try reader.skip() }
            try reader.array { (reader) throws(MatrixFault) in
                var one = MatrixSeries()
                try reader.object { (reader, key) throws(MatrixFault) in
                    switch key {
                    case "metric": one.labels = try reader.metric()
                    case "values": try reader.samples(into: &one)
                    default: try reader.skip()
                    }
                }
                reader.series.append(one)
            }
        }
    }

    private mutating func metric() throws(MatrixFault) -> Labels {
        var pairs: [(String, String)] = []
        try object { (reader, key) throws(MatrixFault) in
            pairs.append((key, try reader.string()))
        }
        return Labels(pairs)
    }

    private mutating func samples(into one: inout MatrixSeries) throws(MatrixFault) {
        try array { (reader) throws(MatrixFault) in
            try reader.take("[")
            one.times.append(try reader.time())
            try reader.take(",")
            one.values.append(try reader.value())
            try reader.take("]")
        }
    }

    // MARK: Numbers

    /// Seconds with at most three decimals that matter.
    private mutating func time() throws(MatrixFault) -> Timestamp {
        skipBlanks()
        var whole: Int64 = 0
        var digits = 0
        let start = at
        while at < bytes.count, let digit = digit(bytes[at]), digits < 15 {
            whole = whole * 10 + digit
            digits += 1
            at += 1
        }
        var millis: Int64 = 0
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            var scale: Int64 = 100
            while at < bytes.count, let digit = digit(bytes[at]) {
                millis += digit * scale
                scale /= 10
                at += 1
            }
        }
        if digits > 0, at < bytes.count, bytes[at] | 0x20 != UInt8(ascii: "e") {
            return Timestamp(millis: whole * 1000 + millis)
        }
        // 1.7e+09, as Go writes large numbers.
        at = start
        guard let seconds = Double(number()), abs(seconds) < 1e13 else { throw fault }
        return Timestamp(millis: Int64((seconds * 1000).rounded()))
    }

    private mutating func number() -> String {
        let start = at
        while at < bytes.count, !",]} \n\t\r".utf8.contains(bytes[at]) { at += 1 }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    /// A value in quotes: `"42"`, `"0.5"`, `"NaN"`, `"+Inf"`.
    private mutating func value() throws(MatrixFault) -> Double {
        try take("\"")
        let start = at
        var whole: Int64 = 0
        while at < bytes.count, at - start < 15, let digit = digit(bytes[at]) {
            whole = whole * 10 + digit
            at += 1
        }
        if at > start, at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
            at += 1
            return Double(whole)
        }
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") { at += 1 }
        guard at < bytes.count,
            let value = Double(String(decoding: bytes[start..<at], as: UTF8.self))
        else { throw fault }
        at += 1
        return value
    }

    private func digit(_ byte: UInt8) -> Int64? {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
            ? Int64(byte - UInt8(ascii: "0")) : nil
    }

    // MARK: JSON

    private var fault: MatrixFault { .malformed(at: at) }

    private mutating func skipBlanks() {
        while at < bytes.count, bytes[at] <= 0x20 { at += 1 }
    }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func take(_ character: Unicode.Scalar) throws(MatrixFault) {
        skipBlanks()
        guard next == UInt8(ascii: character) else { throw fault }
        at += 1
    }

    /// Whether a list goes on.
    private mutating func goesOn(_ end: Unicode.Scalar) throws(MatrixFault) -> Bool {
        skipBlanks()
        if next == UInt8(ascii: end) {
            at += 1
            return false
        }
        try take(",")
        return true
    }

    private mutating func isEmpty(_ end: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard next == UInt8(ascii: end) else { return false }
        at += 1
        return true
    }

    private mutating func object(
        _ body: (inout MatrixReader, String) throws(MatrixFault) -> Void
    ) throws(MatrixFault) {
        try take("{")
        if isEmpty("}") { return }
        repeat {
            skipBlanks()
            let key = try string()
            try take(":")
            try body(&self, key)
        } while try goesOn("}")
    }

    private mutating func array(
        _ body: (inout MatrixReader) throws(MatrixFault) -> Void
    ) throws(MatrixFault) {
        try take("[")
        if isEmpty("]") { return }
        repeat { try body(&self) } while try goesOn("]")
    }

    private mutating func string() throws(MatrixFault) -> String {
        try take("\"")
        var out: [UInt8] = []
        while let byte = next {
            at += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: out, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                try escape(into: &out)
            } else {
                out.append(byte)
            }
        }
        throw fault
    }

    private mutating func escape(into out: inout [UInt8]) throws(MatrixFault) {
        guard let byte = next else { throw fault }
        at += 1
        switch byte {
        case UInt8(ascii: "n"): out.append(0x0a)
        case UInt8(ascii: "t"): out.append(0x09)
        case UInt8(ascii: "r"): out.append(0x0d)
        case UInt8(ascii: "b"): out.append(0x08)
        case UInt8(ascii: "f"): out.append(0x0c)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(byte)
        case UInt8(ascii: "u"):
            var unit = try hexUnit()
            if unit >= 0xd800 && unit < 0xdc00 {
                try take("\\")
                try take("u")
                let low = try hexUnit()
                guard low >= 0xdc00 && low < 0xe000 else { throw fault }
                unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(unit) else { throw fault }
            out += Array(String(Character(scalar)).utf8)
        default: throw fault
        }
    }

    private mutating func hexUnit() throws(MatrixFault) -> UInt32 {
        guard at + 4 <= bytes.count,
            let unit = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16)
        else { throw fault }
        at += 4
        return unit
    }

    /// Passes over a value of any kind; strings may hold brackets.
    private mutating func skip() throws(MatrixFault) {
        var depth = 0
        repeat {
            skipBlanks()
            guard let byte = next else { throw fault }
            switch byte {
            case UInt8(ascii: "\""): _ = try string()
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                guard depth <= Self.depthMax else { throw .tooDeep }
                at += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { throw fault }
                depth -= 1
                at += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"):
                guard depth > 0 else { throw fault }
                at += 1
            default:
                let start = at
                _ = number()
                guard at > start else { throw fault }
            }
        } while depth > 0
    }
}
