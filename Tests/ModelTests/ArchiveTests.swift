import Testing

@testable import Model

@Suite struct ArchiveTests {
    private enum Colour: UInt8, Sendable {
        case red = 1
        case green = 7
    }

    private struct Inner: Archivable, Equatable {
        var name = ""
        var size: UInt32 = 0
        static let blank = Inner()
        mutating func archive(_ archive: inout Archive) {
            archive.field(&name)
            archive.field(&size)
        }
    }

    private struct Everything: Archivable, Equatable {
        var a: UInt64 = 0
        var b: Int64 = 0
        var c = 0
        var d: UInt32 = 0
        var e: Int32 = 0
        var f: UInt16 = 0
        var g: UInt8 = 0
        var h = false
        var i = 0.0
        var j = Timestamp(millis: 0)
        var k = TimeSpan(millis: 0)
        var l: [UInt8] = []
        var m = ""
        var n = Labels.empty
        var o = Colour.red
        var p: Inner?
        var q: Timestamp?
        var r: Double?
        var s: [Inner] = []
        var t: [UInt32] = []
        var u: [Double] = []
        var v: [String] = []
        var w: [String: Int] = [:]
        static let blank = Everything()

        mutating func archive(_ archive: inout Archive) {
            archive.field(&a)
            archive.field(&b)
            archive.field(&c)
            archive.field(&d)
            archive.field(&e)
            archive.field(&f)
            archive.field(&g)
            archive.field(&h)
            archive.field(&i)
            archive.field(&j)
            archive.field(&k)
            archive.field(&l)
            archive.field(&m)
            archive.field(&n)
            archive.field(&o)
            archive.field(&p)
            archive.field(&q)
            archive.field(&r)
            archive.field(&s)
            archive.field(&t)
            archive.field(&u)
            archive.field(&v)
            archive.dictionary(&w, blankKey: "", blank: 0) {
                $0.field(&$1)
                $0.field(&$2)
            }
        }
    }

    private let full = Everything(
        a: .max, b: .min, c: -1, d: .max, e: .min, f: .max, g: .max, h: true, i: -0.0,
        j: Timestamp(millis: -5), k: TimeSpan(millis: 1 << 40), l: [1, 2, 3], m: "ü\n",
        n: Labels([("a", "b")]), o: .green, p: Inner(name: "x", size: 3), q: .distantPast, r: .pi,
        s: [Inner(name: "y", size: 4), Inner()], t: [1, 2], u: [.infinity], v: ["", "z"],
        w: ["b": 2, "a": -1])

    private func written(_ value: Everything) -> [UInt8] {
        var archive = Archive()
        var value = value
        archive.field(&value)
        return archive.bytes
    }

    private func read(_ bytes: [UInt8]) -> (value: Everything, isComplete: Bool) {
        var archive = Archive(reading: bytes)
        var value = Everything.blank
        archive.field(&value)
        return (value, archive.isComplete)
    }

    @Test func whatIsWrittenReadsBack() {
        for value in [full, .blank] {
            let back = read(written(value))
            #expect(back.value == value && back.isComplete)
        }
        #expect(read(written(full)).value.i.sign == .minus)
    }

    @Test func theBytesAreTheSameWhateverTheDictionarysOrder() {
        var left = Everything()
        var right = Everything()
        for number in 0..<50 { left.w[String(number)] = number }
        for number in (0..<50).reversed() { right.w[String(number)] = number }
        #expect(written(left) == written(right))
    }

    @Test func everyTruncationIsIncomplete() {
        let bytes = written(full)
        for length in 0..<bytes.count { #expect(!read(Array(bytes[..<length])).isComplete) }
        #expect(!read(bytes + [0]).isComplete)
    }

    /// Nothing traps, and what reads as complete can be written again and read back.
    @Test func everyChangedByteIsRefusedOrAnotherValue() {
        var bytes = written(full)
        for place in bytes.indices {
            for change in 1...255 as ClosedRange<UInt8> {
                bytes[place] ^= change
                let back = read(bytes)
                if back.isComplete {
                    let again = read(written(back.value))
                    #expect(again.isComplete && written(again.value) == written(back.value))
                }
                bytes[place] ^= change
            }
        }
    }

    @Test func countsBeyondTheBytesAllocateNothing() {
        for count in [5, 1 << 40, UInt64.max] {
            var writer = ByteWriter()
            writer.varint(count)
            writer.bytes += [1, 2, 3]
            var archive = Archive(reading: writer.bytes)
            var values: [UInt32] = [9]
            archive.field(&values)
            #expect(values.isEmpty && !archive.isSound)
            var after: UInt64 = 7
            archive.field(&after)
            #expect(after == 0 && !archive.isComplete)
        }
    }

    @Test func repeatedKeysAreRefused() {
        var archive = Archive(reading: [2, 1, 97, 2, 1, 97, 4])
        var values: [String: Int] = [:]
        archive.dictionary(&values, blankKey: "", blank: 0) {
            $0.field(&$1)
            $0.field(&$2)
        }
        #expect(!archive.isSound)
    }

    @Test func numbersThatDoNotFitAreRefused() {
        var archive = Archive(reading: [0x80, 0x02])
        var byte: UInt8 = 1
        archive.field(&byte)
        #expect(byte == 0 && !archive.isSound)
        archive = Archive(reading: [2])
        var flag = false
        archive.field(&flag)
        #expect(!archive.isSound)
        archive = Archive(reading: [3])
        var colour = Colour.green
        archive.field(&colour)
        #expect(colour == .green && !archive.isSound)
    }
}
