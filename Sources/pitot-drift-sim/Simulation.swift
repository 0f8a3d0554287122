import Drift
import Glibc

/// The simulations, each a table. Seeded: the same arguments print the same lines.
enum Simulation {
    /// `--runs N` sets the runs of a line (2,000); names choose tables.
    static func run(_ arguments: [String]) {
        var names: [String] = []
        var runs = 2000
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--runs", let count = rest.popFirst().flatMap(Int.init), count > 0 {
                runs = count
            } else {
                names.append(argument)
            }
        }
        let tables: [(name: String, print: (Int) -> Bool)] = [
            ("false-alarms", CleanTable.print), ("model", ModelTable.print),
            ("delays", DelayTable.print),
            ("guards", GuardTable.print), ("features", FeatureTable.print),
            ("nodes", NodeTable.print),
        ]
        let known = tables.map(\.name)
        if let unknown = names.first(where: { !known.contains($0) }) {
            print("drift-sim: no table '\(unknown)'; expected --runs N or \(known)")
            exit(2)
        }
        var isKept = true
        for table in tables where names.isEmpty || names.contains(table.name) {
            let before = clock()
            isKept = table.print(runs) && isKept
            let seconds = Double(clock() - before) / Double(CLOCKS_PER_SEC)
            line("   (\(Int(seconds.rounded())) CPU seconds)\n")
        }
        line(isKept ? "all bounds kept" : "SOME BOUNDS BROKEN")
        exit(isKept ? 0 : 1)
    }

    /// Prints at once: a table takes a while.
    static func line(_ text: String) {
        print(text)
        fflush(nil)
    }

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// A table's row: the first column wide, the others narrow.
    static func row(_ cells: [String]) {
        guard let first = cells.first else { return }
        line(padded(first, 34) + cells.dropFirst().map { padded($0, 16) }.joined())
    }

    static func percent(_ part: Int, of whole: Int) -> String {
        let tenths = (Double(part) * 1000 / Double(max(1, whole))).rounded() / 10
        return "\(tenths) %"
    }

    /// The most alarms of `runs` runs that a chance of one tenth explains in 99 of 100 cases:
    /// 232 of 2,000.
    static func alarmsMax(_ runs: Int) -> Int {
        let mean = Double(runs) / 10
        return Int((mean + 2.36 * (mean * 0.9).squareRoot()).rounded())
    }

    static func verdict(_ isKept: Bool) -> String { isKept ? "" : "BROKEN" }
}
