// Comma-separated values (RFC 4180): a heading, quoted fields with doubled quotes, lines that end
// in LF or CR LF. An empty field is a missing value; a quoted one is text.

/// Reads training rows.
public enum CSVTable {
    /// A table of `bytes`. `time` names the column of times; `isInOrder` says that the rows are in
    /// their order of arrival. O(bytes).
    public static func read(
        _ bytes: [UInt8], time: String? = nil, isInOrder: Bool
    ) throws(TableError) -> TrainingTable {
        var scanner = CSVScanner(bytes)
        var builder = TableBuilder()
        var heading: [Int] = []
        var fields: [CSVScanner.Field] = []
        while try scanner.next(&fields) {
            let line = scanner.recordLine
            if heading.isEmpty {
                for field in fields {
                    let column = try builder.column(field.text, line: line)
                    if heading.contains(column) {
                        throw TableError(line: line, .repeatedName(field.text))
                    }
                    heading.append(column)
                }
                continue
            }
            // A blank line is no row, unless the table has one column.
            if fields.count == 1 && heading.count > 1 && fields[0].isEmpty { continue }
            guard fields.count == heading.count else {
                throw TableError(line: line, .fields(fields.count, expected: heading.count))
            }
            try builder.beginRow(line: line)
            for (column, field) in zip(heading, fields) { builder.set(column, field.value) }
        }
        return try builder.table(time: time, isInOrder: isInOrder)
    }
}

private struct CSVScanner {
    struct Field {
        let text: String
        let isQuoted: Bool

        var isEmpty: Bool { text.isEmpty && !isQuoted }
        var value: FeatureValue {
            if isEmpty { return .missing }
            if !isQuoted, let number = fileNumber(text) { return .number(number) }
            return .text(text)
        }
    }

    private let bytes: [UInt8]
    private var position = 0
    private var line = 1
    /// The line on which the last record began.
    private(set) var recordLine = 1

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        // A byte order mark is no name.
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
    }

    /// The next record's fields; false at the end.
    mutating func next(_ fields: inout [Field]) throws(TableError) -> Bool {
        fields.removeAll(keepingCapacity: true)
        guard position < bytes.count else { return false }
        recordLine = line
        while true {
            fields.append(try field())
            guard fields.count <= TableBuilder.columnsMax else {
                throw TableError(line: line, .tooManyColumns(most: TableBuilder.columnsMax))
            }
            guard position < bytes.count else { return true }
            let byte = bytes[position]
            position += 1
            if byte == UInt8(ascii: ",") { continue }
            line += 1
            return true
        }
    }

    /// A field; what follows is a comma, a line feed or the end.
    private mutating func field() throws(TableError) -> Field {
        if position < bytes.count && bytes[position] == UInt8(ascii: "\"") { return try quoted() }
        let start = position
        while position < bytes.count, !isEnd(bytes[position]) { position += 1 }
        var end = position
        if end > start && bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return Field(text: try text(bytes[start..<end]), isQuoted: false)
    }

    private mutating func quoted() throws(TableError) -> Field {
        position += 1
        var content: [UInt8] = []
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte != UInt8(ascii: "\"") {
                if byte == UInt8(ascii: "\n") { line += 1 }
                content.append(byte)
                continue
            }
            if position < bytes.count && bytes[position] == UInt8(ascii: "\"") {
                content.append(byte)
                position += 1
                continue
            }
            if position < bytes.count && bytes[position] == UInt8(ascii: "\r") { position += 1 }
            guard position == bytes.count || isEnd(bytes[position]) else {
                throw TableError(line: line, .textAfterQuote)
            }
            return Field(text: try text(content[...]), isQuoted: true)
        }
        throw TableError(line: recordLine, .unclosedQuote)
    }

    private func isEnd(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n")
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(TableError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw TableError(line: line, .badText)
        }
        return text
    }
}
