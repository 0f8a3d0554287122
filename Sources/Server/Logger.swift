import Glibc
import Model
import Text

/// Writes structured log lines to standard error, one per call.
public final class Logger: Sendable {
    /// How a line is written.
    public enum Format: String, Sendable { case logfmt, json }
    /// How much a line matters.
    public enum Level: String, Sendable { case info, warn, error }

    private let format: Format
    private let file: Int32
    private let lock = Locked(())

    /// Logs to standard error, or to a file when a path is given and can be opened.
    public init(format: Format, path: String? = nil) {
        self.format = format
        let opened = path.map { open($0, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o644) } ?? -1
        file = opened >= 0 ? opened : 2
    }

    deinit { if file != 2 { close(file) } }

    /// Something to know.
    public func info(_ message: String, _ fields: (String, String)...) {
        write(.info, message, fields)
    }
    /// Something to look at.
    public func warn(_ message: String, _ fields: (String, String)...) {
        write(.warn, message, fields)
    }
    /// Something that failed.
    public func error(_ message: String, _ fields: (String, String)...) {
        write(.error, message, fields)
    }

    private func write(_ level: Level, _ message: String, _ fields: [(String, String)]) {
        let head = [
            ("time", wallClock().rfc3339), ("level", level.rawValue), ("msg", message),
        ]
        let line = render(head + fields) + "\n"
        lock.withLock { _ in
            var bytes = Array(line.utf8)[...]
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
                // A log nobody can read is no reason to stop.
                if count <= 0 { return }
                bytes = bytes.dropFirst(count)
            }
        }
    }

    private func render(_ fields: [(String, String)]) -> String {
        switch format {
        case .json:
            var json = JSONWriter()
            json.object { for (name, value) in fields { $0.member(name, value) } }
            return json.text
        case .logfmt:
            return fields.map { "\($0)=\(plain($1) ? $1 : quoted($1))" }.joined(separator: " ")
        }
    }

    private func plain(_ value: String) -> Bool {
        let special: [UInt8] = [UInt8(ascii: "\""), UInt8(ascii: "=")]
        return !value.isEmpty
            && value.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !special.contains($0) }
    }
}
