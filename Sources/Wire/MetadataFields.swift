// Metadata. Remote write 1.0 sends it by metric family, in requests of its own; 2.0 with series:
//
//   MetricMetadata { MetricType type = 1; string metric_family_name = 2; string help = 4;
//                    string unit = 5; }
//   Metadata       { MetricType type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
//
// Prometheus says it with every series of every 2.0 request, so an entry is read without
// allocating: it keeps where its texts stand. Its fingerprint tells whether it is news.

/// Why metadata cannot be taken. It touches no sample.
public enum MetadataFault: String, Error, Hashable, Sendable, CaseIterable {
    case missingFamily = "metadata_missing_family"
    case familyTooLong = "metadata_family_too_long"
    case helpTooLong = "metadata_help_too_long"
    case unitTooLong = "metadata_unit_too_long"
    case invalidUTF8 = "metadata_invalid_utf8"

    /// What to tell the sender.
    public var advice: String {
        switch self {
        case .missingFamily: "metadata without a metric family name"
        case .familyTooLong: "metric family name of metadata too long"
        case .helpTooLong: "help text of metadata too long"
        case .unitTooLong: "unit of metadata too long"
        case .invalidUTF8: "metadata is not valid UTF-8"
        }
    }
}

/// What a metric is, as its sender says.
public struct MetricMetadata: Hashable, Sendable {
    /// The kinds of OpenMetrics, numbered as on the wire.
    public enum Kind: UInt8, Sendable, CaseIterable {
        case unknown = 0
        case counter = 1
        case gauge = 2
        case histogram = 3
        case gaugeHistogram = 4
        case summary = 5
        case info = 6
        case stateSet = 7
    }

    /// The metric family; of remote write 2.0 nil: its series' metric name says it.
    public var family: String?
    public var kind: Kind
    public var help: String
    public var unit: String

    public init(family: String? = nil, kind: Kind, help: String = "", unit: String = "") {
        self.family = family
        self.kind = kind
        self.help = help
        self.unit = unit
    }
}

/// One entry of metadata of a request; `WriteBatch.metricMetadata` gives its texts.
public struct MetadataEntry: Hashable, Sendable {
    /// Place in `WriteBatch.series`; nil in remote write 1.0.
    public let series: UInt32?
    public let kind: MetricMetadata.Kind
    /// Why it must not be stored, as far as that is known without reading its texts.
    public let fault: MetadataFault?
    /// A seeded hash of kind, help and unit, the same in both versions. To be compared with that of
    /// the last entry of the same family or series; the seed is the process'.
    public let fingerprint: UInt64
    fileprivate let family: Place
    fileprivate let help: Place
    fileprivate let unit: Place

    /// Range of `WriteBatch.bytes`.
    fileprivate struct Place: Hashable, Sendable {
        let start: UInt32
        let end: UInt32

        init(_ range: Range<Int>) {
            start = UInt32(range.lowerBound)
            end = UInt32(range.upperBound)
        }

        var range: Range<Int> { Int(start)..<Int(end) }
    }
}

extension WriteBatch {
    /// The texts of one of its entries. Throws its fault, or `invalidUTF8`. O(bytes).
    public func metricMetadata(
        of entry: MetadataEntry
    ) throws(MetadataFault) -> MetricMetadata {
        if let fault = entry.fault { throw fault }
        guard let family = text(entry.family), let help = text(entry.help),
            let unit = text(entry.unit)
        else { throw .invalidUTF8 }
        return MetricMetadata(
            family: entry.series == nil ? family : nil, kind: entry.kind, help: help, unit: unit)
    }

    private func text(_ place: MetadataEntry.Place) -> String? {
        String(validating: bytes[place.range], as: UTF8.self)
    }

    /// Reads metadata of remote write 1.0.
    @inline(never)
    mutating func appendMetadata(
        _ message: WireCursor, seed: HashSeed, limits: WireLimits
    ) throws(WireError) {
        guard metadata.count < limits.metadata else {
            metadataOverLimit += 1
            return
        }
        var cursor = message
        var number32: UInt32 = 0
        var (family, help, unit) = (0..<0, 0..<0, 0..<0)
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (1, 0): number32 = UInt32(truncatingIfNeeded: try cursor.varint())
            case (2, 2): family = try cursor.textRange()
            case (4, 2): help = try cursor.textRange()
            case (5, 2): unit = try cursor.textRange()
            case (1, _), (2, _), (4, _), (5, _): throw .badTag(at: at)
            default: try cursor.skip(type: type)
            }
        }
        var fault = Self.fault(help: help.count, unit: unit.count, limits)
        if family.count > limits.familyBytes { fault = .familyTooLong }
        if family.isEmpty { fault = .missingFamily }
        let kind = MetricMetadata.Kind(wire: number32)
        // What is too long is not read through.
        let isSound = fault == nil
        metadata.append(
            MetadataEntry(
                series: nil, kind: kind, fault: fault,
                fingerprint: isSound
                    ? fingerprint(
                        kind, cursor.key(of: help, seed: seed), cursor.key(of: unit, seed: seed),
                        seed)
                    : 0,
                family: .init(family), help: .init(help), unit: .init(unit)))
    }

    /// Appends metadata of remote write 2.0, for the series about to be appended.
    mutating func appendMetadata(
        _ said: SeriesMetadata, _ symbols: [Symbol], seed: HashSeed, limits: WireLimits
    ) {
        guard metadata.count < limits.metadata else {
            metadataOverLimit += 1
            return
        }
        if metadata.isEmpty { metadata.reserveCapacity(min(limits.metadata, series.capacity)) }
        let help = symbols[Int(said.help)]
        let unit = symbols[Int(said.unit)]
        let kind = MetricMetadata.Kind(wire: said.kind)
        let (helpPlace, unitPlace) = (
            MetadataEntry.Place(help.text), MetadataEntry.Place(unit.text)
        )
        // Series of one metric follow each other: what was hashed last is hashed no more.
        let last = metadata.last.flatMap { last in
            last.kind == kind && last.help == helpPlace && last.unit == unitPlace ? last : nil
        }
        metadata.append(
            MetadataEntry(
                series: UInt32(series.count), kind: kind,
                fault: Self.fault(help: help.text.count, unit: unit.text.count, limits),
                fingerprint: last?.fingerprint ?? fingerprint(kind, help.key, unit.key, seed),
                family: .init(0..<0), help: helpPlace, unit: unitPlace))
    }

    private static func fault(help: Int, unit: Int, _ limits: WireLimits) -> MetadataFault? {
        if help > limits.helpBytes { return .helpTooLong }
        return unit > limits.unitBytes ? .unitTooLong : nil
    }
}

/// What a 2.0 series says of its metric; parts that come twice are merged, the last one counts.
struct SeriesMetadata {
    private(set) var isPresent = false
    private(set) var kind: UInt32 = 0
    private(set) var help: UInt64 = 0
    private(set) var unit: UInt64 = 0

    /// Returns whether its references are below `symbolCount`, each time one is given.
    mutating func read(
        _ message: WireCursor, symbolCount: Int
    ) throws(WireError) -> Bool {
        isPresent = true
        var areInside = true
        var cursor = message
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (1, 0): kind = UInt32(truncatingIfNeeded: try cursor.varint())
            case (3, 0):
                help = try cursor.varint()
                areInside = areInside && help < UInt64(symbolCount)
            case (4, 0):
                unit = try cursor.varint()
                areInside = areInside && unit < UInt64(symbolCount)
            case (1, _), (3, _), (4, _): throw .badTag(at: at)
            default: try cursor.skip(type: type)
            }
        }
        return areInside
    }
}

extension MetricMetadata.Kind {
    /// A number that is not of the list is no kind we know.
    init(wire number: UInt32) {
        self = UInt8(exactly: number).flatMap(Self.init(rawValue:)) ?? .unknown
    }
}

private func fingerprint(
    _ kind: MetricMetadata.Kind, _ help: SeriesKey, _ unit: SeriesKey, _ seed: HashSeed
) -> UInt64 {
    var fold = SymbolFold(seed)
    fold.add(name: help, value: unit)
    fold.add(name: SeriesKey(low: UInt64(kind.rawValue), high: 0), value: unit)
    return fold.key.low
}
