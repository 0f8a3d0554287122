import Text

/// What has become of log and checkpoints, for metrics.
struct DurabilityFigures: Sendable {
    var logBytesCut = 0
    var checkpoints = 0
    var checkpointsFailed = 0
    var checkpointsDamaged = 0
    /// Of the newest checkpoint.
    var checkpointBytes = 0
    var checkpointSeconds = 0.0
    var segmentsWritten = 0
    var segmentsFailed = 0
    var segmentsDamaged = 0
}

extension DurabilityFigures {
    /// Appends them in Prometheus' text format.
    func write(into out: inout ExpositionWriter) {
        out.single(
            "pitot_log_bytes_cut_total", .counter,
            "Bytes of the log cut off at the start because they were torn or damaged.",
            Double(logBytesCut))
        out.single(
            "pitot_checkpoints_total", .counter, "Checkpoints written.", Double(checkpoints))
        out.single(
            "pitot_checkpoint_failures_total", .counter,
            "Checkpoints that could not be written.", Double(checkpointsFailed))
        out.single(
            "pitot_checkpoints_damaged_total", .counter,
            "Checkpoints found damaged at the start and put aside.", Double(checkpointsDamaged))
        out.single(
            "pitot_checkpoint_bytes", .gauge, "Size of the newest checkpoint, in bytes.",
            Double(checkpointBytes))
        out.single(
            "pitot_checkpoint_seconds", .gauge,
            "Time it took to write the newest checkpoint, in seconds.", checkpointSeconds)
        out.single(
            "pitot_segments_written_total", .counter, "Segments of samples written.",
            Double(segmentsWritten))
        out.single(
            "pitot_segment_failures_total", .counter,
            "Segments that could not be written; they are tried again.", Double(segmentsFailed))
        out.single(
            "pitot_segments_damaged_total", .counter,
            "Segments found damaged; their samples are missing from queries.",
            Double(segmentsDamaged))
    }
}
