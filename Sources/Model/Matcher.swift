/// One condition of a selector on a label, as PromQL writes it: `name op "value"`.
public struct Matcher: Hashable, Sendable {
    /// How a label's value is compared.
    public enum Operator: String, Hashable, Sendable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case notMatches = "!~"
    }

    public let name: String
    public let op: Operator
    public let value: String

    public init(_ name: String, _ op: Operator, _ value: String) {
        self.name = name
        self.op = op
        self.value = value
    }
}

extension Matcher: CustomStringConvertible {
    public var description: String { "\(name)\(op.rawValue)\(quoted(value))" }
}

/// A series' number: dense, persisted, never reused within a data directory (DESIGN §4.5).
public struct SeriesID: Hashable, Comparable, Sendable {
    public let index: UInt32

    @inlinable public init(_ index: UInt32) { self.index = index }
    @inlinable public static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}

/// The NaN by which Prometheus marks the end of a series. Compare bits, never values.
public let staleMarkerBits: UInt64 = 0x7ff0_0000_0000_0002

/// Whether a sample's value marks the end of its series.
@inlinable public func isStaleMarker(_ value: Double) -> Bool {
    value.bitPattern == staleMarkerBits
}
