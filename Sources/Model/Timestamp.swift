/// A point in time: milliseconds since the Unix epoch, as Prometheus stamps samples.
public struct Timestamp: Hashable, Comparable, Sendable {
    public var millis: Int64

    public init(millis: Int64) { self.millis = millis }

    /// Before every sample; what "never" compares as.
    public static let distantPast = Timestamp(millis: .min / 4)
    /// After every sample.
    public static let distantFuture = Timestamp(millis: .max / 4)

    /// Seconds since the epoch, as the HTTP API prints time.
    public var seconds: Double { Double(millis) / 1000 }

    public static func < (left: Self, right: Self) -> Bool { left.millis < right.millis }

    public static func + (time: Self, span: TimeSpan) -> Self {
        Self(millis: time.millis &+ span.millis)
    }

    public static func - (time: Self, span: TimeSpan) -> Self {
        Self(millis: time.millis &- span.millis)
    }

    public static func - (later: Self, earlier: Self) -> TimeSpan {
        TimeSpan(millis: later.millis &- earlier.millis)
    }

    /// The latest multiple of `step` that is not after this time.
    public func floor(to step: TimeSpan) -> Self {
        let rest = millis % step.millis
        return Self(millis: millis - (rest < 0 ? rest + step.millis : rest))
    }

    /// The earliest multiple of `step` that is not before this time.
    public func ceiling(to step: TimeSpan) -> Self {
        let low = floor(to: step)
        return low == self ? self : low + step
    }
}

/// A length of time in milliseconds. May be negative.
public struct TimeSpan: Hashable, Comparable, Sendable {
    public var millis: Int64

    public init(millis: Int64) { self.millis = millis }

    public static let zero = TimeSpan(millis: 0)

    public static func milliseconds(_ count: Int64) -> Self { Self(millis: count) }
    public static func seconds(_ count: Int64) -> Self { Self(millis: count * 1000) }
    public static func minutes(_ count: Int64) -> Self { Self(millis: count * 60_000) }
    public static func hours(_ count: Int64) -> Self { Self(millis: count * 3_600_000) }
    public static func days(_ count: Int64) -> Self { Self(millis: count * 86_400_000) }

    public var seconds: Double { Double(millis) / 1000 }

    public static func < (left: Self, right: Self) -> Bool { left.millis < right.millis }
    public static func + (left: Self, right: Self) -> Self {
        Self(millis: left.millis + right.millis)
    }
    public static func - (left: Self, right: Self) -> Self {
        Self(millis: left.millis - right.millis)
    }
    public static func * (span: Self, factor: Int64) -> Self {
        Self(millis: span.millis * factor)
    }
}

extension TimeSpan: CustomStringConvertible {
    /// Prometheus' notation: the largest units first, zero units left out ("1h30m", "30d").
    /// Weeks and years are printed as days, so that "30d" stays "30d".
    public var description: String {
        if millis == 0 { return "0s" }
        var rest = millis.magnitude
        var text = millis < 0 ? "-" : ""
        for (unit, size) in Self.units {
            let count = rest / size
            if count > 0 { text += "\(count)\(unit)" }
            rest %= size
        }
        return text
    }

    private static let units: [(String, UInt64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]
}
