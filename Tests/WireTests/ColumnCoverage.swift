import Model
import Testing

@testable import Wire

/// What random requests have reached of histograms, exemplars and metadata.
struct ColumnCoverage {
    private var goodHistograms: [Int32: Int] = [:]
    private var forms = (integer: 0, float: 0, stale: 0, gauge: 0)
    private var histogramFaults: Set<HistogramFault> = []
    private var goodExemplars = (labelled: 0, bare: 0)
    private var exemplarFaults: Set<ExemplarFault> = []
    private var kinds: [MetricMetadata.Kind: Int] = [:]
    private var metadataFaults: Set<MetadataFault> = []

    mutating func add(_ batch: WriteBatch) {
        for entry in batch.histograms {
            if let fault = entry.fault {
                histogramFaults.insert(fault)
                continue
            }
            goodHistograms[entry.histogram.schema, default: 0] += 1
            if entry.histogram.isInteger { forms.integer += 1 } else { forms.float += 1 }
            if entry.histogram.isStaleMarker { forms.stale += 1 }
            if entry.histogram.resetHint == .gauge { forms.gauge += 1 }
        }
        for entry in batch.exemplars {
            if let fault = entry.fault {
                exemplarFaults.insert(fault)
            } else if entry.labels.isEmpty {
                goodExemplars.bare += 1
            } else {
                goodExemplars.labelled += 1
            }
        }
        for entry in batch.metadata {
            do throws(MetadataFault) {
                kinds[try batch.metricMetadata(of: entry).kind, default: 0] += 1
            } catch {
                metadataFaults.insert(error)
            }
        }
    }

    func expectAllBut(
        exemplarFaults unreached: Set<ExemplarFault>, metadataFaults missing: Set<MetadataFault>
    ) {
        // Limits have tests of their own.
        #expect(
            histogramFaults
                == Set(HistogramFault.allCases).subtracting([.tooManyBuckets, .tooManySpans]))
        #expect(Set(goodHistograms.keys) == Set([-53] + (-4...8)))
        #expect(min(forms.integer, forms.float, forms.gauge) > 100 && forms.stale > 20)
        #expect(exemplarFaults == Set(ExemplarFault.allCases).subtracting(unreached))
        #expect(goodExemplars.labelled > 100 && goodExemplars.bare > 50)
        #expect(Set(kinds.keys) == Set(MetricMetadata.Kind.allCases))
        let reachable: Set<MetadataFault> = [.missingFamily, .unitTooLong, .invalidUTF8]
        #expect(metadataFaults == reachable.subtracting(missing))
    }
}
