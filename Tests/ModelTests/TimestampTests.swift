import Model
import Testing

@Suite struct TimestampTests {
    /// From python's datetime, which counts the proleptic Gregorian calendar too.
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-14_182_940_000, "1969-07-20T20:17:40Z"),
        (951_825_600_000, "2000-02-29T12:00:00Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        (-2_203_891_201_000, "1900-02-28T23:59:59Z"),
        (-2_203_891_200_000, "1900-03-01T00:00:00Z"),
        (1_709_164_800_001, "2024-02-29T00:00:00.001Z"),
        (1_795_450_525_250, "2026-11-23T16:15:25.250Z"),
        (2_147_483_648_000, "2038-01-19T03:14:08Z"),
        (-62_135_596_800_000, "0001-01-01T00:00:00Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (-11_670_998_400_000, "1600-02-29T00:00:00Z"),
        (978_307_199_500, "2000-12-31T23:59:59.500Z"),
        (5_097_600_000, "1970-03-01T00:00:00Z"),
        (13_574_585_228_009, "2400-02-29T06:07:08.009Z"),
        (-62_035_891_200_000, "0004-02-29T00:00:00Z"),
    ])
    func rfc3339IsWhatPythonPrints(millis: Int64, text: String) {
        #expect(Timestamp(millis: millis).rfc3339 == text)
    }

    /// 10,811 days from 1422 to 2517, FNV-1a over their texts; python gives the same hash.
    @Test func elevenCenturiesPrintAsPythonPrintsThem() {
        var hash = FNV1a64()
        for day in stride(from: Int64(-200_000), to: 200_000, by: 37) {
            let rest = day * 7919 % 86_400_000
            let ofDay = rest < 0 ? rest + 86_400_000 : rest
            hash.combine(Timestamp(millis: day * 86_400_000 + ofDay).rfc3339.utf8)
        }
        #expect(hash.value == 0xf65c_1591_5585_1992)
    }

    @Test(
        arguments: [
            (0, 1000, 0, 0), (1, 1000, 0, 1000), (999, 1000, 0, 1000), (1000, 1000, 1000, 1000),
            (-1, 1000, -1000, 0), (-1000, 1000, -1000, -1000), (-1001, 1000, -2000, -1000),
            (7, 3, 6, 9), (-7, 3, -9, -6), (5, 1, 5, 5), (-5, 1, -5, -5),
        ] as [(Int64, Int64, Int64, Int64)])
    func floorAndCeilingAreTheMultiplesAround(
        millis: Int64, step: Int64, floor: Int64, ceiling: Int64
    ) {
        let (time, step) = (Timestamp(millis: millis), TimeSpan(millis: step))
        #expect(time.floor(to: step).millis == floor)
        #expect(time.ceiling(to: step).millis == ceiling)
    }

    @Test func everyTimeLiesBetweenItsFloorAndItsCeiling() {
        var random = SplitMix64(3)
        for _ in 0..<2000 {
            let time = Timestamp(millis: Int64(bitPattern: random.next()) >> 8)
            let step = TimeSpan(millis: Int64.random(in: 1...10_000_000, using: &random))
            let (floor, ceiling) = (time.floor(to: step), time.ceiling(to: step))
            #expect(floor <= time && time <= ceiling)
            #expect(floor.millis % step.millis == 0 && ceiling.millis % step.millis == 0)
            #expect(ceiling - floor == (floor == time ? .zero : step))
        }
    }

    @Test func theDistantEndsAreOutsideEverythingAndPrintable() {
        #expect(Timestamp.distantPast < Timestamp(millis: 0))
        #expect(Timestamp.distantFuture > Timestamp(millis: 253_402_300_799_999))
        #expect(!Timestamp.distantPast.rfc3339.isEmpty)
        #expect(!Timestamp.distantFuture.rfc3339.isEmpty)
    }

    @Test(
        arguments: [
            (0, "0s"), (1, "1ms"), (999, "999ms"), (1000, "1s"), (90_000, "1m30s"),
            (5_400_000, "1h30m"), (86_400_000, "1d"), (30 * 86_400_000, "30d"),
            (365 * 86_400_000, "365d"), (86_400_001, "1d1ms"), (93_784_005, "1d2h3m4s5ms"),
            (-90_000, "-1m30s"), (.min, "-106751991167d7h12m55s808ms"),
        ] as [(Int64, String)])
    func spansPrintAsPrometheusWritesThem(millis: Int64, text: String) {
        #expect(TimeSpan(millis: millis).description == text)
    }

    @Test func unitsAreMillisecondsTimesTheirSize() {
        #expect(TimeSpan.days(2) == .hours(48) && TimeSpan.hours(1) == .minutes(60))
        #expect(TimeSpan.minutes(1) == .seconds(60) && TimeSpan.seconds(1) == .milliseconds(1000))
        #expect(
            Timestamp(millis: 1500).seconds == 1.5 && TimeSpan.milliseconds(-500).seconds == -0.5)
    }
}
