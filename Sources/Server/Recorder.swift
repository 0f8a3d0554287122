import Backtest
import Glibc
import Model
import Synchronization
import Text
import Wire

// `serve --record DIR`: what is received is also written to files that a back-test reads. A thread
// of its own encodes and writes; the owner only hands batches over. A recording that cannot keep up
// or has no disk loses batches, counted, and never holds the agent up.

/// When a recording's files end and go.
struct RecordingLimits: Sendable {
    /// A file is followed by the next at this size or age.
    var fileBytes = 64 << 20
    var fileSpan = TimeSpan.hours(1)
    /// Of all files; the oldest are removed.
    var totalBytes = 32 << 30
    /// How long a batch may wait in memory before it is written.
    var flushInterval = TimeSpan.seconds(1)
    /// Batches that may wait for the recorder, and their bytes.
    var batches = 1024
    var waitingBytes = 128 << 20
    /// How long to wait before a disk that refused is tried again.
    var retryInterval = TimeSpan.seconds(5)
}

/// What has become of the recording, for metrics.
struct RecordingFigures: Sendable {
    var isOn = false
    var samples = 0
    var samplesDropped = 0
    var bytesWritten = 0
    var filesRemoved = 0
    var failures = 0
}

/// The files of a recording.
struct RecordingFolder: Sendable {
    static let suffix = ".recording"

    let folder: String

    /// Their paths, oldest first; nil with the reason in `errno`.
    func files() -> [String]? {
        listFolder(folder)?.filter { $0.hasSuffix(Self.suffix) && number($0) != nil }.sorted()
            .map { folder + "/" + $0 }
    }

    private func number(_ name: String) -> UInt64? { UInt64(name.dropLast(Self.suffix.count)) }

    /// The path after the newest.
    func next() -> String {
        let names = (listFolder(folder) ?? []).filter { $0.hasSuffix(Self.suffix) }
        let digits = String((names.compactMap(number).max() ?? 0) + 1)
        return folder + "/" + String(repeating: "0", count: max(0, 10 - digits.count)) + digits
            + Self.suffix
    }

    /// Removes the oldest files while all of them take more than `bytes`; how many. The newest
    /// stays.
    func trim(to bytes: Int) -> Int {
        let paths = files() ?? []
        let sizes = paths.map { fileSize($0) ?? 0 }
        var total = sizes.reduce(0, +)
        var removed = 0
        for (path, size) in zip(paths, sizes).dropLast() where total > bytes {
            guard unlink(path) == 0 else { continue }
            total -= size
            removed += 1
        }
        return removed
    }
}

/// Writes a recording.
final class Recorder: @unchecked Sendable {
    // Sound: what is not a lock or an atomic belongs to the recorder's thread, or is written once
    // by `start`.
    private enum Message: Sendable {
        case batch(WriteBatch, Timestamp)
        case stop
    }

    let figures = Locked(RecordingFigures())
    private let waitingBytes = Atomic<Int>(0)
    private let messages: Mailbox<Message>
    private let folder: RecordingFolder
    private let limits: RecordingLimits
    private let labelLimits: LabelLimits
    private let logger: Logger
    private var encoder: RecordingEncoder
    private var file: Int32 = -1
    private var path = ""
    private var fileBytes = 0
    private var fileSince = Timestamp.distantPast
    private var flushAt: Timestamp?
    private var retryAt = Timestamp.distantPast
    private var isFirstFile = true
    private var samplesOfFile = 0
    private var worker: Worker?

    /// A recorder for a folder, which is created.
    init(
        folder: String, labelLimits: LabelLimits, logger: Logger,
        limits: RecordingLimits = RecordingLimits()
    ) throws(LogFault) {
        guard makeFolder(folder) else { throw LogFault("create", folder) }
        self.folder = RecordingFolder(folder: folder)
        self.limits = limits
        self.labelLimits = labelLimits
        self.logger = logger
        messages = Mailbox(capacity: limits.batches)
        encoder = RecordingEncoder(labelLimits: labelLimits)
        figures.withLock { $0.isOn = true }
    }

    func start() { worker = Worker { [self] in run() } }

    /// Hands a batch over. Dropped and counted when the recorder is behind.
    func record(_ batch: WriteBatch, at now: Timestamp) {
        let bytes = Self.bytes(of: batch)
        let waiting = waitingBytes.add(bytes, ordering: .relaxed).newValue
        if waiting <= limits.waitingBytes, messages.post(.batch(batch, now)) { return }
        waitingBytes.subtract(bytes, ordering: .relaxed)
        figures.withLock { $0.samplesDropped += batch.timestamps.count + batch.histograms.count }
    }

    private static func bytes(of batch: WriteBatch) -> Int {
        batch.bytes.count + batch.timestamps.count * 16
    }

    /// Writes what is there and ends.
    func stop() {
        messages.postAlways(.stop)
        worker?.join()
    }

    private func run() {
        while true {
            var isStopping = false
            for message in messages.drain(until: flushAt) {
                switch message {
                case .batch(let batch, let now):
                    take(batch, now)
                    waitingBytes.subtract(Self.bytes(of: batch), ordering: .relaxed)
                case .stop: isStopping = true
                }
            }
            if isStopping || flushAt.map({ wallClock() >= $0 }) == true { flush(isSynced: true) }
            if isStopping { break }
        }
        if file >= 0 { close(file) }
        file = -1
    }

    private func take(_ batch: WriteBatch, _ now: Timestamp) {
        let isFull = fileBytes >= limits.fileBytes || now - fileSince >= limits.fileSpan
        if file < 0 || isFull {
            flush(isSynced: true)
            guard begin(now) else {
                return figures.withLock {
                    $0.samplesDropped += batch.timestamps.count + batch.histograms.count
                }
            }
        }
        encoder.add(batch, at: now)
        if encoder.pendingBytes >= RecordingEncoder.blockBytes {
            flush(isSynced: false)
        } else if flushAt == nil {
            flushAt = wallClock() + limits.flushInterval
        }
    }

    private func begin(_ now: Timestamp) -> Bool {
        guard wallClock() >= retryAt else { return false }
        if file >= 0 { close(file) }
        path = folder.next()
        file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            fail(LogFault("create", path))
            return false
        }
        encoder = RecordingEncoder(labelLimits: labelLimits)
        samplesOfFile = 0
        fileBytes = 0
        fileSince = now
        guard write(encoder.header(at: now, isRestart: isFirstFile)) else { return false }
        isFirstFile = false
        let removed = folder.trim(to: limits.totalBytes)
        figures.withLock { $0.filesRemoved += removed }
        do throws(LogFault) { try syncFolder(folder.folder) } catch { fail(error) }
        return file >= 0
    }

    private func flush(isSynced: Bool) {
        flushAt = nil
        guard file >= 0 else { return }
        let fresh = encoder.samples - samplesOfFile
        guard write(encoder.flush(at: wallClock())) else {
            return figures.withLock { $0.samplesDropped += fresh }
        }
        samplesOfFile = encoder.samples
        figures.withLock { $0.samples += fresh }
        if isSynced && fdatasync(file) != 0 { fail(LogFault("fdatasync", path)) }
    }

    /// A write that fails may leave a torn record, which ends its file for readers: so a new file
    /// follows.
    private func write(_ bytes: [UInt8]) -> Bool {
        do throws(LogFault) {
            try writeAll(bytes, to: file, path)
        } catch {
            fail(error)
            return false
        }
        fileBytes += bytes.count
        figures.withLock { $0.bytesWritten += bytes.count }
        return true
    }

    private func fail(_ fault: LogFault) {
        logger.error("the recording cannot be written", ("reason", fault.reason))
        figures.withLock { $0.failures += 1 }
        if file >= 0 { close(file) }
        file = -1
        retryAt = wallClock() + limits.retryInterval
    }
}

extension RecordingFigures {
    /// Appends them in Prometheus' text format; nothing without `--record`.
    func write(into out: inout ExpositionWriter) {
        guard isOn else { return }
        out.single(
            "pitot_recording_samples_total", .counter, "Samples written to the recording.",
            Double(samples))
        out.single(
            "pitot_recording_samples_dropped_total", .counter,
            "Samples missing from the recording: the disk refused or was too slow.",
            Double(samplesDropped))
        out.single(
            "pitot_recording_bytes_total", .counter, "Bytes written to the recording.",
            Double(bytesWritten))
        out.single(
            "pitot_recording_files_removed_total", .counter,
            "Files removed because the recording had reached its size.", Double(filesRemoved))
        out.single(
            "pitot_recording_failures_total", .counter,
            "Times that the recording could not be written.", Double(failures))
    }
}

/// Writes a file that is not there yet.
func writeNew(_ bytes: [UInt8], to path: String) throws(LogFault) {
    let file = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw LogFault("create", path) }
    defer { close(file) }
    try writeAll(bytes, to: file, path)
}
