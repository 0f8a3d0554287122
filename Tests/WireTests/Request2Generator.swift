// Random 2.0 requests, independent of the decoder: symbols shared or repeated, before, between or
// behind the series; references packed, single or in several runs, some to nowhere.

extension Protobuf {
    static func symbol(_ text: String) -> [UInt8] { bytes(4, Array(text.utf8)) }

    static func references(_ numbers: [UInt64]) -> [UInt8] {
        bytes(1, numbers.flatMap { varint($0) })
    }

    static func series2(_ fields: [UInt8]) -> [UInt8] { bytes(5, fields) }

    static func sample2(_ timestamp: Int64, _ value: Double, start: Int64) -> [UInt8] {
        bytes(2, fixed64(1, value.bitPattern) + integer(2, timestamp) + integer(3, start))
    }
}

/// Draws 2.0 requests. What it draws is well-formed; labels and references need not be good.
struct Request2Generator {
    private var random: SplitMix64
    private var symbols: [[UInt8]] = []
    private var sharesSymbols = true
    private var histograms: HistogramGenerator

    init(seed: UInt64) {
        random = SplitMix64(seed)
        histograms = HistogramGenerator(seed: ~seed)
    }

    mutating func request() -> [UInt8] {
        symbols = [[]]
        sharesSymbols = !oneIn(3)
        var series: [[UInt8]] = []
        for _ in 0..<pick(0...5) {
            series.append(Protobuf.bytes(5, self.series(), padding: padding()))
        }
        if oneIn(3) { series.append(unknown(from: 6)) }
        var texts = symbols.map { Protobuf.bytes(4, $0, padding: padding()) }
        if oneIn(6) { texts.append(Protobuf.bytes(4, random.bytes(pick(0...20)))) }
        switch pick(0...3) {
        case 0: return merged(texts, series)
        case 1: return (series + texts).flatMap { $0 }
        default: return (texts + series).flatMap { $0 }
        }
    }

    /// Both in their own order, mixed.
    private mutating func merged(_ left: [[UInt8]], _ right: [[UInt8]]) -> [UInt8] {
        var (left, right, out) = (left[...], right[...], [UInt8]())
        while !left.isEmpty || !right.isEmpty {
            let takesLeft = right.isEmpty || (!left.isEmpty && oneIn(2))
            out += takesLeft ? left.removeFirst() : right.removeFirst()
        }
        return out
    }

    private mutating func series() -> [UInt8] {
        var references: [UInt64] = []
        if !oneIn(20) { references += [number("__name__"), number(metricName())] }
        for index in 0..<(oneIn(50) ? pick(30...60) : pick(0...12)) {
            references += [number(oneIn(30) ? "" : "\(name())\(index % 11)"), number(value())]
        }
        if oneIn(25) { references.append(0) }
        if oneIn(25), !references.isEmpty {
            let wrong = [UInt64(symbols.count) + 100, 0x7fff_ffff, 0xffff_ffff]
            references[pick(0...(references.count - 1))] = wrong[pick(0...2)]
        }
        var fields = runs(of: references)
        for _ in 0..<(oneIn(5) ? pick(0...9) : 1) { fields.append(sample()) }
        for _ in 0..<(oneIn(4) ? pick(1...3) : 0) {
            fields.append(Protobuf.bytes(4, exemplar(), padding: padding()))
            if oneIn(3) { continue }
            let message = histograms.message(histograms.raw())
            fields.append(Protobuf.bytes(3, message, padding: padding()))
        }
        if oneIn(2) { fields.append(Protobuf.bytes(5, metadata(), padding: padding())) }
        if oneIn(4) { fields.append(Protobuf.integer(6, time())) }
        if oneIn(6) { fields.append(unknown(from: 7)) }
        if oneIn(3) { return shuffledAroundReferences(fields) }
        return fields.flatMap { $0 }
    }

    /// The references as one packed run, as several, or one by one.
    private mutating func runs(of references: [UInt64]) -> [[UInt8]] {
        let numbers = references.map { Protobuf.varint($0, padding: padding()) }
        switch pick(0...9) {
        case 0: return numbers.map { Protobuf.tag(1, 0) + $0 }
        case 1, 2:
            let cut = pick(0...numbers.count)
            return [numbers[..<cut], numbers[cut...]].map { run in
                Protobuf.bytes(1, run.flatMap { $0 }, padding: padding())
            }
        default: return [Protobuf.bytes(1, numbers.flatMap { $0 }, padding: padding())]
        }
    }

    /// Other fields anywhere, the runs of references in their order.
    private mutating func shuffledAroundReferences(_ fields: [[UInt8]]) -> [UInt8] {
        let isReference = { (field: [UInt8]) in field[0] == 0x0a || field[0] == 0x08 }
        var others = fields.filter { !isReference($0) }
        others.shuffle(using: &random)
        return merged(fields.filter(isReference), others)
    }

    private mutating func sample() -> [UInt8] {
        let value = oneIn(3) ? 0x7ff0_0000_0000_0002 : random.next()
        var fields = [Protobuf.fixed64(1, value), Protobuf.integer(2, time())]
        if oneIn(3) { fields.append(Protobuf.integer(3, time())) }
        if oneIn(20) { fields.append(unknown(from: 4)) }
        if oneIn(8) { fields.shuffle(using: &random) }
        if oneIn(20) { fields.removeFirst() }
        return Protobuf.bytes(2, fields.flatMap { $0 }, padding: padding())
    }

    private mutating func exemplar() -> [UInt8] {
        var references: [UInt64] = []
        for index in 0..<pick(0...3) {
            references += [number(oneIn(40) ? "" : "id\(index % 2)"), number(value())]
        }
        if oneIn(10) { references.append(1) }
        if oneIn(10), !references.isEmpty {
            let wrong = [UInt64(symbols.count) + 100, 0xffff_ffff]
            references[pick(0...(references.count - 1))] = wrong[pick(0...1)]
        }
        var fields = [Protobuf.fixed64(2, random.next())]
        if !oneIn(8) { fields.append(Protobuf.integer(3, time())) }
        if oneIn(8) { fields.append(unknown(from: 4)) }
        return shuffledAroundReferences(runs(of: references) + fields)
    }

    private mutating func metadata() -> [UInt8] {
        let type = oneIn(6) ? Int64(bitPattern: random.next()) : Int64(pick(0...9))
        let help = oneIn(6) ? number(value()) : number("help")
        var fields = [
            Protobuf.integer(1, type),
            Protobuf.integer(3, oneIn(20) ? 1 << 20 : Int64(help)),
            Protobuf.integer(4, oneIn(20) ? 1 << 31 : Int64(number(oneIn(9) ? "" : "s"))),
        ]
        if oneIn(8) { fields.append(unknown(from: 5)) }
        if oneIn(4) { fields.shuffle(using: &random) }
        if oneIn(8) { fields.removeLast() }
        return fields.flatMap { $0 }
    }

    private mutating func time() -> Int64 {
        let times: [Int64] = [0, -1, .min, .max, 1_700_000_000_000]
        return oneIn(2) ? times[pick(0...4)] : Int64(bitPattern: random.next()) >> 20
    }

    private mutating func number(_ text: String) -> UInt64 { number(Array(text.utf8)) }

    private mutating func number(_ text: [UInt8]) -> UInt64 {
        if sharesSymbols, let known = symbols.firstIndex(of: text) { return UInt64(known) }
        symbols.append(text)
        return UInt64(symbols.count - 1)
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
        default: return Array("10.0.\(pick(0...3)).\(pick(0...9)):9100".utf8)
        }
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

    /// Superfluous varint bytes, rarely; never past the five that protobuf-c takes.
    private mutating func padding() -> Int { oneIn(50) ? pick(1...2) : 0 }

    private mutating func pick(_ range: ClosedRange<Int>) -> Int {
        Int.random(in: range, using: &random)
    }

    private mutating func oneIn(_ count: Int) -> Bool { pick(1...count) == 1 }
}
