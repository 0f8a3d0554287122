public import Agent
public import Backtest
import Glibc
public import Model
import Storage

// Plays a history to one rule set or two. Files are read by each rule set on its own, two at a
// time; what comes over the network is fetched once and given to both.

/// Where a history comes from.
public enum HistorySource: Sendable {
    /// Files of a recording, oldest first.
    case recording([String])
    case stored(StoredHistory)
    case notation(NotationHistory)
    case prometheus(PrometheusHistory)
}

/// What was played.
public struct PlayedHistory: Sendable {
    public var runs: [BacktestRun]
    public var series = 0
    public var samples = 0
    /// When it ended.
    public var end: Timestamp
    /// Files that ended in a torn or damaged record, and records that did not read.
    public var faults = 0
}

/// Plays histories.
public enum HistoryPlayer {
    /// Columns are read so much at a time.
    private static let slice = TimeSpan.hours(6)

    /// The first and the last time of a history, as far as they are known without reading it.
    public static func span(of source: HistorySource) -> (first: Timestamp, last: Timestamp?)? {
        switch source {
        case .recording(let files):
            for file in files {
                guard let bytes = readFile(file) else { continue }
                var reader = LogReader(bytes, from: LogPosition.start.next)
                if let record = reader.next() { return (record.now, nil) }
            }
            return nil
        case .stored(let history): return history.span.map { ($0.first, $0.last) }
        case .notation(let history): return history.span.map { ($0.first, $0.last) }
        case .prometheus(let history): return (history.from, history.to)
        }
    }

    /// Plays what lies in [from, to] to all runs. A fault is of the source.
    public static func play(
        _ source: HistorySource, to runs: [BacktestRun], from: Timestamp, to: Timestamp
    ) throws(FileFault) -> PlayedHistory {
        switch source {
        case .recording(let files):
            let played = onThreads(runs) { run in playRecording(files, to: run, from, to) }
            return merged(played)
        case .stored(let history):
            return playStored(history, to: runs, from, to)
        case .notation(let history):
            var played = PlayedHistory(runs: runs, end: min(to, history.span?.last ?? to))
            played.series = history.labels.count
            let columns = history.columns.map { clip($0, from, to) }
            played.samples = columns.reduce(0) { $0 + $1.times.count + $1.histograms.count }
            for index in played.runs.indices {
                played.runs[index].add(history.labels)
                played.runs[index].take(columns)
            }
            return played
        case .prometheus(var history):
            return try playFetched(&history, to: runs, from, to)
        }
    }

    private static func clip(
        _ column: HistoryColumn, _ from: Timestamp, _ to: Timestamp
    ) -> HistoryColumn {
        var clipped = HistoryColumn(number: column.number)
        for (time, value) in zip(column.times, column.values) where time >= from && time <= to {
            clipped.times.append(time)
            clipped.values.append(value)
        }
        clipped.histograms = column.histograms.filter { $0.time >= from && $0.time <= to }
        return clipped
    }

    // MARK: Files

    private static func playRecording(
        _ files: [String], to run: BacktestRun, _ from: Timestamp, _ to: Timestamp
    ) -> PlayedHistory {
        var played = PlayedHistory(runs: [run], end: from)
        var history = RecordingHistory()
        for file in files {
            guard let bytes = readFile(file) else {
                played.faults += 1
                continue
            }
            let end = history.read(bytes) { event in
                switch event {
                case .series: played.runs[0].take(event)
                case .batch(let batch):
                    guard batch.now >= from, batch.now <= to else { return }
                    played.samples += batch.count
                    played.end = max(played.end, batch.now)
                    played.runs[0].take(event)
                case .restarted(let time):
                    if time >= from && time <= to { played.runs[0].take(event) }
                }
            }
            if end != .clean { played.faults += 1 }
        }
        played.faults += history.malformed
        played.series = history.seriesCount
        return played
    }

    /// A stretch of time is read while the one before is counted, and each run counts on a thread
    /// of its own.
    private static func playStored(
        _ history: StoredHistory, to runs: [BacktestRun], _ from: Timestamp, _ to: Timestamp
    ) -> PlayedHistory {
        var played = PlayedHistory(runs: [], end: min(to, history.span?.last ?? to))
        let series = history.series.filter { one in
            let metric = one.labels[Labels.metricName] ?? ""
            return runs.contains { $0.reads(metric: metric) }
        }
        played.series = series.count
        let boxes = runs.map { RunBox($0) }
        for box in boxes { box.run.add(series.map(\.labels)) }
        var start = from
        var columns = read(series, of: history, from: start, to: played.end)
        while start <= played.end {
            start = start + slice
            let taken = columns
            played.samples += taken.reduce(0) { $0 + $1.times.count + $1.histograms.count }
            let (next, end) = (start, played.end)
            let ahead = Locked<[HistoryColumn]>([])
            let reader = Worker {
                let columns = read(series, of: history, from: next, to: end)
                ahead.withLock { $0 = columns }
            }
            let others = boxes.dropFirst().map { box in Worker { box.run.take(taken) } }
            boxes.first?.run.take(taken)
            for worker in others { worker.join() }
            reader.join()
            columns = ahead.withLock { $0 }
        }
        played.runs = boxes.map(\.run)
        return played
    }

    /// The samples of a slice that begins at `from`.
    private static func read(
        _ series: [(id: SeriesID, labels: Labels)], of history: StoredHistory, from: Timestamp,
        to: Timestamp
    ) -> [HistoryColumn] {
        let last = min(from + slice - .milliseconds(1), to)
        var columns: [HistoryColumn] = []
        guard from <= last else { return columns }
        columns.reserveCapacity(series.count)
        var stored = SampleColumns()
        for (number, one) in series.enumerated() {
            history.read(one.id, from: from, to: last, into: &stored)
            if stored.isEmpty { continue }
            var column = HistoryColumn(
                number: UInt32(number), times: stored.times, values: stored.values)
            column.histograms = zip(stored.histogramTimes, stored.histograms)
                .map { (time: $0, histogram: $1) }
            columns.append(column)
        }
        return columns
    }

    /// A run that one thread after the other works on.
    private final class RunBox: @unchecked Sendable {
        // Sound: between two joins one thread has it.
        var run: BacktestRun

        init(_ run: BacktestRun) { self.run = run }
    }

    /// Runs `body` for each run at once; in their order.
    private static func onThreads(
        _ runs: [BacktestRun], _ body: @escaping @Sendable (BacktestRun) -> PlayedHistory
    ) -> [PlayedHistory] {
        guard runs.count > 1 else { return runs.map(body) }
        let results = Locked([PlayedHistory?](repeating: nil, count: runs.count))
        let workers = runs.enumerated().map { index, run in
            Worker {
                let played = body(run)
                results.withLock { $0[index] = played }
            }
        }
        for worker in workers { worker.join() }
        return results.withLock { $0.compactMap { $0 } }
    }

    private static func merged(_ played: [PlayedHistory]) -> PlayedHistory {
        var all = PlayedHistory(runs: played.flatMap(\.runs), end: .distantPast)
        for one in played {
            all.end = max(all.end, one.end)
            all.series = max(all.series, one.series)
            all.samples = max(all.samples, one.samples)
            all.faults = max(all.faults, one.faults)
        }
        return all
    }

    // MARK: Over the network

    private static func playFetched(
        _ history: inout PrometheusHistory, to runs: [BacktestRun], _ from: Timestamp,
        _ to: Timestamp
    ) throws(FileFault) -> PlayedHistory {
        var played = PlayedHistory(runs: runs, end: to)
        history.start(at: from)
        while let slice = try history.next() {
            for index in played.runs.indices {
                played.runs[index].add(slice.added)
                played.runs[index].take(slice.columns)
            }
            played.series += slice.added.count
            played.samples += slice.columns.reduce(0) { $0 + $1.times.count }
        }
        return played
    }
}
