// Times are checked as they are read: the bytes may be damaged, and what follows adds periods.

extension Archive {
    private static var timeRange: ClosedRange<Timestamp> { .distantPast ... .distantFuture }

    /// A time between the distant past and the distant future.
    public mutating func time(_ value: inout Timestamp) {
        field(&value)
        guard isReading, !Self.timeRange.contains(value) else { return }
        value = .distantPast
        fail()
    }

    /// A time, if there is one.
    public mutating func time(_ value: inout Timestamp?) {
        optional(&value, blank: .distantPast) { $0.time(&$1) }
    }
}
