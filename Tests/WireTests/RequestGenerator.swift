// Random write requests in an encoding of the test's own, independent of ByteWriter: fields in any
// order, unknown fields in between, runs of labels broken up, padded varints.

/// Protobuf's wire format, straight from its encoding guide.
enum Protobuf {
    static func varint(_ value: UInt64, padding: Int = 0) -> [UInt8] {
        var digits: [UInt8] = []
        var rest = value
        repeat {
            digits.append(UInt8(rest % 128))
            rest /= 128
        } while rest > 0
        digits += Array(repeating: 0, count: padding)
        for index in digits.indices.dropLast() { digits[index] += 128 }
        return digits
    }

    static func tag(_ number: Int, _ type: Int) -> [UInt8] { varint(UInt64(number * 8 + type)) }

    static func bytes(_ number: Int, _ content: [UInt8], padding: Int = 0) -> [UInt8] {
        tag(number, 2) + varint(UInt64(content.count), padding: padding) + content
    }

    static func integer(_ number: Int, _ value: Int64) -> [UInt8] {
        tag(number, 0) + varint(UInt64(bitPattern: value))
    }

    static func fixed64(_ number: Int, _ bits: UInt64) -> [UInt8] {
        tag(number, 1) + (0..<8).map { UInt8((bits >> (8 * UInt64($0))) % 256) }
    }

    static func fixed32(_ number: Int, _ bits: UInt32) -> [UInt8] {
        tag(number, 5) + (0..<4).map { UInt8((bits >> (8 * UInt32($0))) % 256) }
    }

    static func label(_ name: String, _ value: String) -> [UInt8] {
        bytes(1, bytes(1, Array(name.utf8)) + bytes(2, Array(value.utf8)))
    }

    static func sample(_ timestamp: Int64, _ value: Double) -> [UInt8] {
        bytes(2, fixed64(1, value.bitPattern) + integer(2, timestamp))
    }

    static func series(_ fields: [UInt8]) -> [UInt8] { bytes(1, fields) }
}

/// Draws requests. What it draws is well-formed; the labels need not be good.
struct RequestGenerator {
    private var random: SplitMix64
    private var histograms: HistogramGenerator

    init(seed: UInt64) {
        random = SplitMix64(seed)
        histograms = HistogramGenerator(seed: ~seed)
    }

    mutating func request() -> [UInt8] {
        var fields: [[UInt8]] = []
        for _ in 0..<pick(0...4) { fields.append(Protobuf.series(series())) }
        let hasSeries = !fields.isEmpty
        for _ in 0..<(oneIn(4) ? pick(1...3) : 0) {
            fields.append(Protobuf.bytes(3, metadata(), padding: padding()))
        }
        if oneIn(3) { fields.append(unknown(from: 4)) }
        // A body of unknown fields alone is refused, which protobuf-c does not do.
        if !hasSeries { fields.append(Protobuf.series(series())) }
        fields.shuffle(using: &random)
        return fields.flatMap { $0 }
    }

    private mutating func series() -> [UInt8] {
        var fields: [[UInt8]] = []
        if !oneIn(20) { fields.append(label("__name__", metricName())) }
        for index in 0..<(oneIn(50) ? pick(30...60) : pick(0...12)) {
            fields.append(label(oneIn(30) ? "" : "\(name())\(index % 11)", value()))
        }
        for _ in 0..<(oneIn(5) ? pick(2...9) : 1) { fields.append(sample()) }
        for _ in 0..<(oneIn(4) ? pick(1...3) : 0) {
            fields.append(Protobuf.bytes(3, exemplar(), padding: padding()))
            if oneIn(3) { continue }
            let message = histograms.message(histograms.raw())
            fields.append(Protobuf.bytes(4, message, padding: padding()))
        }
        if oneIn(6) { fields.append(unknown(from: 5)) }
        if oneIn(3) { fields.shuffle(using: &random) }
        if oneIn(10) { fields.reverse() }
        return fields.flatMap { $0 }
    }

    private mutating func label(_ name: String, _ value: [UInt8]) -> [UInt8] {
        var fields = [
            Protobuf.bytes(1, Array(name.utf8), padding: padding()),
            Protobuf.bytes(2, value, padding: padding()),
        ]
        if oneIn(12) { fields.append(unknown(from: 3)) }
        // A field given twice: the last counts.
        if oneIn(40) { fields.insert(Protobuf.bytes(2, [0x78]), at: 0) }
        if oneIn(8) { fields.shuffle(using: &random) }
        if oneIn(40) { fields.removeLast() }
        return Protobuf.bytes(1, fields.flatMap { $0 }, padding: padding())
    }

    private mutating func sample() -> [UInt8] {
        let bits: [UInt64] = [
            0, 1 << 63, 0x7ff0_0000_0000_0002, 0x7ff8_0000_0000_0001, 0xfff8_0000_0000_0000,
            0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000, 1, 0x7ff4_dead_beef_0001,
        ]
        let times: [Int64] = [0, -1, .min, .max, 1_700_000_000_000, -62_135_596_800_000]
        let value = oneIn(2) ? random.next() : bits[pick(0...8)]
        let time = oneIn(2) ? times[pick(0...5)] : Int64(bitPattern: random.next()) >> 20
        var fields = [Protobuf.fixed64(1, value), Protobuf.integer(2, time)]
        if oneIn(20) { fields.append(unknown(from: 3)) }
        if oneIn(8) { fields.shuffle(using: &random) }
        if oneIn(20) { fields.removeFirst() }
        if oneIn(20) { fields.append(Protobuf.integer(2, time &+ 1)) }
        return Protobuf.bytes(2, fields.flatMap { $0 }, padding: padding())
    }

    private mutating func exemplar() -> [UInt8] {
        var fields = (0..<pick(0...3)).map { label(oneIn(40) ? "" : "id\($0 % 2)", value()) }
        fields.append(Protobuf.fixed64(2, random.next()))
        if !oneIn(8) { fields.append(Protobuf.integer(3, Int64(bitPattern: random.next()))) }
        if oneIn(8) { fields.append(unknown(from: 4)) }
        if oneIn(4) { fields.shuffle(using: &random) }
        return fields.flatMap { $0 }
    }

    private mutating func metadata() -> [UInt8] {
        let type = oneIn(6) ? Int64(bitPattern: random.next()) : Int64(pick(0...9))
        var fields = [Protobuf.integer(1, type)]
        if !oneIn(12) { fields.append(Protobuf.bytes(2, metricName())) }
        if !oneIn(6) { fields.append(Protobuf.bytes(4, value(), padding: padding())) }
        if !oneIn(3) { fields.append(Protobuf.bytes(5, oneIn(2) ? value() : [0x73])) }
        if oneIn(6) { fields.append(unknown(from: 6)) }
        if oneIn(12) { fields.insert(Protobuf.bytes(4, [0x78]), at: 0) }
        if oneIn(4) { fields.shuffle(using: &random) }
        return fields.flatMap { $0 }
    }

    /// A field of a number the message does not have, of any wire type but the groups.
    private mutating func unknown(from lowest: Int) -> [UInt8] {
        let numbers = [lowest, lowest + 2, 15 + lowest, 16 + lowest, 2047, 2048, 536_870_911]
        let number = numbers[pick(0...6)]
        switch pick(0...3) {
        case 0: return Protobuf.integer(number, Int64(bitPattern: random.next()) >> pick(0...63))
        case 1: return Protobuf.fixed64(number, random.next())
        case 2: return Protobuf.bytes(number, random.bytes(pick(0...200)), padding: padding())
        default: return Protobuf.fixed32(number, UInt32(truncatingIfNeeded: random.next()))
        }
    }

    private mutating func metricName() -> [UInt8] {
        let names = ["up", "http_requests_total", "http.server.duration", "µ_total", "名前"]
        return Array(names[pick(0...4)].utf8)
    }

    private mutating func name() -> String {
        ["job", "instance", "le", "ünïcode", "日本", "a", "__name_", "zone\u{0}", "e\u{301}"][
            pick(0...8)]
    }

    private mutating func value() -> [UInt8] {
        switch pick(0...9) {
        case 0: return []
        case 1: return Array("snowman ☃ \u{1F600}".utf8)
        case 2: return oneIn(8) ? random.bytes(pick(1...12)) : Array("a\nb\"\\".utf8)
        case 3: return Array(repeating: 0x61, count: oneIn(20) ? pick(4090...4100) : pick(0...300))
        default: return Array("10.0.\(pick(0...255)).\(pick(0...255)):9100".utf8)
        }
    }

    /// Superfluous varint bytes, rarely; never past the five that protobuf-c takes.
    private mutating func padding() -> Int { oneIn(50) ? pick(1...2) : 0 }

    private mutating func pick(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &random)
    }

    private mutating func oneIn(_ count: Int) -> Bool { pick(1...count) == 1 }
}
