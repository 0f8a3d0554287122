import Model
import Testing
import Text

@Suite struct DurationTests {
    @Test(
        arguments: [
            ("0", 0), ("0s", 0), ("1ms", 1), ("15s", 15_000), ("5m", 300_000), ("1h30m", 5_400_000),
            ("1h0m", 3_600_000), ("30d", 2_592_000_000), ("1w", 604_800_000),
            ("1y", 31_536_000_000), ("1y1w1d1h1m1s1ms", 31_536_000_000 + 694_861_001),
            ("292y", 292 * 31_536_000_000),
        ] as [(String, Int64)])
    func prometheusDurationsAreRead(text: String, millis: Int64) {
        #expect(parseDuration(text) == TimeSpan(millis: millis))
    }

    @Test(arguments: [
        "", "5", "1.5h", "-5m", "5m ", " 5m", "1m1h", "1m1m", "1s1m", "5 m", "m", "1x", "1us",
        "300y", "9223372036854775807h", "99999999999999999999s", "５m", "1H", "00",
    ])
    func otherTextsAreNoDurations(text: String) {
        #expect(parseDuration(text) == nil)
    }

    @Test func spansAreReadBackAsTheyArePrinted() {
        var seed = SplitMix64(7)
        for _ in 0..<2000 {
            let bits = Int.random(in: 0...43, using: &seed)
            let span = TimeSpan(millis: Int64.random(in: 0...(1 << Int64(bits)), using: &seed))
            #expect(parseDuration(span.description) == span, "\(span)")
        }
    }

    @Test(arguments: [
        ("4GiB", 4 << 30), ("32MiB", 32 << 20), ("512KiB", 512 << 10), ("1TiB", 1 << 40),
        ("1GB", 1_000_000_000), ("2MB", 2_000_000), ("3KB", 3000), ("7B", 7), ("1048576", 1 << 20),
        ("0", 0),
    ])
    func sizesAreRead(text: String, bytes: Int) {
        #expect(parseSize(text) == bytes)
    }

    @Test(arguments: [
        "", "GiB", "-1", "1.5GiB", "1 GiB", "1gib", "1G", "9223372036854775808", "8388608TiB",
        "1e3",
    ])
    func otherTextsAreNoSizes(text: String) {
        #expect(parseSize(text) == nil)
    }
}

/// A seeded generator (SplitMix64), so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
