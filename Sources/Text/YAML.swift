/// Reads YAML 1.1 as libyaml does, scalars by the 1.2 core schema. JSON is read the same way.
public enum YAML {
    /// The longest input, in bytes.
    public static let bytesMax = 4 << 20
    /// The deepest nesting of sequences and mappings, aliases followed.
    public static let depthMax = 64
    /// The most nodes in a stream, aliases followed.
    public static let nodesMax = 500_000
    /// The most `%TAG` lines: libyaml compares each with all before it (20,000 took 2 s).
    public static let tagDirectivesMax = 64

    /// The documents of a stream; none when there is nothing but comments. O(bytes + nodes).
    public static func parse(_ bytes: [UInt8], file: String) throws(Diagnostic) -> [YAMLNode] {
        guard bytes.count <= bytesMax else {
            throw .error(
                at: SourcePosition(file: file, line: 1, column: 1),
                "the file has \(bytes.count) bytes", expected: "at most \(bytesMax)",
                hint: "split it")
        }
        try checkTagDirectives(bytes, file)
        var events = try YAMLEvents(bytes, file: file)
        var builder = YAMLBuilder()
        while try builder.take(events.next()) {}
        return builder.documents
    }

    private static func checkTagDirectives(_ bytes: [UInt8], _ file: String) throws(Diagnostic) {
        var found = 0
        var line = 1
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "\n") { line += 1 }
            guard byte == UInt8(ascii: "%"), bytes[index...].starts(with: "%TAG".utf8) else {
                continue
            }
            found += 1
            guard found <= tagDirectivesMax else {
                throw .error(
                    at: SourcePosition(file: file, line: line, column: 1), "too many %TAG",
                    expected: "at most \(tagDirectivesMax)", hint: "tags are not used here")
            }
        }
    }
}
