import Ingest
import Model
import SLO
import Text

// The series of an explanation, for programs and for people.

extension SeriesRecount {
    func write(into json: inout JSONWriter, period: String) {
        json.object { json in
            json.member("window", period)
            json.member("from", from.seconds)
            json.member("to", to.seconds)
            if let word = limit.word { json.member("limitedBy", word) }
            json.member("isCut", bool: seriesLeftOut > 0 || limit == .samples)
            json.member("seriesLeftOut", integer: seriesLeftOut)
            json.member("samples", integer: samples)
            json.member("total", total)
            json.member("bad", bad)
            json.key("ledger")
            json.object { json in
                json.member("total", ledgerTotal)
                json.member("bad", ledgerBad)
            }
            json.member("addsUp", bool: addsUp)
            json.key("top")
            json.array { json in
                for one in tallies.prefix(Self.shownMax) { one.write(into: &json) }
            }
            let rest = tallies.dropFirst(Self.shownMax)
            json.key("other")
            json.object { json in
                json.member("series", integer: rest.count)
                json.member("increase", rest.reduce(0) { $0 + $1.increase })
            }
            json.key("increments")
            json.array { json in
                for one in notable {
                    json.object { json in
                        json.member("time", one.increment.time.seconds)
                        json.member("series", tallies[one.tally].labels.description)
                        json.member("role", tallies[one.tally].role.rawValue)
                        json.member("class", one.increment.kind.word)
                        json.member("value", one.increment.value)
                        json.member("over", one.increment.span.seconds)
                    }
                }
            }
        }
    }

    func lines(of definition: SLODefinition) -> [String] {
        var lines = [
            "",
            "Series from \(from.rfc3339) to \(to.rfc3339), counted again from the kept samples",
        ]
        switch limit {
        case .none: lines.append("  this is all of the period that was seen")
        case .retention:
            lines.append("  this is a part of the period: older samples are not kept (retention)")
        case .samples:
            lines.append(
                "  this is a part of the period: no more than \(Self.samplesMax) samples are read")
        }
        if seriesLeftOut > 0 {
            lines.append("  \(seriesLeftOut) more series were not looked at")
        }
        let sums = "\(figure(bad)) bad of \(figure(total)) events"
        lines.append(
            addsUp
                ? "  they add up to what the ledger counted in that time: \(sums)"
                : "  they give \(sums), where the ledger counted \(figure(ledgerBad)) bad of "
                    + "\(figure(ledgerTotal)) in that time")
        for one in tallies.prefix(Self.shownMax) { lines.append(one.line) }
        let rest = tallies.dropFirst(Self.shownMax)
        if !rest.isEmpty {
            lines.append(
                "  and \(rest.count) more series: "
                    + figure(rest.reduce(0) { $0 + $1.increase }))
        }
        guard !notable.isEmpty else { return lines }
        lines += ["", "The last increments that were not just growth since the scrape before"]
        for one in notable.prefix(Self.shownMax) {
            let over = one.increment.span > .zero ? " over \(one.increment.span)" : ""
            lines.append(
                "  \(one.increment.time.rfc3339) \(padded(one.increment.kind.word, 9))"
                    + "\(figure(one.increment.value))\(over) \(tallies[one.tally].labels)")
        }
        return lines
    }
}

extension SeriesTally {
    fileprivate func write(into json: inout JSONWriter) {
        json.object { json in
            json.member("series", labels.description)
            json.member("role", role.rawValue)
            json.member("samples", integer: samples)
            json.member("increase", increase)
            for kind in IncrementClass.allCases { json.member(kind.word, sum(kind)) }
            json.member("resets", integer: count(.reset))
            json.member("gaps", integer: count(.gap))
        }
    }

    fileprivate var line: String {
        let parts = IncrementClass.allCases.filter { count($0) > 0 }.map { kind in
            let often = kind == .normal ? "" : " (\(count(kind)))"
            return "\(kind.word) \(figure(sum(kind)))\(often)"
        }
        return "  \(padded(role.rawValue, 6))\(padded(figure(increase), 10)) \(labels): "
            + parts.joined(separator: ", ")
    }
}

extension SeriesRecount.Limit {
    fileprivate var word: String? {
        switch self {
        case .none: nil
        case .retention: "retention"
        case .samples: "samples"
        }
    }
}
