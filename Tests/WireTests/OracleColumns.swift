import Model

@testable import Wire

// What a batch must say of histograms, exemplars and metadata, from protobuf-c's reading. Where a
// value has several faults, the decoder may say any of them; it must say one.

/// Histograms, exemplars and metadata as protobuf-c reads them.
struct OracleColumns {
    /// The start is that which the series gives it, when it has none itself.
    var histograms: [(series: Int, raw: RawHistogram)] = []
    var exemplars: [OracleExemplar] = []
    var metadata: [OracleMetadata] = []

    /// The first thing a batch has otherwise; nil when there is none.
    func disagreement(with batch: WriteBatch) -> String? {
        guard batch.histograms.count == histograms.count else { return "number of histograms" }
        guard batch.exemplars.count == exemplars.count else { return "number of exemplars" }
        guard batch.metadata.count == metadata.count else { return "amount of metadata" }
        for (entry, oracle) in zip(batch.histograms, histograms) {
            let isSame =
                entry.series == oracle.series && entry.timestamp == oracle.raw.timestamp
                && entry.start == oracle.raw.start
            guard isSame else { return "place or times of \(entry), \(oracle)" }
            let faults = oracle.raw.faults
            guard faults.isEmpty ? entry.fault == nil : entry.fault.map(faults.contains) == true
            else { return "\(entry) has \(faults)" }
            if entry.fault == .inexactCount { continue }
            guard entry.histogram.bits == oracle.raw.histogram.bits else {
                return "\(entry.histogram) is \(oracle.raw.histogram)"
            }
        }
        for (entry, oracle) in zip(batch.exemplars, exemplars) where !oracle.agrees(with: entry) {
            return "\(entry) is \(oracle)"
        }
        for (entry, oracle) in zip(batch.metadata, metadata)
        where !oracle.agrees(with: entry, of: batch) {
            return "\(entry) is \(oracle)"
        }
        return nil
    }
}

struct OracleExemplar {
    var series: Int
    /// In the order of the wire; nil when references name none.
    var labels: [RawLabel]?
    var bits: UInt64
    var timestamp: Int64

    private var faults: Set<ExemplarFault> {
        guard let labels else { return [.badReference] }
        var found: Set<ExemplarFault> = []
        if labels.contains(where: \.name.isEmpty) { found.insert(.emptyName) }
        let kept = labels.filter { !$0.value.isEmpty }
        let texts = kept.flatMap { [$0.name, $0.value] }
        if texts.contains(where: { String(validating: $0, as: UTF8.self) == nil }) {
            found.insert(.invalidUTF8)
        }
        let runes = texts.map { String(decoding: $0, as: UTF8.self).unicodeScalars.count }
        if runes.reduce(0, +) > 128 { found.insert(.tooLong) }
        if Set(kept.map(\.name)).count < kept.count { found.insert(.duplicateName) }
        return found
    }

    func agrees(with entry: ExemplarEntry) -> Bool {
        guard entry.series == series, entry.timestamp == timestamp,
            entry.value.bitPattern == bits
        else { return false }
        if let fault = entry.fault { return faults.contains(fault) && entry.labels.isEmpty }
        let kept = (labels ?? []).filter { !$0.value.isEmpty }.sorted()
        return faults.isEmpty && entry.labels.raw == kept
    }
}

struct OracleMetadata {
    var series: Int?
    var type: UInt32
    /// Empty for remote write 2.0.
    var family: [UInt8] = []
    var help: [UInt8]
    var unit: [UInt8]

    private func fault(_ limits: WireLimits = .standard) -> MetadataFault? {
        if series == nil && family.isEmpty { return .missingFamily }
        if family.count > limits.familyBytes { return .familyTooLong }
        if help.count > limits.helpBytes { return .helpTooLong }
        if unit.count > limits.unitBytes { return .unitTooLong }
        let areTexts = [family, help, unit].allSatisfy {
            String(validating: $0, as: UTF8.self) != nil
        }
        return areTexts ? nil : .invalidUTF8
    }

    func agrees(with entry: MetadataEntry, of batch: WriteBatch) -> Bool {
        guard entry.series.map(Int.init) == series, entry.kind.rawValue == (type < 8 ? type : 0)
        else { return false }
        do throws(MetadataFault) {
            let said = try batch.metricMetadata(of: entry)
            return fault() == nil && said.kind == entry.kind
                && said.family.map { Array($0.utf8) } == (series == nil ? family : nil)
                && Array(said.help.utf8) == help && Array(said.unit.utf8) == unit
        } catch {
            return fault() == error && (error == .invalidUTF8 || entry.fault == error)
        }
    }
}
