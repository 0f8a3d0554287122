internal import CYAML

/// What libyaml found, in Swift's own memory.
struct YAMLEvent {
    enum Kind {
        case streamStart, documentStart, documentEnd, streamEnd
        case scalar(text: String, isPlain: Bool)
        case alias(String)
        case sequenceStart, mappingStart
        case collectionEnd
    }

    var kind: Kind
    var anchor: String?
    var position: SourcePosition
    var textPosition: SourcePosition
    /// Where it stands, in characters from the start of the text.
    var span = 0..<0
}

/// The events of one YAML stream: the only place that touches libyaml.
///
/// libyaml's event parser is a state machine with its own heap stack: it does not recurse on
/// input, and looks ahead at most 1024 characters for a simple key.
@safe struct YAMLEvents: ~Copyable {
    /// Owned; freed in `deinit`. Heap memory, since the parser keeps pointers into itself.
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    /// Owned copy of the input: the parser reads from it until it is deleted.
    private let input: UnsafeMutableBufferPointer<UInt8>
    private let bytes: [UInt8]
    private let file: String
    /// A line and its first byte: events come in order, so lines are counted once for a file.
    private var lineCursor = (line: 1, start: 0)

    init(_ bytes: [UInt8], file: String) throws(Diagnostic) {
        self.bytes = bytes
        self.file = file
        unsafe input = .allocate(capacity: max(1, bytes.count))
        _ = unsafe input.initialize(from: bytes)
        unsafe parser = .allocate(capacity: 1)
        unsafe parser.initialize(to: yaml_parser_t())
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            throw .error(
                at: SourcePosition(file: file, line: 1, column: 1), "no memory to parse YAML")
        }
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    mutating func next() throws(Diagnostic) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw problem }
        defer { unsafe yaml_event_delete(&event) }
        let position = unsafe self.position(event.start_mark)
        var result = YAMLEvent(kind: .streamEnd, position: position, textPosition: position)
        let (from, to) = unsafe (Int(event.start_mark.index), Int(event.end_mark.index))
        result.span = from..<max(from, to)
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: result.kind = .streamStart
        case YAML_DOCUMENT_START_EVENT: result.kind = .documentStart
        case YAML_DOCUMENT_END_EVENT: result.kind = .documentEnd
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: result.kind = .collectionEnd
        case YAML_ALIAS_EVENT:
            unsafe result.kind = .alias(text(event.data.alias.anchor) ?? "")
        case YAML_SEQUENCE_START_EVENT:
            _ = try unsafe isText(tag: text(event.data.sequence_start.tag), "seq", position)
            unsafe result.anchor = text(event.data.sequence_start.anchor)
            result.kind = .sequenceStart
        case YAML_MAPPING_START_EVENT:
            _ = try unsafe isText(tag: text(event.data.mapping_start.tag), "map", position)
            unsafe result.anchor = text(event.data.mapping_start.anchor)
            result.kind = .mappingStart
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let isTagged = try unsafe isText(tag: text(scalar.tag), nil, position)
            let isPlain = unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE && !isTagged
            unsafe result.anchor = text(scalar.anchor)
            unsafe result.textPosition = textPosition(position, scalar.style)
            let content = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            result.kind = unsafe .scalar(
                text: String(decoding: content, as: UTF8.self), isPlain: isPlain)
        default: result.kind = .streamEnd
        }
        return result
    }

    /// Whether a tag makes a scalar text. Only the core schema's own tags are known.
    private func isText(
        tag: String?, _ collection: String?, _ position: SourcePosition
    ) throws(Diagnostic) -> Bool {
        guard let tag else { return false }
        let core = "tag:yaml.org,2002:"
        let allowed = collection.map { [$0] } ?? ["str", "int", "float", "bool", "null"]
        if tag == "!" { return true }
        if tag.hasPrefix(core), allowed.contains(String(tag.dropFirst(core.count))) {
            return tag == core + "str"
        }
        throw .error(
            at: position, "the tag \(shortened(tag)) is not known", expected: "no tag",
            hint: "remove it")
    }

    /// Where a scalar's text begins: after the quote, or on the line below a block's header.
    private mutating func textPosition(
        _ start: SourcePosition, _ style: yaml_scalar_style_t
    ) -> SourcePosition {
        var found = start
        switch style {
        case YAML_SINGLE_QUOTED_SCALAR_STYLE, YAML_DOUBLE_QUOTED_SCALAR_STYLE: found.column += 1
        case YAML_LITERAL_SCALAR_STYLE, YAML_FOLDED_SCALAR_STYLE:
            found.line += 1
            found.column = 1 + spacesAtStart(ofLine: found.line)
        default: break
        }
        return found
    }

    private mutating func spacesAtStart(ofLine line: Int) -> Int {
        while lineCursor.line < line, lineCursor.start < bytes.count {
            if bytes[lineCursor.start] == UInt8(ascii: "\n") { lineCursor.line += 1 }
            lineCursor.start += 1
        }
        return bytes[lineCursor.start...].prefix { $0 == UInt8(ascii: " ") }.count
    }

    private func position(_ mark: yaml_mark_t) -> SourcePosition {
        SourcePosition(file: file, line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    private func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        // Null-terminated by libyaml; lives until the event is deleted, and is copied here.
        guard let pointer = unsafe pointer else { return nil }
        return unsafe String(decodingCString: pointer, as: UTF8.self)
    }

    /// Why the last parse failed. libyaml's strings are constants, they need no freeing.
    private var problem: Diagnostic {
        let what = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
        let found = "not YAML: " + (what ?? "no reason given")
        guard unsafe parser.pointee.error != YAML_READER_ERROR else {
            return unsafe .error(
                at: position(ofByte: Int(parser.pointee.problem_offset)), found,
                expected: "printable UTF-8")
        }
        var hint: String?
        if let context = unsafe parser.pointee.context {
            let line = unsafe Int(parser.pointee.context_mark.line) + 1
            hint = unsafe "\(String(cString: context)) from line \(line)"
        }
        return unsafe .error(at: position(parser.pointee.problem_mark), found, hint: hint)
    }

    private func position(ofByte offset: Int) -> SourcePosition {
        var place = SourcePosition(file: file, line: 1, column: 1)
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                place.line += 1
                place.column = 1
            } else if byte & 0xc0 != 0x80 {
                place.column += 1
            }
        }
        return place
    }
}
