import Model
import Testing

@Suite struct BytesTests {
    private enum Field: Equatable {
        case byte(UInt8)
        case varint(UInt64)
        case signed(Int64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        case text([UInt8])
    }

    private func write(_ field: Field, _ writer: inout ByteWriter) {
        switch field {
        case .byte(let value): writer.byte(value)
        case .varint(let value): writer.varint(value)
        case .signed(let value): writer.signedVarint(value)
        case .fixed32(let value): writer.fixed32(value)
        case .fixed64(let value): writer.fixed64(value)
        case .text(let value): writer.lengthPrefixed(value)
        }
    }

    /// Reads a field of the same kind as `like`.
    private func read(like field: Field, _ reader: inout ByteReader) -> Field? {
        switch field {
        case .byte: reader.byte().map { .byte($0) }
        case .varint: reader.varint().map { .varint($0) }
        case .signed: reader.signedVarint().map { .signed($0) }
        case .fixed32: reader.fixed32().map { .fixed32($0) }
        case .fixed64: reader.fixed64().map { .fixed64($0) }
        case .text: reader.lengthPrefixed().map { .text($0) }
        }
    }

    private func fields(_ random: inout SplitMix64) -> [Field] {
        (0..<20).map { _ in
            let value = random.next() >> UInt64.random(in: 0...63, using: &random)
            switch Int.random(in: 0...5, using: &random) {
            case 0: return .byte(UInt8(truncatingIfNeeded: value))
            case 1: return .varint(value)
            case 2: return .signed(Int64(bitPattern: random.next()) >> Int64(value % 64))
            case 3: return .fixed32(UInt32(truncatingIfNeeded: value))
            case 4: return .fixed64(value)
            default: return .text(random.bytes(Int(value % 200)))
            }
        }
    }

    @Test func whatIsWrittenReadsBack() {
        var random = SplitMix64(1)
        for _ in 0..<300 {
            let fields = fields(&random)
            var writer = ByteWriter()
            for field in fields { write(field, &writer) }
            var reader = ByteReader(writer.bytes)
            for field in fields { #expect(read(like: field, &reader) == field) }
            #expect(reader.isAtEnd && reader.remaining == 0)
        }
    }

    @Test func everyTruncationEndsInNil() {
        var random = SplitMix64(2)
        let fields = fields(&random)
        var writer = ByteWriter()
        for field in fields { write(field, &writer) }
        for length in 0..<writer.bytes.count {
            var reader = ByteReader(Array(writer.bytes[..<length]))
            let found = fields.prefix { read(like: $0, &reader) == $0 }
            #expect(found.count < fields.count, "\(length) bytes")
        }
    }

    @Test(
        arguments: [
            (0, [0]), (127, [0x7f]), (128, [0x80, 1]), (300, [0xac, 2]),
            (.max, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
        ] as [(UInt64, [UInt8])])
    func varintsAreLEB128(value: UInt64, bytes: [UInt8]) {
        var writer = ByteWriter()
        writer.varint(value)
        #expect(writer.bytes == bytes)
    }

    @Test func malformedVarintsAreRefused() {
        let nines = [UInt8](repeating: 0xff, count: 9)
        for bytes in [[], [0x80], nines, nines + [2], nines + [0x81, 0], nines + [0xff]] {
            var reader = ByteReader(bytes)
            #expect(reader.varint() == nil)
        }
        var padded = ByteReader([0x80, 0x80, 0])
        #expect(padded.varint() == 0)
    }

    @Test func aLengthPastTheEndIsRefused() {
        var long = ByteReader([3, 1, 2])
        #expect(long.lengthPrefixed() == nil)
        let nines = [UInt8](repeating: 0xff, count: 9)
        var huge = ByteReader(nines + [1, 5])
        #expect(huge.lengthPrefixedRange() == nil)
    }

    @Test func aReaderStaysInItsRange() {
        let bytes: [UInt8] = [9, 1, 2, 3, 4, 9, 9, 9, 9]
        var reader = ByteReader(bytes, in: 1..<5)
        #expect(reader.fixed64() == nil)
        #expect(reader.fixed32() == 0x0403_0201)
        #expect(reader.byte() == nil && reader.varint() == nil && reader.fixed32() == nil)
        var beyond = ByteReader(bytes, in: 8..<20)
        #expect(beyond.byte() == 9 && beyond.byte() == nil)
    }

    @Test func doublesTextsAndTimesReadBack() {
        var writer = ByteWriter(reserving: 100)
        writer.fixed64(staleMarkerBits)
        writer.text("é\u{0}")
        writer.signedVarint(-1)
        var reader = ByteReader(writer.bytes)
        #expect(reader.double()?.bitPattern == staleMarkerBits)
        #expect(reader.text() == "é\u{0}")
        #expect(reader.timestamp() == Timestamp(millis: -1))
        #expect(reader.double() == nil && reader.text() == nil && reader.timestamp() == nil)
    }
}
