import Alerting
import Ingest
import Model
import Query
import SLO
import Storage
public import Text

// What the agent counts about itself. Names and meanings are listed in docs/metrics.md. Every
// stage keeps in = out + dropped[reason].

extension AgentCore {
    /// Appends the core's metrics in Prometheus' text format.
    public func writeMetrics(into out: inout ExpositionWriter) {
        writeIntake(into: &out)
        writeStore(into: &out)
        writeSLOs(into: &out)
        writeRules(into: &out)
        writeSLOFigures(into: &out)
        writeDeliveries(into: &out)
        writeSilences(into: &out)
        writeDriftMetrics(into: &out)
        writeRunMetrics(into: &out)
        writeBackfill(into: &out)
        writeSpanMetrics(into: &out)
        out.single(
            "pitot_log_position", .counter, "Records appended to the event log.",
            Double(position.index))
        out.single(
            "pitot_config_last_reload_successful", .gauge,
            "Whether the last configuration offered was taken.", isLastReloadGood ? 1 : 0)
    }

    private func writeIntake(into out: inout ExpositionWriter) {
        let tally = intake.totals
        out.single(
            "pitot_series", .gauge, "Active series; replicas of one count once.",
            Double(intake.cardinality.total))
        out.single("pitot_targets", .gauge, "Scrape targets seen.", Double(intake.targets.count))
        let received = tally.stored + tally.duplicates + tally.refusedTotal
        out.single(
            "pitot_samples_received_total", .counter,
            "Samples in bodies that decoded: stored, duplicate and refused ones.",
            Double(received))
        out.single(
            "pitot_samples_stored_total", .counter, "Samples stored.", Double(tally.stored))
        out.single(
            "pitot_samples_duplicate_total", .counter,
            "Samples that were stored already, with the same time and value.",
            Double(tally.duplicates))
        out.metric("pitot_samples_refused_total", .counter, "Samples refused, by reason.")
        for (refusal, count) in zip(Refusal.all, tally.refused) {
            out.sample("pitot_samples_refused_total", [("reason", refusal.word)], Double(count))
        }
        out.single(
            "pitot_samples_out_of_order_total", .counter,
            "Samples taken that were older than their series' newest.", Double(intake.outOfOrder))
        out.single(
            "pitot_samples_deduplicated_total", .counter,
            "Samples of a replica not stored because another replica's stands for them.",
            Double(intake.deduplicated))
        out.single(
            "pitot_scrape_refolds_total", .counter,
            "Times a target's kept scrapes were judged again because one came late.",
            Double(intake.refolds))
        out.single(
            "pitot_stale_markers_added_total", .counter,
            "Series ended because neither their scrapes nor stale markers came.",
            Double(intake.staleMarkersAdded))
        out.metric(
            "pitot_namespace_series", .gauge, "Series of the namespaces that have the most.")
        for share in intake.cardinality.largestNamespaces(10) {
            out.sample("pitot_namespace_series", [("namespace", share.name)], Double(share.series))
        }
        out.metric("pitot_scrapes_total", .counter, "Scrapes taken: complete, or settled without.")
        let scrapes = [("complete", intake.scrapesComplete), ("settled", intake.scrapesSettled)]
        for (state, count) in scrapes {
            out.sample("pitot_scrapes_total", [("state", state)], Double(count))
        }
        out.metric("pitot_increments_total", .counter, "Increments counted, by class.")
        for (kind, count) in zip(IncrementClass.allCases, intake.incrementCounts) {
            out.sample("pitot_increments_total", [("class", kind.word)], Double(count))
        }
    }

    private func writeStore(into out: inout ExpositionWriter) {
        let tally = intake.totals
        out.single(
            "pitot_histograms_stored_total", .counter, "Native histograms stored.",
            Double(tally.histograms))
        out.single(
            "pitot_exemplars_stored_total", .counter, "Exemplars stored.", Double(tally.exemplars))
        let chunks = intake.store.chunks
        out.single(
            "pitot_segments", .gauge, "Segments of samples, those being written included.",
            Double(chunks.segmentCount))
        out.single(
            "pitot_segment_bytes", .gauge, "Size of all segments, in bytes.",
            Double(chunks.segmentBytes))
        out.single(
            "pitot_open_chunk_bytes", .gauge, "Memory of open chunks' samples, in bytes.",
            Double(chunks.openBytes))
        out.single(
            "pitot_sealed_pending_bytes", .gauge,
            "Sealed samples that are in no segment yet, in bytes.", Double(chunks.pendingBytes))
        out.single(
            "pitot_exemplars", .gauge, "Exemplars kept.", Double(intake.store.exemplarCount))
        out.single(
            "pitot_series_numbers_used", .counter, "Series seen in the life of the data folder.",
            Double(intake.store.count))
    }

    private func writeSLOs(into out: inout ExpositionWriter) {
        out.single(
            "pitot_slos", .gauge, "SLOs in force.", Double(ledger.definitions.count))
        out.single(
            "pitot_slo_groups", .gauge, "Groups the ledger keeps.", Double(ledger.groupCount))
        out.single(
            "pitot_slo_group_refusals", .gauge, "Series left out: their SLO has too many groups.",
            Double(ledger.groupsRefused))
        out.single(
            "pitot_evaluations_total", .counter, "Evaluation rounds.", Double(evaluations))
        writeAsks(into: &out)
    }

    private func writeDeliveries(into out: inout ExpositionWriter) {
        out.metric("pitot_alerts", .gauge, "Alerts by state.")
        let pending = ruleSchedule.groups.flatMap(\.rules).flatMap(\.alerts).filter {
            $0.state.name == "pending"
        }
        let names = notifier.alerts.map(\.state.name) + pending.map(\.state.name)
        for state in ["pending", "firing"] {
            out.sample(
                "pitot_alerts", [("state", state)], Double(names.filter { $0 == state }.count))
        }
        let counters = notifier.outbox.counters
        out.single(
            "pitot_notifications_enqueued_total", .counter, "Notifications decided.",
            Double(counters.enqueued))
        out.single(
            "pitot_notifications_delivered_total", .counter, "Notifications confirmed.",
            Double(counters.delivered))
        out.metric(
            "pitot_notifications_dropped_total", .counter, "Notifications given up, by reason.")
        for reason in DropReason.allCases {
            out.sample(
                "pitot_notifications_dropped_total", [("reason", reason.rawValue)],
                Double(counters.dropped(reason)))
        }
        out.metric(
            "pitot_notification_failures_total", .counter,
            "Attempts that got no answer, by reason; they are tried again.")
        for reason in FailureReason.allCases {
            out.sample(
                "pitot_notification_failures_total", [("reason", reason.rawValue)],
                Double(counters.failed(reason)))
        }
        out.single(
            "pitot_notifications_queued", .gauge, "Notifications waiting or in flight.",
            Double(notifier.outbox.queued))
        writeDestinations(into: &out)
    }
}
