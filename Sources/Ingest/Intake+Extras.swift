public import Model
import Storage
import Wire

// What comes beside samples: exemplars and metadata. They are stored and logged, and change no
// count.

/// An exemplar as the log holds it.
public struct ResolvedExemplar: Hashable, Sendable {
    public internal(set) var id: UInt32
    public internal(set) var time: Timestamp
    public internal(set) var value: Double
    public internal(set) var labels: Labels
}

extension ResolvedExemplar: Archivable {
    /// To read into.
    public static let blank = ResolvedExemplar(
        id: 0, time: .distantPast, value: 0, labels: .empty)

    /// Number, time, value, labels.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&id)
        archive.field(&time)
        archive.field(&value)
        archive.field(&labels)
    }
}

/// Metadata as the log holds it: only what was news.
public struct ResolvedMetadata: Hashable, Sendable {
    public internal(set) var metric: String
    /// Numbered as on the wire.
    public internal(set) var kind: UInt8
    public internal(set) var help: String
    public internal(set) var unit: String
}

extension ResolvedMetadata: Archivable {
    /// To read into.
    public static let blank = ResolvedMetadata(metric: "", kind: 0, help: "", unit: "")

    /// Metric, kind, texts.
    public mutating func archive(_ archive: inout Archive) {
        archive.field(&metric)
        archive.field(&kind)
        archive.field(&help)
        archive.field(&unit)
    }
}

extension Intake {
    /// Takes the batch's exemplars and metadata. Faults of metadata, and in remote write 1.0 those
    /// of exemplars, are counted and do not fail the request, as senders of the day expect.
    mutating func takeExtras(
        of batch: WriteBatch, _ resolution: Resolution, _ write: inout ResolvedWrite
    ) {
        let isLenient = !batch.isSecond
        for entry in batch.exemplars {
            let id = resolution.ids[Int(entry.series)]
            guard id != Resolution.refusedSeries else { continue }
            if let fault = entry.fault {
                refuse(.exemplar(fault), 1, id, &write.tally, isLenient: isLenient)
                continue
            }
            let exemplar = ResolvedExemplar(
                id: id, time: Timestamp(millis: entry.timestamp), value: entry.value,
                labels: entry.labels)
            switch add(exemplar) {
            case .stored: write.exemplars.append(exemplar)
            case .duplicate: write.tally.exemplarDuplicates += 1
            case .outOfOrder:
                refuse(.exemplarOutOfOrder, 1, id, &write.tally, isLenient: isLenient)
            }
        }
        if batch.exemplarsOverLimit > 0 {
            refuse(
                .tooManyExemplars, batch.exemplarsOverLimit, "", &write.tally,
                isLenient: isLenient)
        }
        write.tally.exemplars = write.exemplars.count
        for entry in batch.metadata { take(entry, of: batch, resolution, &write) }
    }

    private mutating func add(_ exemplar: ResolvedExemplar) -> ExemplarOutcome {
        store.add(
            Exemplar(time: exemplar.time, value: exemplar.value, labels: exemplar.labels),
            to: SeriesID(places[Int(exemplar.id)].stored))
    }

    private mutating func take(
        _ entry: MetadataEntry, of batch: WriteBatch, _ resolution: Resolution,
        _ write: inout ResolvedWrite
    ) {
        var metric: UInt32?
        if let series = entry.series {
            let id = resolution.ids[Int(series)]
            guard id != Resolution.refusedSeries else { return }
            metric = places[Int(id)].metric
            // Senders repeat it with every series of every request.
            if knownPrint(of: places[Int(id)].metric) == entry.fingerprint { return }
        }
        do throws(MetadataFault) {
            let told = try batch.metricMetadata(of: entry)
            var name = told.family ?? ""
            if let series = entry.series {
                let id = SeriesID(resolution.ids[Int(series)])
                name = store.labels(of: id)[Labels.metricName] ?? ""
            }
            if let metric { notePrint(entry.fingerprint, of: metric) }
            let resolved = ResolvedMetadata(
                metric: name, kind: told.kind.rawValue, help: told.help, unit: told.unit)
            if add(resolved) { write.metadata.append(resolved) }
        } catch {
            refuse(.metadata(error), 1, "", &write.tally, isLenient: true)
        }
    }

    @inline(__always)
    private func knownPrint(of metric: UInt32) -> UInt64? {
        Int(metric) < metadataPrints.count ? metadataPrints[Int(metric)] : nil
    }

    private mutating func notePrint(_ fingerprint: UInt64, of metric: UInt32) {
        if Int(metric) >= metadataPrints.count {
            let missing = Int(metric) + 1 - metadataPrints.count
            metadataPrints.append(contentsOf: repeatElement(nil, count: missing))
        }
        metadataPrints[Int(metric)] = fingerprint
    }

    /// Whether it was news.
    private mutating func add(_ metadata: ResolvedMetadata) -> Bool {
        store.describe(
            metadata.metric,
            as: MetricDescription(
                kind: metadata.kind, help: metadata.help, unit: metadata.unit))
    }

    /// Replay: takes the exemplars and metadata of a logged write.
    mutating func takeExtras(of write: ResolvedWrite) {
        for exemplar in write.exemplars where Int(exemplar.id) < store.count {
            _ = add(exemplar)
        }
        for metadata in write.metadata { _ = add(metadata) }
    }
}
