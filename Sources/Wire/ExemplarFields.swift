public import Model

// Exemplars. Remote write 1.0 gives their labels as Label messages, 2.0 as references:
//
//   Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
//   Exemplar { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3; }
//
// They are few and small (OpenMetrics allows 128 characters of labels), so their labels are made
// canonical at once. A label is measured before it is looked at: a long symbol that many exemplars
// refer to is never walked.

/// Why an exemplar cannot be taken. Its series' samples are not touched by it.
public enum ExemplarFault: String, Error, Hashable, Sendable, CaseIterable {
    case malformed = "exemplar_malformed_labels"
    case emptyName = "exemplar_empty_label_name"
    case duplicateName = "exemplar_duplicate_label"
    case invalidUTF8 = "exemplar_invalid_utf8"
    /// More characters than OpenMetrics allows.
    case tooLong = "exemplar_labels_too_long"
    /// Remote write 2.0: a reference to no symbol, or a name without a value.
    case badReference = "exemplar_bad_symbol_reference"

    /// What to tell the sender.
    public var advice: String {
        switch self {
        case .malformed: "labels of an exemplar do not decode"
        case .emptyName: "exemplar with an empty label name"
        case .duplicateName: "exemplar with a duplicate label name"
        case .invalidUTF8: "label of an exemplar is not valid UTF-8"
        case .tooLong:
            "labels of an exemplar have more than \(ExemplarEntry.labelRunesMax) characters"
        case .badReference:
            "exemplar with a reference outside the symbols, or a label without a value"
        }
    }
}

/// An exemplar of a request.
public struct ExemplarEntry: Hashable, Sendable {
    /// Code points of all names and values together, as OpenMetrics 1.0 has it ("Exemplars").
    public static let labelRunesMax = 128

    /// Place in `WriteBatch.series`.
    public let series: UInt32
    /// Canonical; empty with a fault.
    public let labels: Labels
    public let value: Double
    /// Milliseconds since the epoch; 0 where it is not said.
    public let timestamp: Int64
    /// Why it must not be stored.
    public let fault: ExemplarFault?
}

extension WriteBatch {
    /// Reads an exemplar of the series about to be appended; `symbols` are those of a 2.0 request.
    @inline(never)
    mutating func appendExemplar(
        _ message: WireCursor, of body: [UInt8], symbols: [Symbol]?, limits: WireLimits
    ) throws(WireError) {
        guard exemplars.count < limits.exemplars else {
            exemplarsOverLimit += 1
            return
        }
        var cursor = message
        var labels = ExemplarLabels(body: body, symbols: symbols)
        var value = 0.0
        var timestamp: Int64 = 0
        while !cursor.isAtEnd {
            let at = cursor.offset
            let (number, type) = try cursor.tag()
            switch (number, type) {
            case (1, 2): try labels.read(try cursor.message())
            case (1, 0) where symbols != nil: labels.refer(to: try cursor.varint())
            case (2, 1): value = Double(bitPattern: try cursor.fixed64())
            case (3, 0): timestamp = Int64(bitPattern: try cursor.varint())
            case (1...3, _): throw .badTag(at: at)
            default: try cursor.skip(type: type)
            }
        }
        let read = labels.finish()
        exemplars.append(
            ExemplarEntry(
                series: UInt32(series.count), labels: read.labels, value: value,
                timestamp: timestamp, fault: read.fault))
    }
}

/// The labels of an exemplar as they are found.
private struct ExemplarLabels {
    private let body: [UInt8]
    private let symbols: [Symbol]?
    private var found: [FoundLabel] = []
    private var runes = 0
    /// A reference that waits for the one to its value.
    private var name: Range<Int>?
    private var fault: ExemplarFault?

    init(body: [UInt8], symbols: [Symbol]?) {
        self.body = body
        self.symbols = symbols
    }

    /// A Label message, or a run of references.
    mutating func read(_ message: WireCursor) throws(WireError) {
        if symbols != nil {
            var run = message
            while !run.isAtEnd { refer(to: try run.varint()) }
            return
        }
        let range = message.offset..<(message.offset + message.remaining)
        do throws(LabelFault) {
            let label = try oneLabel(body, range)
            admit(label.name, label.value)
        } catch {
            fault = fault ?? ExemplarFault(error)
        }
    }

    mutating func refer(to number: UInt64) {
        guard let symbols, number < UInt64(symbols.count) else {
            // Of all faults this one is said: what the others would be is not known.
            fault = .badReference
            return
        }
        let text = symbols[Int(number)].text
        guard let name else {
            name = text
            return
        }
        self.name = nil
        admit(name, text)
    }

    private mutating func admit(_ name: Range<Int>, _ value: Range<Int>) {
        guard fault == nil else { return }
        guard !name.isEmpty else {
            fault = .emptyName
            return
        }
        // An empty value is no label.
        if value.isEmpty { return }
        // A character has at most four bytes.
        guard name.count + value.count <= 4 * ExemplarEntry.labelRunesMax else {
            fault = .tooLong
            return
        }
        runes += runeCount(name) + runeCount(value)
        guard runes <= ExemplarEntry.labelRunesMax else {
            fault = .tooLong
            return
        }
        found.append((name, value))
    }

    private func runeCount(_ range: Range<Int>) -> Int {
        range.reduce(0) { $0 + (body[$1] & 0xc0 == 0x80 ? 0 : 1) }
    }

    consuming func finish() -> (labels: Labels, fault: ExemplarFault?) {
        if name != nil { fault = .badReference }
        if let fault { return (.empty, fault) }
        do throws(LabelFault) {
            return (try canonicalLabels(body, found), nil)
        } catch {
            return (.empty, ExemplarFault(error))
        }
    }
}

extension ExemplarFault {
    fileprivate init(_ fault: LabelFault) {
        switch fault {
        case .malformed, .missingMetricName: self = .malformed
        case .emptyName: self = .emptyName
        case .duplicateName: self = .duplicateName
        case .invalidUTF8: self = .invalidUTF8
        case .tooMany, .tooLong: self = .tooLong
        case .badReference: self = .badReference
        }
    }
}
