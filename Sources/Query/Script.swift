internal import Model
internal import Text

// promqltest scripts (grammar: prometheus/promql/promqltest/README.md). Lines are trimmed, `#`
// begins a comment, a command ends at a blank line. A script is parsed as a whole before it runs.

/// A command of a script.
enum ScriptCommand {
    case clear
    case load(ScriptLoad)
    case evaluate(ScriptEvaluation)
}

struct ScriptLoad {
    var step: TimeSpan
    var series: [SeriesNotation] = []
    var convertsClassic = false
}

/// What an annotation or an error must say.
enum ScriptMatch {
    case any
    case message(String)
    case pattern(Pattern)

    func holds(_ text: String) -> Bool {
        switch self {
        case .any: true
        case .message(let message): message == text
        case .pattern(let pattern): pattern.matches(text)
        }
    }
}

/// `eval` with what is expected of it.
struct ScriptEvaluation {
    enum Times {
        case instant(Timestamp)
        case range(Timestamp, Timestamp, TimeSpan)
    }

    var line: Int
    var text: String
    var times: Times
    var isOrdered = false
    var failure: ScriptMatch?
    var warnings: [ScriptMatch] = []
    var infos: [ScriptMatch] = []
    var needsWarning = false
    var needsInfo = false
    var refusesWarnings = false
    var refusesInfos = false
    var scalar: Double?
    var series: [SeriesNotation] = []
}

/// A fault in a script: from 1, and for a person.
struct ScriptFault: Error {
    var line: Int
    var what: String
}

struct ScriptParser {
    private let lines: [String]
    private var index = 0

    init(_ text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let trimmed = trim(line)
            return trimmed.hasPrefix("#") ? "" : trimmed
        }
    }

    mutating func commands() throws(ScriptFault) -> [ScriptCommand] {
        var list: [ScriptCommand] = []
        while index < lines.count {
            let line = lines[index]
            index += 1
            if line.isEmpty { continue }
            let word = line.prefix { $0 != " " && $0 != "\t" }.lowercased()
            if word == "clear" {
                list.append(.clear)
            } else if word.hasPrefix("load") {
                list.append(.load(try load(line)))
            } else if word.hasPrefix("eval") {
                list.append(.evaluate(try evaluation(line)))
            } else {
                throw fault("invalid command \"\(line)\"; expected load, clear or eval")
            }
        }
        return list
    }

    /// At the line that was read last.
    private func fault(_ what: String) -> ScriptFault { ScriptFault(line: index, what: what) }

    /// The lines up to the next blank one.
    private mutating func nextBodyLine() -> String? {
        guard index < lines.count, !lines[index].isEmpty else { return nil }
        index += 1
        return lines[index - 1]
    }

    private func series(_ line: String) throws(ScriptFault) -> SeriesNotation {
        do throws(QueryError) {
            return try SeriesNotation(parsing: line)
        } catch {
            throw fault("\(error)")
        }
    }

    private func duration(_ word: String) throws(ScriptFault) -> TimeSpan {
        guard let span = parseDuration(word) else {
            throw fault("invalid duration \"\(word)\"; expected one such as 5m")
        }
        return span
    }

    private mutating func load(_ line: String) throws(ScriptFault) -> ScriptLoad {
        var words = Words(line)
        let command = words.next()
        guard command == "load" || command == "load_with_nhcb" else {
            throw fault("invalid command \"\(command)\"; expected load or load_with_nhcb")
        }
        var load = ScriptLoad(step: try duration(words.next()))
        load.convertsClassic = command == "load_with_nhcb"
        while let line = nextBodyLine() { load.series.append(try series(line)) }
        return load
    }

    private mutating func evaluation(_ line: String) throws(ScriptFault) -> ScriptEvaluation {
        let start = index
        var words = Words(line)
        let command = words.next()
        var times: ScriptEvaluation.Times
        switch words.next() {
        case "instant":
            var time = TimeSpan.zero
            if words.peek() == "at" {
                _ = words.next()
                time = try duration(words.next())
            }
            times = .instant(Timestamp(millis: time.millis))
        case "range":
            var spans: [TimeSpan] = []
            for keyword in ["from", "to", "step"] {
                guard words.next() == keyword else { throw fault("expected \"\(keyword)\"") }
                spans.append(try duration(words.next()))
            }
            times = .range(
                Timestamp(millis: spans[0].millis), Timestamp(millis: spans[1].millis), spans[2])
        default: throw fault("expected \"instant\" or \"range\" after eval")
        }
        var evaluation = ScriptEvaluation(line: start, text: words.rest(), times: times)
        switch command {
        case "eval": break
        case "eval_fail": evaluation.failure = .any
        case "eval_warn": evaluation.needsWarning = true
        case "eval_info": evaluation.needsInfo = true
        case "eval_ordered": evaluation.isOrdered = true
        default: throw fault("invalid command \"\(command)\"")
        }
        while let line = nextBodyLine() { try expectation(line, &evaluation) }
        return evaluation
    }

    private func expectation(
        _ line: String, _ evaluation: inout ScriptEvaluation
    ) throws(ScriptFault) {
        var words = Words(line)
        switch words.peek() {
        case "expect":
            _ = words.next()
            try expect(&words, &evaluation)
        case "expected_fail_message":
            _ = words.next()
            evaluation.failure = .message(words.rest())
        case "expected_fail_regexp":
            _ = words.next()
            evaluation.failure = try pattern(words.rest())
        default:
            if let number = parseGoNumber(line) {
                evaluation.scalar = number
                return
            }
            let series = try series(line)
            if case .instant = evaluation.times, series.values.count > 1 {
                throw fault("an instant evaluation has one value for each series")
            }
            evaluation.series.append(series)
        }
    }

    private func pattern(_ text: String) throws(ScriptFault) -> ScriptMatch {
        do throws(PatternError) {
            // Found anywhere in the text.
            return .pattern(try Pattern("(?s:.*)(?:\(text))(?s:.*)"))
        } catch {
            throw fault("\(error)")
        }
    }

    private func expect(
        _ words: inout Words, _ evaluation: inout ScriptEvaluation
    ) throws(ScriptFault) {
        let kind = words.next()
        let rest = words.rest()
        var match = ScriptMatch.any
        if rest.hasPrefix("msg:") {
            match = .message(trim(rest.dropFirst(4)))
        } else if rest.hasPrefix("regex:") {
            match = try pattern(trim(rest.dropFirst(6)))
        } else if !rest.isEmpty {
            throw fault("invalid expect line; expected \"msg:\" or \"regex:\" after the type")
        }
        switch kind {
        case "ordered": evaluation.isOrdered = true
        case "fail": evaluation.failure = match
        case "warn": evaluation.warnings.append(match)
        case "info": evaluation.infos.append(match)
        case "no_warn": evaluation.refusesWarnings = true
        case "no_info": evaluation.refusesInfos = true
        default:
            throw fault("invalid expectation \"\(kind)\"; expected fail, warn, info, ordered ...")
        }
    }
}

/// A line word by word.
private struct Words {
    private var remaining: Substring

    init(_ line: String) { remaining = line[...] }

    private func skipped() -> Substring { remaining.drop { $0 == " " || $0 == "\t" } }

    func peek() -> String { String(skipped().prefix { $0 != " " && $0 != "\t" }) }

    mutating func next() -> String {
        let word = peek()
        remaining = skipped().dropFirst(word.count)
        return word
    }

    /// What is left.
    func rest() -> String { String(skipped()) }
}

private func trim(_ text: Substring) -> String {
    func isBlank(_ character: Character) -> Bool { character.isWhitespace }
    let tail = text.drop(while: isBlank)
    let end = tail.lastIndex { !isBlank($0) }
    return end.map { String(tail[...$0]) } ?? ""
}
