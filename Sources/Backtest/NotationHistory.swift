public import Model
import Query
public import Text

// A history in promtool's notation, as its unit tests write series:
//
//   interval: 1m
//   start: 2026-01-01T00:00:00Z        # optional
//   input_series:
//     - series: requests_total{job="shop"}
//       values: 0+600x1440

/// A history that was written by hand. docs/backtest.md.
public struct NotationHistory: Sendable {
    /// Where series begin unless the file says otherwise.
    static let startAssumed = Timestamp(millis: 1_767_225_600_000)  // 2026-01-01T00:00:00Z
    /// The most samples of a file.
    public static let samplesMax = 20_000_000

    public private(set) var labels: [Labels] = []
    /// Parallel to `labels`.
    public private(set) var columns: [HistoryColumn] = []
    public private(set) var diagnostics: [Diagnostic] = []

    /// Reads a file strictly.
    public init(_ bytes: [UInt8], file: String) {
        do throws(Diagnostic) {
            guard let document = try YAML.parse(bytes, file: file).first else { return }
            read(document)
        } catch {
            diagnostics.append(error)
        }
    }

    /// The times of the first and the last sample.
    public var span: (first: Timestamp, last: Timestamp)? {
        let times = columns.flatMap { column in
            [column.times.first, column.times.last].compactMap { $0 }
                + [column.histograms.first?.time, column.histograms.last?.time].compactMap { $0 }
        }
        guard let first = times.min(), let last = times.max() else { return nil }
        return (first, last)
    }

    private mutating func read(_ document: YAMLNode) {
        var fields = FieldReader(document, of: "history")
        let interval = fields.optionalDuration("interval") ?? .minutes(1)
        if interval <= .zero {
            fields.fail(
                at: fields.position(of: "interval"), "interval is not positive",
                expected: "a duration like 1m")
        }
        var start = Self.startAssumed
        if let text = fields.optionalString("start") {
            if let time = Timestamp(rfc3339: text) {
                start = time
            } else {
                fields.fail(
                    at: fields.position(of: "start"), "\"\(text)\" is no time",
                    expected: "RFC 3339, such as 2026-01-01T00:00:00Z")
            }
        }
        var samples = 0
        for element in fields.sequence("input_series") {
            readSeries(element, start, interval, &samples)
        }
        diagnostics += fields.finish()
    }

    private mutating func readSeries(
        _ element: YAMLNode, _ start: Timestamp, _ interval: TimeSpan, _ samples: inout Int
    ) {
        var fields = FieldReader(element, of: "series")
        defer { diagnostics += fields.finish() }
        guard let name = fields.string("series"), let text = fields.string("values") else { return }
        do throws(QueryError) {
            // The two are read as one line, as a script has them.
            let parsed = try SeriesNotation(parsing: name + " " + text)
            samples += parsed.values.count
            guard samples <= Self.samplesMax else {
                return fields.fail(at: element, "more than \(Self.samplesMax) samples")
            }
            var column = HistoryColumn(number: UInt32(labels.count))
            for (index, value) in parsed.values.enumerated() {
                let time = start + interval * Int64(index)
                switch value {
                case .omitted: break
                case .float(let value):
                    column.times.append(time)
                    column.values.append(value)
                case .histogram(let histogram, _): column.histograms.append((time, histogram))
                }
            }
            labels.append(parsed.labels)
            columns.append(column)
        } catch {
            fields.fail(
                at: element, "the series does not read: \(error)",
                expected: "series: metric{label=\"value\"}, values: 0+10x100")
        }
    }
}
