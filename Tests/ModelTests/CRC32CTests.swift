import Model
import Testing

@Suite struct CRC32CTests {
    /// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs (CRC-32/ISCSI).
    @Test(
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8a91_36aa),
            ([UInt8](repeating: 0xff, count: 32), 0x62a8_ab43),
            ([UInt8](0..<32), 0x46dd_794e),
            ([UInt8]((0..<32).reversed()), 0x113f_db5c),
            (Array("123456789".utf8), 0xe306_9283),
            ([], 0),
        ] as [([UInt8], UInt32)])
    func publishedVectorsHold(bytes: [UInt8], crc: UInt32) {
        #expect(CRC32C.of(bytes, in: 0..<bytes.count) == crc)
    }

    /// The definition: one bit at a time.
    private func bitwise(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc: UInt32 = ~0
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82f6_3b78 : crc >> 1 }
        }
        return ~crc
    }

    @Test func eightBytesAStepEqualsOneBitAStep() {
        var random = SplitMix64(1)
        let bytes = random.bytes(400)
        for _ in 0..<2000 {
            let start = Int.random(in: 0...400, using: &random)
            let end = Int.random(in: start...400, using: &random)
            #expect(CRC32C.of(bytes, in: start..<end) == bitwise(bytes[start..<end]))
        }
    }

    @Test func everyChangedBitIsSeen() {
        var random = SplitMix64(2)
        var bytes = random.bytes(100)
        let crc = CRC32C.of(bytes, in: 0..<100)
        for bit in 0..<800 {
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(CRC32C.of(bytes, in: 0..<100) != crc)
            bytes[bit / 8] ^= 1 << (bit % 8)
        }
    }
}
