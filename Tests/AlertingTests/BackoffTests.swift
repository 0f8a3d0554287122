import Model
import Testing

@testable import Alerting

@Suite struct BackoffTests {
    @Test func theJitterIsTheSameInEveryProcess() {
        let waits = (1...4).map { Backoff.delay(failures: $0, id: DeliveryID(7)).millis }
        // By an independent FNV-1a in Python.
        #expect(waits == [868, 1778, 3309, 6720])
        let others = (1...50).map { Backoff.delay(failures: 9, id: DeliveryID($0)).millis }
        #expect(Set(others).count > 40)
    }

    @Test func staysWithinAQuarterOfTheDoublingBase() {
        for failures in [1, 2, 5, 9, 10, 64, 100_000] {
            let base = min(Int64(1000) << Int64(min(failures - 1, 20)), 300_000)
            for number in UInt64(1)...200 {
                let wait = Backoff.delay(failures: failures, id: DeliveryID(number)).millis
                #expect(wait <= base && wait >= base - base / 4)
            }
        }
    }
}
