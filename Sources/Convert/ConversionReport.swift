internal import Text

// What a person reads after a conversion, and the same as JSON.

/// The report of a conversion.
public enum ConversionReport {
    /// Lines for a person: each file with what differs, then the sums.
    public static func text(_ conversion: Conversion) -> [String] {
        var lines: [String] = []
        for file in conversion.files {
            for slo in file.slos {
                lines.append(
                    "\(slo.position): \(slo.service)/\(slo.name): \(slo.kind), "
                        + "\(slo.objective) % over \(slo.period)")
                for difference in slo.differences {
                    lines.append("    \(difference.topic): \(difference.text)")
                }
            }
            if let part = file.part { lines.append("\(file.path): \(part)") }
            for diagnostic in (file.refusals + file.warnings).sorted() {
                lines.append(
                    diagnostic.severity == .error
                        ? "refused: \(diagnostic)" : diagnostic.description)
            }
        }
        return lines + table(conversion) + [summary(conversion)]
    }

    /// `N converted, M refused`, counted in files.
    public static func summary(_ conversion: Conversion) -> String {
        "\(conversion.converted) converted, \(conversion.refused) refused"
    }

    private struct Row {
        var name: String
        var files: [ConvertedFile]

        var cells: [String] {
            let converted = files.filter { $0.text != nil && $0.refusals.isEmpty }.count
            let inPart = files.filter { $0.text != nil && !$0.refusals.isEmpty }.count
            let refused = files.filter { $0.text == nil && !$0.refusals.isEmpty }.count
            let parts = files.filter { $0.part != nil }.count
            let slos = files.reduce(0) { $0 + $1.slos.count }
            return [name] + [files.count, converted, inPart, refused, parts, slos].map(String.init)
        }
    }

    private static func table(_ conversion: Conversion) -> [String] {
        var rows = [["source", "files", "converted", "in part", "refused", "no SLO", "SLOs"]]
        for peer in Peer.allCases {
            let files = conversion.files.filter { $0.peer == peer }
            if !files.isEmpty { rows.append(Row(name: peer.rawValue, files: files).cells) }
        }
        rows.append(Row(name: "all", files: conversion.files).cells)
        let widths = rows[0].indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        return rows.map { row in
            row.indices.map { column in
                let space = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 ? row[column] + space : space + row[column]
            }.joined(separator: "  ")
        }
    }

    /// The report as one JSON object: `files`, `converted`, `refused`, `slos`.
    public static func json(_ conversion: Conversion) -> String {
        var json = JSONWriter()
        json.object { json in
            json.key("files")
            json.array { json in
                for file in conversion.files { write(file, &json) }
            }
            json.member("converted", integer: conversion.converted)
            json.member("refused", integer: conversion.refused)
            json.member("slos", integer: conversion.slos)
        }
        return json.text
    }

    private static func write(_ file: ConvertedFile, _ json: inout JSONWriter) {
        json.object { json in
            json.member("path", file.path)
            json.member("source", file.peer.rawValue)
            json.key("slos")
            json.array { json in
                for slo in file.slos { write(slo, &json) }
            }
            if let part = file.part { json.member("part", part) }
            for (name, list) in [("refusals", file.refusals), ("warnings", file.warnings)] {
                json.key(name)
                json.array { json in
                    for diagnostic in list { write(diagnostic, &json) }
                }
            }
        }
    }

    private static func write(_ slo: ConvertedSLO, _ json: inout JSONWriter) {
        json.object { json in
            json.member("service", slo.service)
            json.member("name", slo.name)
            json.member("sli", slo.kind)
            json.member("objective", slo.objective)
            json.member("period", slo.period)
            json.member("line", integer: slo.position.line)
            json.key("differences")
            json.array { json in
                for difference in slo.differences {
                    json.object { json in
                        json.member("topic", difference.topic)
                        json.member("text", difference.text)
                    }
                }
            }
        }
    }

    private static func write(_ diagnostic: Diagnostic, _ json: inout JSONWriter) {
        json.object { json in
            json.member("line", integer: diagnostic.position.line)
            json.member("column", integer: diagnostic.position.column)
            json.member("what", diagnostic.what)
            if let expected = diagnostic.expected { json.member("expected", expected) }
            if let hint = diagnostic.hint { json.member("hint", hint) }
        }
    }
}
