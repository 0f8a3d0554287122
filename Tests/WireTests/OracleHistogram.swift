import CRemoteWriteOracle
import Model

// protobuf-c has a Histogram of each version, alike but for the start.

protocol OracleSpan {
    var offset: Int32 { get }
    var length: UInt32 { get }
}

/// Named as protoc-c names them.
// swift-format-ignore: AlwaysUseLowerCamelCase, NeverUseImplicitlyUnwrappedOptionals
protocol OracleHistogram {
    associatedtype CountCase: RawRepresentable<UInt32>
    associatedtype ZeroCountCase: RawRepresentable<UInt32>
    associatedtype Span: OracleSpan

    var count_case: CountCase { get }
    var count_int: UInt64 { get }
    var count_float: Double { get }
    var zero_count_case: ZeroCountCase { get }
    var zero_count_int: UInt64 { get }
    var zero_count_float: Double { get }
    var sum: Double { get }
    var schema: Int32 { get }
    var zero_threshold: Double { get }
    var n_negative_spans: Int { get }
    var negative_spans: UnsafeMutablePointer<UnsafeMutablePointer<Span>?>! { get }
    var n_negative_deltas: Int { get }
    var negative_deltas: UnsafeMutablePointer<Int64>! { get }
    var n_negative_counts: Int { get }
    var negative_counts: UnsafeMutablePointer<Double>! { get }
    var n_positive_spans: Int { get }
    var positive_spans: UnsafeMutablePointer<UnsafeMutablePointer<Span>?>! { get }
    var n_positive_deltas: Int { get }
    var positive_deltas: UnsafeMutablePointer<Int64>! { get }
    var n_positive_counts: Int { get }
    var positive_counts: UnsafeMutablePointer<Double>! { get }
    var reset_hint: UInt32 { get }
    var timestamp: Int64 { get }
    var n_custom_values: Int { get }
    var custom_values: UnsafeMutablePointer<Double>! { get }
}

extension Prometheus__BucketSpan: OracleSpan {}
extension Prometheus__Histogram: OracleHistogram {}
extension Io__Prometheus__Write__V2__BucketSpan: OracleSpan {}
extension Io__Prometheus__Write__V2__Histogram: OracleHistogram {}

extension RawHistogram {
    /// `start` is the message's own; remote write 1.0 has none.
    init(_ oracle: some OracleHistogram, start: Int64) {
        self.init()
        timestamp = oracle.timestamp
        self.start = start
        // A case's number is its field's.
        switch oracle.count_case.rawValue {
        case 1: count = .integer(oracle.count_int)
        case 2: count = .float(oracle.count_float)
        default: count = .none
        }
        switch oracle.zero_count_case.rawValue {
        case 6: zeroCount = .integer(oracle.zero_count_int)
        case 7: zeroCount = .float(oracle.zero_count_float)
        default: zeroCount = .none
        }
        sum = oracle.sum
        schema = oracle.schema
        zeroThreshold = oracle.zero_threshold
        negative.spans = spans(oracle.negative_spans, oracle.n_negative_spans)
        negative.deltas = array(oracle.negative_deltas, oracle.n_negative_deltas)
        negative.counts = array(oracle.negative_counts, oracle.n_negative_counts)
        positive.spans = spans(oracle.positive_spans, oracle.n_positive_spans)
        positive.deltas = array(oracle.positive_deltas, oracle.n_positive_deltas)
        positive.counts = array(oracle.positive_counts, oracle.n_positive_counts)
        resetHint = oracle.reset_hint
        bounds = array(oracle.custom_values, oracle.n_custom_values)
    }
}

func array<Element>(_ start: UnsafeMutablePointer<Element>?, _ count: Int) -> [Element] {
    Array(UnsafeBufferPointer(start: start, count: count))
}

private func spans<Span: OracleSpan>(
    _ start: UnsafeMutablePointer<UnsafeMutablePointer<Span>?>?, _ count: Int
) -> [Histogram.Span] {
    array(start, count).compactMap(\.?.pointee).map {
        Histogram.Span(offset: $0.offset, length: $0.length)
    }
}
