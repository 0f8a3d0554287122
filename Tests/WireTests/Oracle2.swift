import CRemoteWriteOracle

@testable import Wire

/// One series of a 2.0 request as protobuf-c reads it.
struct Oracle2Series: Equatable {
    var references: [UInt32]
    var samples: [RawSample]
    /// Each sample's own start, else the series' created_timestamp.
    var starts: [Int64]
    /// All references of metadata lie within the symbols.
    var isMetadataSound: Bool
}

/// A 2.0 request as protobuf-c reads it.
struct Oracle2Request {
    var symbols: [[UInt8]] = []
    var series: [Oracle2Series] = []
    var columns = OracleColumns()

    /// Unpacks a body with protobuf-c; nil when it refuses.
    init?(_ body: [UInt8]) {
        guard let request = io__prometheus__write__v2__request__unpack(nil, body.count, body)
        else { return nil }
        defer { io__prometheus__write__v2__request__free_unpacked(request, nil) }
        for index in 0..<request.pointee.n_symbols {
            guard let one = request.pointee.symbols?[index] else { return nil }
            symbols.append(Array(UnsafeBufferPointer(start: one.data, count: one.len)))
        }
        for index in 0..<request.pointee.n_timeseries {
            guard let one = request.pointee.timeseries?[index]?.pointee else { return nil }
            series.append(Oracle2Series(one, symbolCount: symbols.count))
            add(one, index)
        }
    }

    private mutating func add(_ one: Io__Prometheus__Write__V2__TimeSeries, _ index: Int) {
        for histogram in array(one.histograms, one.n_histograms).compactMap(\.?.pointee) {
            let own = histogram.start_timestamp
            let start = own == 0 ? one.created_timestamp : own
            columns.histograms.append((index, RawHistogram(histogram, start: start)))
        }
        for exemplar in array(one.exemplars, one.n_exemplars).compactMap(\.?.pointee) {
            let references = array(exemplar.labels_refs, exemplar.n_labels_refs)
            columns.exemplars.append(
                OracleExemplar(
                    series: index, labels: labels(of: references),
                    bits: exemplar.value.bitPattern, timestamp: exemplar.timestamp))
        }
        if series[index].isMetadataSound, let said = one.metadata?.pointee {
            columns.metadata.append(
                OracleMetadata(
                    series: index, type: said.type, help: symbols[Int(said.help_ref)],
                    unit: symbols[Int(said.unit_ref)]))
        }
    }

    /// The labels that references name; nil when one names nothing.
    private func labels(of references: [UInt32]) -> [RawLabel]? {
        guard references.count.isMultiple(of: 2),
            references.allSatisfy({ $0 < symbols.count })
        else { return nil }
        let text = references.map { symbols[Int($0)] }
        return stride(from: 0, to: text.count, by: 2).map { RawLabel(text[$0], text[$0 + 1]) }
    }

    /// The body as protobuf-c packs what it has unpacked; nil when it refuses to unpack.
    static func repacked(_ body: [UInt8]) -> [UInt8]? {
        guard let request = io__prometheus__write__v2__request__unpack(nil, body.count, body)
        else { return nil }
        defer { io__prometheus__write__v2__request__free_unpacked(request, nil) }
        let size = io__prometheus__write__v2__request__get_packed_size(request)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = io__prometheus__write__v2__request__pack(request, buffer.baseAddress)
        }
    }

    /// The labels a series names, checked as `canonicalLabels` must.
    func labels(of series: Oracle2Series) -> Result<[RawLabel], LabelFault> {
        guard series.isMetadataSound, let labels = labels(of: series.references) else {
            return .failure(.badReference)
        }
        return OracleSeries(labels: labels, samples: []).canonical()
    }
}

extension Oracle2Series {
    fileprivate init(_ series: Io__Prometheus__Write__V2__TimeSeries, symbolCount: Int) {
        references = Array(
            UnsafeBufferPointer(start: series.labels_refs, count: series.n_labels_refs))
        let all = (0..<series.n_samples).compactMap { series.samples?[$0]?.pointee }
        samples = all.map { RawSample(timestamp: $0.timestamp, bits: $0.value.bitPattern) }
        starts = all.map {
            $0.start_timestamp == 0 ? series.created_timestamp : $0.start_timestamp
        }
        isMetadataSound = true
        if let metadata = series.metadata?.pointee {
            isMetadataSound = metadata.help_ref < symbolCount && metadata.unit_ref < symbolCount
        }
    }
}
