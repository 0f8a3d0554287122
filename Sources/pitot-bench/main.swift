import Glibc

// Prints one JSON line per measurement. Allocation counts are exact and gate: over its budget a
// benchmark fails the run. Times are reported only; this machine's vary by half.
exit(Suite.run(Array(CommandLine.arguments.dropFirst())))
