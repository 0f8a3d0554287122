internal import Model

// Exponential backoff, 1 s to 5 min, each delay shortened by up to a quarter so that agents that
// failed together do not return together. The jitter is a hash, so replay waits the same.

/// How long to wait after failures.
enum Backoff {
    static let first = TimeSpan.seconds(1)
    static let longest = TimeSpan.minutes(5)
    /// A `Retry-After` beyond this is not believed: an alert may be waiting.
    static let retryAfterMax = TimeSpan.hours(1)

    /// The wait after the `failures`th failure in a row, the last one of `id`.
    static func delay(
        failures: Int, id: DeliveryID, longest: TimeSpan = longest
    ) -> TimeSpan {
        precondition(failures >= 1, "a wait follows a failure")
        let doublings = min(failures - 1, 20)
        let base = max(1, min(first.millis << Int64(doublings), longest.millis))
        var input = ByteWriter()
        input.fixed64(id.number)
        input.fixed64(UInt64(failures))
        var hash = FNV1a64()
        hash.combine(input.bytes)
        let jitter = Int64((hash.value >> 32) % UInt64(base / 4 + 1))
        return .milliseconds(base - jitter)
    }

    /// A receiver's own wish, within reason.
    static func honoured(_ retryAfter: TimeSpan) -> TimeSpan {
        min(max(retryAfter, first), retryAfterMax)
    }
}
