public import Model
import Storage
public import Wire

// A write in two steps (DESIGN §4.5): `resolve` finds or adds the series, then, after the caller
// has routed the new ones, `apply` checks and takes the samples and gives the canonical form for
// the log. Replay calls `addSeries` and `apply` with that form and nothing else.

/// A batch whose series are known by number.
public struct Resolution: Sendable {
    static let refusedSeries = UInt32.max

    /// The most shed series of a request that are told.
    static let shedMax = 10_000

    /// Labels of the series that a limit shed.
    public internal(set) var shed: [Labels] = []
    /// Series added by this batch; to be routed before `apply`.
    public internal(set) var added: [SeriesID] = []
    /// Parallel to the batch's series.
    var ids: [UInt32] = []
    var write = ResolvedWrite()

    /// Notes who would have counted the shed series, for the log.
    public mutating func note(shedConsumers: [UInt32]) { write.shedConsumers = shedConsumers }
}

extension Intake {
    /// How far ahead of the agent's clock a sample may be, as Prometheus' receiver has it.
    static let aheadMax = TimeSpan.minutes(10)
    private static let examplesMax = 4

    /// Finds the batch's series, adding those not yet known. O(series); parses labels only for
    /// label blocks seen for the first time.
    public mutating func resolve(_ batch: WriteBatch, now: Timestamp) -> Resolution {
        var resolution = Resolution()
        resolution.ids.reserveCapacity(batch.series.count)
        var histograms = batch.histograms[...]
        var hint = UInt32.max
        for (index, block) in batch.series.enumerated() {
            // The key of a series that was forgotten may still be there.
            let known = store.find(low: block.key.low, high: block.key.high, after: hint)
            if let id = known, !isForgotten(id) {
                hint = id.index
                resolution.ids.append(id.index)
            } else {
                histograms = histograms.drop { $0.series < index }
                let others = histograms.prefix { $0.series == index }.count
                resolution.ids.append(
                    resolveUnknown(block, others, batch, now, &resolution))
            }
        }
        return resolution
    }

    @inline(never)
    private mutating func resolveUnknown(
        _ block: SeriesBlock, _ histograms: Int, _ batch: WriteBatch, _ now: Timestamp,
        _ resolution: inout Resolution
    ) -> UInt32 {
        let labels: Labels
        let samples = block.samples.count + histograms
        do throws(LabelFault) {
            labels = try batch.canonicalLabels(of: block, limits: settings.labelLimits)
        } catch {
            refuse(.labels(error), samples, "", &resolution.write.tally)
            return Resolution.refusedSeries
        }
        if let known = store.find(labels) {
            store.remember(low: block.key.low, high: block.key.high, as: known)
            return known.index
        }
        // A block without a sample makes no series: nothing of it would ever be used.
        guard samples > 0 else { return Resolution.refusedSeries }
        if let limit = limitReached(by: labels, samples: samples) {
            refuse(limit, samples, labels.description, &resolution.write.tally)
            if resolution.shed.count < Resolution.shedMax { resolution.shed.append(labels) }
            return Resolution.refusedSeries
        }
        let added = add(labels, now: now)
        store.remember(low: block.key.low, high: block.key.high, as: added.id)
        resolution.write.newSeries.append(labels)
        if let id = added.routable { resolution.added.append(id) }
        return added.id.index
    }

    /// The limit that a new series would pass. Known series are never shed.
    mutating func limitReached(by labels: Labels, samples: Int) -> Refusal? {
        let name = labels[Cardinality.namespaceLabel] ?? ""
        let namespace = cardinality.namespace(name)
        let isFull =
            cardinality.total >= settings.seriesMax
            || store.count >= settings.seriesNumbersMax
        guard
            isFull
                || cardinality.series(inNamespace: namespace) >= settings.seriesPerNamespaceMax
        else { return nil }
        cardinality.refuse(
            samples: samples, namespace: namespace, metric: labels[Labels.metricName] ?? "")
        return isFull ? .seriesLimit : .namespaceLimit
    }

    /// Takes the batch's samples. The result is what the log keeps. O(samples).
    public mutating func apply(
        _ batch: WriteBatch, _ resolution: Resolution, now: Timestamp,
        into output: inout IntakeOutput
    ) -> ResolvedWrite {
        var write = resolution.write
        write.ids.reserveCapacity(batch.timestamps.count)
        write.times.reserveCapacity(batch.timestamps.count)
        write.values.reserveCapacity(batch.timestamps.count)
        let hasStarts = !batch.starts.isEmpty
        for (index, block) in batch.series.enumerated() {
            if index % Self.touchedAtOnce == 0 { touch(resolution.ids[index...]) }
            let id = resolution.ids[index]
            guard id != Resolution.refusedSeries else { continue }
            for sample in block.samples {
                let time = batch.timestamps[sample]
                let value = batch.values[sample]
                let start = hasStarts ? batch.starts[sample] : 0
                switch take(SeriesID(id), Timestamp(millis: time), value, start, now, &output) {
                case .stored(let isStartNew):
                    if isStartNew { write.noteStart(start) }
                    write.ids.append(id)
                    write.times.append(time)
                    write.values.append(value)
                case .duplicate: write.tally.duplicates += 1
                case .refused(let refusal):
                    refuse(refusal, 1, id, &write.tally)
                }
            }
        }
        write.tally.stored = write.ids.count
        takeHistograms(of: batch, resolution, now, &write, &output)
        takeExtras(of: batch, resolution, &write)
        finish(write.tally, now, &output)
        return write
    }

    private static let touchedAtOnce = 16

    /// Loads what the next samples will be written to, so that the misses of the cache overlap: one
    /// after the other they are a tenth of a write's cost at 100,000 series.
    private mutating func touch(_ ids: ArraySlice<UInt32>) {
        for id in ids.prefix(Self.touchedAtOnce) where id != Resolution.refusedSeries {
            touched ^= store.touch(SeriesID(id))
        }
    }

    /// Replay: adds the series of a logged write. The caller routes them, then calls `apply`.
    public mutating func addSeries(of write: ResolvedWrite, now: Timestamp) -> [SeriesID] {
        write.newSeries.compactMap { add($0, now: now).routable }
    }

    /// Replay: takes the samples of a logged write. O(samples).
    public mutating func apply(
        _ write: ResolvedWrite, now: Timestamp, into output: inout IntakeOutput
    ) {
        var starts = write.starts[...]
        for index in write.ids.indices {
            var start: Int64 = 0
            if let next = starts.first, next.sample == index {
                start = next.millis
                starts.removeFirst()
            }
            guard Int(write.ids[index]) < store.count else { continue }
            let time = Timestamp(millis: write.times[index])
            _ = take(SeriesID(write.ids[index]), time, write.values[index], start, now, &output)
        }
        takeHistograms(of: write, now, &output)
        takeExtras(of: write)
        finish(write.tally, now, &output)
    }

    private mutating func finish(
        _ tally: WriteTally, _ now: Timestamp, _ output: inout IntakeOutput
    ) {
        commitCursor(now, &output)
        count(tally)
    }

    func refuse(
        _ refusal: Refusal, _ count: Int, _ id: UInt32, _ tally: inout WriteTally,
        isLenient: Bool = false
    ) {
        let isNew = !tally.examples.contains { $0.refusal == refusal }
        let name = isNew ? store.labels(of: SeriesID(id)).description : ""
        refuse(refusal, count, name, &tally, isLenient: isLenient)
    }

    func refuse(
        _ refusal: Refusal, _ count: Int, _ series: String, _ tally: inout WriteTally,
        isLenient: Bool = false
    ) {
        tally.refuse(refusal, count: count)
        if isLenient {
            tally.lenient += count
            return
        }
        let isNew = !tally.examples.contains { $0.refusal == refusal }
        if isNew && tally.examples.count < Self.examplesMax {
            tally.examples.append((refusal, series))
        }
    }
}
