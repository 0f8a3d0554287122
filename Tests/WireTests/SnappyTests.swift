import Testing

@testable import Wire

@Suite struct SnappyTests {
    private func failure(_ compressed: [UInt8], limit: Int = 1 << 20) -> WireError? {
        do throws(WireError) {
            _ = try Snappy.uncompress(compressed, limit: limit)
            return nil
        } catch {
            return error
        }
    }

    @Test func whatIsCompressedUncompresses() throws {
        var random = SplitMix64(11)
        for size in [0, 1, 2, 59, 60, 61, 255, 256, 65_535, 65_536, 65_537, 200_000] {
            let noise = random.bytes(size)
            let text = noise.map { $0 & 3 }
            #expect(try Snappy.uncompress(Snappy.compress(noise), limit: size) == noise)
            #expect(try Snappy.uncompress(Snappy.compress(text), limit: size) == text)
        }
    }

    /// From the format description: length 11 as a varint, then one literal.
    @Test func aBlockWrittenByHandUncompresses() throws {
        let block = [11, 10 << 2] + Array("hello world".utf8)
        #expect(try Snappy.uncompress(block, limit: 11) == Array("hello world".utf8))
        // Length 8, literal "ab", copy of 6 from offset 2: overlapping.
        let copied: [UInt8] = [8, 1 << 2, 0x61, 0x62, (6 - 4) << 2 | 1, 2]
        #expect(try Snappy.uncompress(copied, limit: 8) == Array("abababab".utf8))
    }

    /// Were it allocated first, a claim of 4 GiB would be felt: 2000 of them would be 8 TiB.
    @Test func aClaimAboveTheLimitIsRefusedBeforeAllocating() {
        let claim: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0x0f]
        for _ in 0..<2000 {
            #expect(failure(claim + [0], limit: 32 << 20) == .tooLarge(limit: 32 << 20))
        }
    }

    @Test func whatIsNotABlockIsRefused() {
        #expect(failure([]) == .emptyBody)
        #expect(failure([0xff, 0xff, 0xff, 0xff, 0xff, 0x01]) == .badSnappy, "length over 32 bits")
        #expect(failure([0x80]) == .badSnappy, "half a length")
        #expect(failure([5]) == .badSnappy, "no content")
        #expect(failure([0, 0, 0x61]) == .badSnappy, "content past an empty block")
        #expect(failure([8, 0x05, 2]) == .badSnappy, "a copy from before the start")
        let framed: [UInt8] = [0xff, 0x06, 0x00, 0x00] + Array("sNaPpY".utf8)
        #expect(failure(framed) == .badSnappy, "the framed format")
        #expect(failure(Array("{\"not\": \"snappy\"}".utf8)) == .badSnappy)
    }

    @Test func everyTruncationIsRefused() {
        let block = Snappy.compress(Array(String(repeating: "pitot ", count: 40).utf8))
        for length in 1..<block.count {
            #expect(failure(Array(block[..<length])) == .badSnappy, "\(length) bytes")
        }
    }

    @Test func anyChangedByteGivesTheClaimedLengthOrARefusal() throws {
        var random = SplitMix64(12)
        let content = random.bytes(40) + [UInt8](repeating: 7, count: 200) + random.bytes(20)
        var block = Snappy.compress(content)
        // The first two bytes are the length.
        for at in 2..<block.count {
            let good = block[at]
            for other in UInt8.min...UInt8.max where other != good {
                block[at] = other
                if let bytes = try? Snappy.uncompress(block, limit: 1 << 20) {
                    #expect(bytes.count == content.count)
                }
            }
            block[at] = good
        }
    }

    @Test func aCompressedRequestDecodes() throws {
        let body = Protobuf.series(Protobuf.label("__name__", "up") + Protobuf.sample(1, 1))
        let decoder = RemoteWriteDecoder(seed: seed, limits: .standard)
        let batch = try Snappy.compress(body).withUnsafeBytes {
            try decoder.decode(compressed: $0)
        }
        #expect(batch.series.count == 1 && batch.bytes == body)
        let empty = Snappy.compress([])
        #expect(throws: WireError.emptyBody) {
            try empty.withUnsafeBytes { try decoder.decode(compressed: $0) }
        }
    }
}
