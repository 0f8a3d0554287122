// YAML to a tree, in one pass over libyaml's events and an explicit stack: no recursion on input.
//
// An alias stands for a copy of its node. Copies share memory, but whoever walks the tree pays for
// each, so a node remembers how many nodes and levels it stands for and the limits hold for the
// tree as it is walked ("billion laughs" ends at the alias that would pass the limit).

/// Builds the documents of a stream from its events.
struct YAMLBuilder {
    private(set) var documents: [YAMLNode] = []
    private var frames: [Frame] = []
    /// Finished anchors of this document. One that is still open is absent: no cycles.
    private var anchors: [String: Built] = [:]
    private var nodes = 0

    /// A finished node and what it stands for, aliases followed.
    private struct Built {
        var node: YAMLNode
        var nodes: Int
        var levels: Int
    }

    /// An open collection.
    private struct Frame {
        var position: SourcePosition
        var anchor: String?
        var isMapping: Bool
        var elements: [YAMLNode] = []
        var pairs: [(key: YAMLNode, value: YAMLNode)] = []
        var key: YAMLNode?
        var keyLines: [String: Int] = [:]
        var merged: [YAMLNode] = []
        var nodes = 1
        var levels = 1
    }

    /// Whether there is more to come.
    mutating func take(_ event: YAMLEvent) throws(Diagnostic) -> Bool {
        switch event.kind {
        case .streamStart, .documentEnd: break
        case .streamEnd: return false
        case .documentStart: anchors = [:]
        case .scalar(let text, let isPlain):
            try count(1, event.position)
            let node = YAMLNode(
                position: event.position, textPosition: event.textPosition,
                content: .scalar(text: text, isPlain: isPlain))
            try add(Built(node: node, nodes: 1, levels: 0), event.anchor)
        case .alias(let name): try addAlias(name, event.position)
        case .sequenceStart: try open(event, isMapping: false)
        case .mappingStart: try open(event, isMapping: true)
        case .collectionEnd: try close()
        }
        return true
    }

    private mutating func open(_ event: YAMLEvent, isMapping: Bool) throws(Diagnostic) {
        try count(1, event.position)
        try checkDepth(frames.count + 1, event.position)
        if let anchor = event.anchor { anchors[anchor] = nil }
        frames.append(
            Frame(position: event.position, anchor: event.anchor, isMapping: isMapping))
    }

    private mutating func close() throws(Diagnostic) {
        guard var frame = frames.popLast() else { return }
        merge(into: &frame)
        let node = YAMLNode(
            position: frame.position,
            content: frame.isMapping ? .mapping(frame.pairs) : .sequence(frame.elements))
        try add(Built(node: node, nodes: frame.nodes, levels: frame.levels), frame.anchor)
    }

    private mutating func addAlias(
        _ name: String, _ position: SourcePosition
    ) throws(Diagnostic) {
        guard let target = anchors[name] else {
            throw .error(
                at: position, "the alias *\(shortened(name)) has no anchor before it",
                expected: "&\(shortened(name)) on a node that ends above")
        }
        try count(target.nodes, position)
        try checkDepth(frames.count + target.levels, position)
        try add(target, nil)
    }

    /// Puts a finished node where it belongs: a document, an element, a key or a key's value.
    private mutating func add(_ built: Built, _ anchor: String?) throws(Diagnostic) {
        if let anchor { anchors[anchor] = built }
        let last = frames.count - 1
        guard last >= 0 else { return documents.append(built.node) }
        frames[last].nodes += built.nodes
        frames[last].levels = max(frames[last].levels, built.levels + 1)
        if !frames[last].isMapping {
            frames[last].elements.append(built.node)
        } else if let key = frames[last].key {
            frames[last].key = nil
            try Self.addValue(built.node, key, &frames[last])
        } else {
            try Self.addKey(built.node, &frames[last])
        }
    }

    private static func addKey(_ key: YAMLNode, _ frame: inout Frame) throws(Diagnostic) {
        guard let name = key.asKey else {
            throw .error(
                at: key.position, "this key is \(key.summary)", expected: "text as a key",
                hint: "quote what begins with { or [")
        }
        if let line = frame.keyLines[name] {
            throw .error(
                at: key.position,
                "the key \"\(shortened(name))\" of line \(line) is written again on line "
                    + "\(key.position.line)",
                expected: "each key once", hint: "remove one of them")
        }
        frame.keyLines[name] = key.position.line
        frame.key = key
    }

    private static func addValue(
        _ value: YAMLNode, _ key: YAMLNode, _ frame: inout Frame
    ) throws(Diagnostic) {
        guard case .scalar("<<", isPlain: true) = key.content else {
            return frame.pairs.append((key, value))
        }
        let sources: [YAMLNode]
        if case .sequence(let list) = value.content { sources = list } else { sources = [value] }
        for source in sources {
            guard case .mapping = source.content else {
                throw .error(
                    at: source.position, "<< merges \(source.summary)", expected: "a mapping")
            }
        }
        frame.merged += sources
    }

    /// The merge key `<<`: adds the pairs whose keys the mapping does not have.
    private func merge(into frame: inout Frame) {
        for source in frame.merged {
            guard case .mapping(let pairs) = source.content else { continue }
            for pair in pairs {
                guard let name = pair.key.asKey, frame.keyLines[name] == nil else { continue }
                frame.keyLines[name] = pair.key.position.line
                frame.pairs.append(pair)
            }
        }
    }

    private mutating func count(_ more: Int, _ position: SourcePosition) throws(Diagnostic) {
        nodes += more
        guard nodes <= YAML.nodesMax else {
            throw .error(
                at: position, "too many values, aliases followed",
                expected: "at most \(YAML.nodesMax)", hint: "split the file")
        }
    }

    private func checkDepth(_ depth: Int, _ position: SourcePosition) throws(Diagnostic) {
        guard depth <= YAML.depthMax else {
            throw .error(
                at: position, "nested too deeply", expected: "at most \(YAML.depthMax) levels")
        }
    }
}
