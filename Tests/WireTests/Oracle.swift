import CRemoteWriteOracle

@testable import Wire

/// One series as protobuf-c reads it: labels in the order of the wire.
struct OracleSeries: Equatable {
    var labels: [RawLabel]
    var samples: [RawSample]
}

/// A request as protobuf-c reads it.
struct OracleRequest {
    var series: [OracleSeries] = []
    var columns = OracleColumns()

    /// Unpacks a body with protobuf-c; nil when it refuses.
    init?(_ body: [UInt8]) {
        guard let request = prometheus__write_request__unpack(nil, body.count, body) else {
            return nil
        }
        defer { prometheus__write_request__free_unpacked(request, nil) }
        columns.metadata = array(request.pointee.metadata, request.pointee.n_metadata)
            .compactMap(\.?.pointee)
            .map {
                OracleMetadata(
                    type: $0.type, family: bytes($0.metric_family_name), help: bytes($0.help),
                    unit: bytes($0.unit))
            }
        for index in 0..<request.pointee.n_timeseries {
            guard let one = request.pointee.timeseries?[index]?.pointee else { return nil }
            series.append(OracleSeries(one))
            columns.histograms += array(one.histograms, one.n_histograms)
                .compactMap(\.?.pointee)
                .map { (index, RawHistogram($0, start: 0)) }
            columns.exemplars += array(one.exemplars, one.n_exemplars)
                .compactMap(\.?.pointee)
                .map {
                    OracleExemplar(
                        series: index, labels: labels($0.labels, $0.n_labels),
                        bits: $0.value.bitPattern, timestamp: $0.timestamp)
                }
        }
    }

    /// The body as protobuf-c packs what it has unpacked; nil when it refuses to unpack.
    static func repacked(_ body: [UInt8]) -> [UInt8]? {
        guard let request = prometheus__write_request__unpack(nil, body.count, body) else {
            return nil
        }
        defer { prometheus__write_request__free_unpacked(request, nil) }
        let size = prometheus__write_request__get_packed_size(request)
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            count = prometheus__write_request__pack(request, buffer.baseAddress)
        }
    }
}

extension OracleSeries {
    fileprivate init(_ series: Prometheus__TimeSeries) {
        labels = WireTests.labels(series.labels, series.n_labels)
        samples = (0..<series.n_samples).compactMap { index in
            (series.samples?[index]?.pointee).map {
                RawSample(timestamp: $0.timestamp, bits: $0.value.bitPattern)
            }
        }
    }

    /// What `canonicalLabels` must say of these labels, written down again and more simply.
    func canonical(_ limits: LabelLimits = .standard) -> Result<[RawLabel], LabelFault> {
        var kept: [RawLabel] = []
        for label in labels {
            if label.name.isEmpty { return .failure(.emptyName) }
            if label.value.isEmpty { continue }
            if label.name.count > limits.nameBytes || label.value.count > limits.valueBytes {
                return .failure(.tooLong)
            }
            kept.append(label)
            if kept.count > limits.labels { return .failure(.tooMany) }
        }
        // By name alone: of two faults the one that comes first in the body is said.
        kept.sort { $0.name.lexicographicallyPrecedes($1.name) }
        for (index, label) in kept.enumerated() {
            if index > 0 && kept[index - 1].name == label.name { return .failure(.duplicateName) }
            for text in [label.name, label.value] where !isUTF8(text) {
                return .failure(.invalidUTF8)
            }
        }
        let isNamed = kept.contains { $0.name == Array("__name__".utf8) }
        return isNamed ? .success(kept) : .failure(.missingMetricName)
    }
}

private func isUTF8(_ bytes: [UInt8]) -> Bool {
    String(validating: bytes, as: UTF8.self) != nil
}

private func labels(
    _ start: UnsafeMutablePointer<UnsafeMutablePointer<Prometheus__Label>?>?, _ count: Int
) -> [RawLabel] {
    array(start, count).compactMap(\.?.pointee).map { RawLabel(bytes($0.name), bytes($0.value)) }
}

private func bytes(_ data: ProtobufCBinaryData) -> [UInt8] {
    data.data.map { Array(UnsafeBufferPointer(start: $0, count: data.len)) } ?? []
}
