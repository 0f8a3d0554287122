import Glibc

// Lines go out one write each: what is buffered when a process dies is lost (field-notes, swift).

/// A line on standard output.
func printLine(_ line: String) { write(line, to: 1) }

/// A line on standard error.
func printError(_ line: String) { write(line, to: 2) }

private func write(_ line: String, to file: Int32) {
    var bytes = Array((line + "\n").utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        if count <= 0 { return }
        bytes = bytes.dropFirst(count)
    }
}
