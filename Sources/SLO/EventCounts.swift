/// Bad and total events. Good is the difference.
public struct EventCounts: Hashable, Sendable {
    public var bad: Double
    public var total: Double

    public static let zero = EventCounts(bad: 0, total: 0)

    public init(bad: Double, total: Double) {
        self.bad = bad
        self.total = total
    }

    public var good: Double { total - bad }

    static func + (left: Self, right: Self) -> Self {
        Self(bad: left.bad + right.bad, total: left.total + right.total)
    }
    static func - (left: Self, right: Self) -> Self {
        Self(bad: left.bad - right.bad, total: left.total - right.total)
    }
    static func += (left: inout Self, right: Self) { left = left + right }
}
