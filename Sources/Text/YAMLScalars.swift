// Replaces scalars of a YAML text and leaves all else as it stands, so that what a person reads
// about the text (lines, columns) still holds. Used to take secrets out of a configuration before
// it is kept anywhere.

/// A step from the root of a document to a value.
public enum YAMLStep: Hashable, Sendable {
    case key(String)
    case index(Int)
}

extension YAML {
    /// The text with those scalars replaced for which `choose` gives another, quoted. Aliases are
    /// not followed: what stands at the anchor is what is replaced. O(bytes).
    public static func replacingScalars(
        _ bytes: [UInt8], file: String,
        _ choose: (_ path: [YAMLStep], _ text: String) -> String?
    ) throws(Diagnostic) -> [UInt8] {
        var events = try YAMLEvents(bytes, file: file)
        var walk = ScalarWalk()
        var edits: [(span: Range<Int>, text: String)] = []
        reading: while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd: break reading
            case .scalar(let text, _):
                guard let path = walk.scalar(text), let other = choose(path, text) else { continue }
                var json = JSONWriter()
                json.string(other)
                let anchor = event.anchor.map { "&\($0) " } ?? ""
                edits.append((event.span, anchor + json.text))
            case .alias: walk.ended()
            case .sequenceStart: walk.begin(isMapping: false)
            case .mappingStart: walk.begin(isMapping: true)
            case .collectionEnd: walk.end()
            case .streamStart, .documentStart, .documentEnd: break
            }
        }
        return apply(edits, to: bytes)
    }

    private static func apply(
        _ edits: [(span: Range<Int>, text: String)], to bytes: [UInt8]
    ) -> [UInt8] {
        let hasMark = bytes.starts(with: [0xef, 0xbb, 0xbf])
        let text = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        let scalars = hasMark ? Array(text.dropFirst()) : text
        var out = String.UnicodeScalarView()
        var at = 0
        for edit in edits where edit.span.lowerBound >= at && edit.span.upperBound <= scalars.count
        {
            out.append(contentsOf: scalars[at..<edit.span.lowerBound])
            out.append(contentsOf: edit.text.unicodeScalars)
            // A block scalar ends with its lines: the next key begins a line of its own.
            if scalars[edit.span].last == "\n" { out.append("\n") }
            at = edit.span.upperBound
        }
        out.append(contentsOf: scalars[at...])
        return Array(String(out).utf8)
    }
}

/// Where in the document the events are.
private struct ScalarWalk {
    private struct Frame {
        let isMapping: Bool
        var key: String?
        var count = 0
    }

    private var frames: [Frame] = []

    /// The path of a scalar that is a value; nil for a key.
    mutating func scalar(_ text: String) -> [YAMLStep]? {
        guard let last = frames.indices.last else { return [] }
        if frames[last].isMapping && frames[last].key == nil {
            frames[last].key = text
            return nil
        }
        let path = frames.map { frame in
            frame.isMapping ? YAMLStep.key(frame.key ?? "") : .index(frame.count)
        }
        ended()
        return path
    }

    mutating func begin(isMapping: Bool) { frames.append(Frame(isMapping: isMapping)) }

    mutating func end() {
        _ = frames.popLast()
        ended()
    }

    /// A value has ended: what comes next is a key, or the next element.
    mutating func ended() {
        guard let last = frames.indices.last else { return }
        if frames[last].isMapping && frames[last].key == nil {
            // An alias as a key.
            frames[last].key = ""
        } else {
            frames[last].key = nil
            frames[last].count += 1
        }
    }
}
