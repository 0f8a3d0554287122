// Time zones from TZif files (RFC 9636), which the shell reads and passes in: below the purity line
// there is no folder of zones. Up to the last transition in the file its table says which offset
// holds, after it the POSIX rule in the file's last line.

/// A time zone: its offset from UTC at any time. Some kilobytes.
public struct TimeZoneRules: Sendable {
    /// Files beyond it are no time zones; the largest of tzdata 2026 has 4 KiB.
    public static let bytesMax = 64 << 10

    /// IANA's name, such as `Europe/Berlin`.
    public let name: String
    /// The file it was read from; empty for UTC.
    public let bytes: [UInt8]
    /// Ascending; from `at` on `offset` holds.
    private var transitions: [OffsetTransition] = []
    private var firstOffset: Int64 = 0
    /// None or one; apart, since every group of a calendar SLO holds a copy of these rules.
    private var tails: [RecurringOffsets] = []

    /// Coordinated universal time, which needs no file.
    public static let utc = TimeZoneRules()

    private init() {
        name = "UTC"
        bytes = []
    }

    /// Reads a TZif file of any version; nil when it is malformed, or counts leap seconds.
    public init?(name: String, tzif: [UInt8]) {
        guard tzif.count <= Self.bytesMax, var reader = TZifReader(tzif) else { return nil }
        guard let table = reader.table() else { return nil }
        self.name = name
        bytes = tzif
        transitions = table.transitions
        firstOffset = table.firstOffset
        tails = table.tail.map { [$0] } ?? []
    }

    /// Whether a text can be IANA's name of a zone, and the path of its file.
    public static func isName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.count <= 64
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.utf8.allSatisfy { byte in
                        let scalar = Unicode.Scalar(byte)
                        return byte < 0x80
                            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
                                || scalar == "_" || scalar == "-" || scalar == "+")
                    }
            }
    }

    /// How far local time is ahead of UTC, in seconds. O(log transitions).
    public func offsetSeconds(at time: Timestamp) -> Int64 {
        let seconds = time.floor(to: .seconds(1)).millis / 1000
        guard let last = transitions.last else {
            return tails.first?.offset(at: seconds) ?? firstOffset
        }
        if seconds >= last.at, let tail = tails.first { return tail.offset(at: seconds) }
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= seconds { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : transitions[low - 1].offset
    }

    /// The local day of a time.
    public func day(of time: Timestamp) -> CivilDate {
        let local = time + .seconds(offsetSeconds(at: time))
        return CivilDate(days: local.floor(to: .days(1)).millis / TimeSpan.days(1).millis)
    }

    /// The first time at which local clocks show this second of the day, or, where they skip it, a
    /// later one.
    public func firstTime(of date: CivilDate, second: Int64 = 0) -> Timestamp {
        let local = date.days * 86_400 + second
        // No zone is farther from UTC than 26 hours, so this holds every instant that can be meant.
        let reach: Int64 = 26 * 3600
        var from = local - reach
        var offset = offsetSeconds(at: Timestamp(millis: from * 1000))
        for next in changes(from: from, to: local + reach) {
            if local - offset < next.at { break }
            from = next.at
            offset = next.offset
        }
        return Timestamp(millis: max(from, local - offset) * 1000)
    }

    /// The transitions of (from, to], ascending.
    private func changes(from: Int64, to: Int64) -> [OffsetTransition] {
        var found = transitions.filter { $0.at > from && $0.at <= to }
        let tableEnd = transitions.last?.at ?? .min
        if let tail = tails.first, to > tableEnd {
            found += tail.transitions(around: from).filter {
                $0.at > max(from, tableEnd) && $0.at <= to
            }
        }
        return found
    }
}

extension TimeZoneRules: Hashable {
    public static func == (left: Self, right: Self) -> Bool {
        left.name == right.name && left.bytes == right.bytes
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// From a time on an offset holds. Both in seconds.
struct OffsetTransition: Hashable, Sendable {
    let at: Int64
    let offset: Int64
}
