import Glibc

// Lines go out one write each: what is buffered when a process dies is lost (field-notes, swift).

/// A line on standard output.
func printLine(_ line: String) { write(line, to: 1) }

/// A line on standard error.
func printError(_ line: String) { write(line, to: 2) }

private func write(_ line: String, to file: Int32) { _ = writeAll(line + "\n", to: file) }

/// Replaces a file's content; false with the reason in `errno`.
func writeFile(_ path: String, _ text: String) -> Bool {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { return false }
    let isWritten = writeAll(text, to: file)
    return close(file) == 0 && isWritten
}

private func writeAll(_ text: String, to file: Int32) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        if count <= 0 { return false }
        bytes = bytes.dropFirst(count)
    }
    return true
}
