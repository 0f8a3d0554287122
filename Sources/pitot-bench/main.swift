import Glibc

// Prints one JSON line per measurement. Allocation counts are exact and gate: over its budget a
// benchmark fails the run. Times are reported only; this machine's vary by half.
let arguments = Array(CommandLine.arguments.dropFirst())
exit(
    arguments.first == "history"
        ? BacktestHistory.run(Array(arguments.dropFirst())) : Suite.run(arguments))
