import CRemoteWriteOracle

@testable import Wire

/// One series of a 2.0 request as protobuf-c reads it.
struct Oracle2Series: Equatable {
    var references: [UInt32]
    var samples: [RawSample]
    /// Each sample's own start, else the series' created_timestamp.
    var starts: [Int64]
    /// All references of exemplars and metadata lie within the symbols, exemplars' in pairs.
    var areOthersSound: Bool
}

/// A 2.0 request as protobuf-c reads it.
struct Oracle2Request: Equatable {
    var symbols: [[UInt8]] = []
    var series: [Oracle2Series] = []
    var exemplars = 0
    var histograms = 0
    var metadata = 0

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
            exemplars += one.n_exemplars
            histograms += one.n_histograms
            metadata += one.metadata == nil ? 0 : 1
        }
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
        guard series.areOthersSound, series.references.count.isMultiple(of: 2),
            series.references.allSatisfy({ $0 < symbols.count })
        else { return .failure(.badReference) }
        let text = series.references.map { symbols[Int($0)] }
        let labels = stride(from: 0, to: text.count, by: 2).map { RawLabel(text[$0], text[$0 + 1]) }
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
        areOthersSound = true
        if let metadata = series.metadata?.pointee {
            areOthersSound = metadata.help_ref < symbolCount && metadata.unit_ref < symbolCount
        }
        for index in 0..<series.n_exemplars {
            guard let exemplar = series.exemplars?[index]?.pointee else { continue }
            let references = UnsafeBufferPointer(
                start: exemplar.labels_refs, count: exemplar.n_labels_refs)
            let areInside = references.allSatisfy { $0 < symbolCount }
            areOthersSound =
                areOthersSound && areInside && references.count.isMultiple(of: 2)
        }
    }
}
