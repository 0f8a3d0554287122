import Model
import Testing

@testable import Wire

@Suite struct PipelineDamageTests {
    @Test(arguments: 0..<11)
    func everyTruncationIsNoEvent(place: Int) throws {
        let (name, body) = PipelineBodies.all[place]
        let bytes = Array(body.utf8)
        for cut in 0..<bytes.count {
            let reading = try PipelineBodies.read(name, Array(bytes[..<cut]))
            #expect(reading.events.isEmpty)
            #expect(reading.refused.count == 1)
        }
        #expect(try !PipelineBodies.read(name, bytes).events.isEmpty)
    }

    @Test(arguments: 0..<11)
    func everyFlippedByteIsTakenOrRefused(place: Int) throws {
        let (name, body) = PipelineBodies.all[place]
        let bytes = Array(body.utf8)
        for flip in bytes.indices {
            for mask: UInt8 in [0x01, 0x20, 0x80] {
                var damaged = bytes
                damaged[flip] ^= mask
                let reading = try PipelineBodies.read(name, damaged)
                #expect(reading.refused.count <= max(1, reading.received))
                var out = ByteWriter()
                PipelineBatch(reading).encode(into: &out)
                var reader = ByteReader(out.bytes)
                #expect(PipelineBatch(from: &reader) == PipelineBatch(reading))
            }
        }
    }

    @Test func theLogsFormIsWhole() throws {
        var batch = PipelineBatch()
        for (name, body) in PipelineBodies.all {
            batch.events += try PipelineBodies.read(name, body).events
        }
        batch.count(.badTime)
        var out = ByteWriter()
        batch.encode(into: &out)
        var reader = ByteReader(out.bytes)
        #expect(PipelineBatch(from: &reader) == batch)
        for cut in 0..<out.bytes.count {
            var short = ByteReader(Array(out.bytes[..<cut]))
            #expect(PipelineBatch(from: &short) == nil)
        }
        for flip in out.bytes.indices {
            var damaged = out.bytes
            damaged[flip] ^= 0x55
            var reader = ByteReader(damaged)
            _ = PipelineBatch(from: &reader)
        }
    }

    @Test func whatIsTooMuchIsCountedOrCut() throws {
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(
            try PipelineBodies.read("lineage", "{\"run\":\(deep)}").refused.map(\.fault)
                == [.tooDeep])
        let many = "[" + String(repeating: "1,", count: 10_050) + "1]"
        let reading = try PipelineBodies.read("batch", many)
        #expect(reading.refused.last?.fault == .tooMany && reading.received == 10_001)
        let labels = (0..<100).map { "\"l\($0)\":\"\(String(repeating: "v", count: 1000))\"" }
        let wide = PipelineBodies.event(
            "io.pitot.run.started", "{\"labels\":{\(labels.joined(separator: ","))}}")
        guard case .run(let report)? = try PipelineBodies.read("event", wide).events.first else {
            throw NoMemory()
        }
        #expect(report.labels.count == 32)
        #expect(report.labels.allSatisfy { $0.value.utf8.count == 256 })
        var small = PipelineLimits()
        small.bodyBytes = 1000
        guard let reader = PipelineReader(limits: small) else { throw NoMemory() }
        let large = [UInt8](repeating: 0x20, count: 1001)
        #expect(reader.lineage(large, isBatch: false).refused.map(\.fault) == [.tooLarge])
    }

    @Test func aTextIsNotCutWithinACharacter() throws {
        let word = String(repeating: "x", count: 255) + "é"
        let body = PipelineBodies.event("io.pitot.run.failed", "{\"message\":\"\(word)\"}")
        guard case .run(let report)? = try PipelineBodies.read("event", body).events.first else {
            throw NoMemory()
        }
        #expect(report.message == String(repeating: "x", count: 255))
    }
}
