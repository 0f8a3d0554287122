public import Drift
import Model
import Wire

// Which parts of a model's traffic are its answers and their labels, as its team declared them.

/// What of a model's traffic a watch is about.
public enum DriftStream: UInt8, Hashable, Sendable {
    case inputs = 0
    case outputs = 1

    /// For people, and for metrics of outputs.
    public var label: String {
        switch self {
        case .inputs: "inputs"
        case .outputs: "outputs"
        }
    }
}

/// Where answers, their confidence and their labels stand.
public struct OutcomeSettings: Hashable, Sendable {
    /// The output that labels are compared with; nil takes the class with the most confidence.
    public var answer: String?
    /// The output with the answer's probability, or a tensor with one for each class.
    public var confidence: String?
    /// Of rows: the members with the prediction's id and with its label.
    public var id = "id"
    public var label = "label"
    public var rules = OutcomeRules()

    /// The defaults.
    public init() {}
}

/// A published detector that somebody asked for.
public struct DetectorChoice: Hashable, Sendable {
    public var settings: StreamDetectorSettings
    /// The feature or output it looks at; nil for errors, once labels tell them.
    public var of: String?
    /// Whether its alarms are alerts.
    public var isAlerting = false

    /// Detectors of a model.
    static let most = 32

    /// What it is called: `adwin of age`.
    var name: String { "\(settings.kind.rawValue) of \(of ?? "error")" }
}

/// Finds the answer in a row of outputs.
struct AnswerReader {
    /// All columns are one tensor.
    static let allColumns = "*"

    private let answer: Int?
    private let scores: [Int]
    private let classes: [String]
    private let isNumeric: Bool

    /// Nil when the columns have no answer.
    init?(_ settings: OutcomeSettings, columns: [String]) {
        answer = settings.answer.flatMap { columns.firstIndex(of: $0) }
        var scores: [Int] = []
        if let name = settings.confidence {
            if name == Self.allColumns {
                scores = Array(columns.indices)
            } else if let one = columns.firstIndex(of: name) {
                scores = [one]
            } else {
                scores = columns.indices.filter { columns[$0].hasPrefix(name + "[") }
            }
        }
        self.scores = scores
        // Of a tensor's columns the place is the class, of named columns the name.
        classes = scores.map { place in
            let name = columns[place]
            guard let open = name.lastIndex(of: "["), name.hasSuffix("]") else { return name }
            return String(name[name.index(after: open)...].dropLast())
        }
        isNumeric = settings.rules.tolerance != nil
        if settings.answer != nil ? answer == nil : scores.isEmpty { return nil }
    }

    /// The answer of a row, and how sure the model is; nil when there is none.
    func read(_ frame: FeatureFrame, row: Int) -> (answer: FeatureValue, confidence: Double?)? {
        let base = row * frame.columns.count
        let values = scores.map { frame.words[base + $0].double }
        let isWhole = !values.isEmpty && values.allSatisfy { $0 >= 0 && $0 <= 1 }
        guard let answer else { return isWhole ? likeliest(values) : nil }
        guard let value = FeatureValue(frame.words[base + answer], texts: frame.texts),
            value != .missing
        else { return nil }
        guard isWhole, !isNumeric else { return (value, nil) }
        if values.count == 1 { return (value, values[0]) }
        // The answer's own probability where it can be told, else the largest.
        let own = name(value).flatMap { classes.firstIndex(of: $0) }
        return (value, own.map { values[$0] } ?? values.max())
    }

    private func likeliest(_ values: [Double]) -> (answer: FeatureValue, confidence: Double?) {
        if values.count == 1 {
            // The probability of the second of two classes.
            let isSecond = values[0] >= 0.5
            return (.number(isSecond ? 1 : 0), max(values[0], 1 - values[0]))
        }
        var best = 0
        for place in values.indices where values[place] > values[best] { best = place }
        return (.text(classes[best]), values[best])
    }

    private func name(_ value: FeatureValue) -> String? {
        switch value {
        case .missing: nil
        case .number(let number): FeatureValue.level(number)
        case .flag(let flag): flag ? "1" : "0"
        case .text(let text): text
        }
    }
}

extension FeatureFrame {
    /// Some of its columns, without the rows in which they are all missing.
    func picking(_ places: [Int]) -> FeatureFrame {
        var frame = FeatureFrame()
        if places.isEmpty { return frame }
        frame.columns = places.map { columns[$0] }
        frame.isPositional = isPositional && places.count == columns.count
        frame.texts = texts
        frame.words.reserveCapacity(rows * places.count)
        for row in 0..<rows {
            let base = row * columns.count
            if places.allSatisfy({ words[base + $0] == .missing }) { continue }
            for place in places { frame.words.append(words[base + place]) }
            if row < times.count { frame.times.append(times[row]) }
        }
        return frame
    }

    /// One of its rows, with the texts it needs.
    func only(row: Int) -> FeatureFrame {
        var frame = FeatureFrame()
        frame.columns = columns
        frame.isPositional = isPositional
        let width = columns.count
        for word in words[row * width..<(row + 1) * width] {
            guard case .text(let place) = word.content else {
                frame.words.append(word)
                continue
            }
            frame.words.append(FeatureWord(text: frame.texts.count))
            frame.texts.append(texts[place])
        }
        if row < times.count { frame.times = [times[row]] }
        return frame
    }
}
