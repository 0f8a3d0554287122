import Text

// OpenSLO describes an SLO in several objects that name each other, in one file or in many.

/// A versioned object of OpenSLO.
struct OpenSLOObject {
    enum Version: String {
        case v1 = "openslo/v1"
        case v1alpha = "openslo/v1alpha"
        case v2alpha = "openslo.com/v2alpha"
    }

    let version: Version
    let kind: String
    let name: String
    let node: YAMLNode

    /// Nil for what is no OpenSLO.
    init?(_ node: YAMLNode) {
        guard let text = node["apiVersion"]?.asString, let version = Version(rawValue: text),
            let kind = node["kind"]?.asString
        else { return nil }
        self.version = version
        self.kind = kind
        name = node["metadata"]?["name"]?.asString ?? ""
        self.node = node
    }

    var spec: YAMLNode { node["spec"] ?? node }
    var file: String { node.position.file }
}

/// All objects of all files, to look names up in.
struct OpenSLOCatalog {
    private var byName: [String: [OpenSLOObject]] = [:]
    /// Files whose objects others referred to.
    private(set) var usedFiles: Set<String> = []

    init(_ objects: [OpenSLOObject]) {
        for object in objects {
            byName[object.kind + "/" + object.name, default: []].append(object)
        }
    }

    /// The object of a name: in the same file, else the only one of all files. Throws when there is
    /// none, or when several files have one.
    mutating func find(
        _ kind: String, named reference: YAMLNode, from file: String
    ) throws(Diagnostic) -> OpenSLOObject {
        let name = reference.asString ?? ""
        let all = byName[kind + "/" + name] ?? []
        if let here = all.first(where: { $0.file == file }) { return here }
        guard let found = all.first else {
            throw .error(
                at: reference.position, "there is no \(kind) named \"\(name)\"",
                expected: "one in this file or in another that is converted with it")
        }
        guard all.count == 1 else {
            let second = all[1].node.position
            throw .error(
                at: reference.position,
                "\(all.count) files have a \(kind) named \"\(name)\"", expected: "one",
                hint:
                    "for example \(found.node.position) and \(second); convert the right one with "
                    + "this file alone")
        }
        usedFiles.insert(found.file)
        return found
    }

    /// The object of a name, or nil.
    mutating func lookUp(
        _ kind: String, named reference: YAMLNode, from file: String
    ) -> OpenSLOObject? {
        do throws(Diagnostic) {
            return try find(kind, named: reference, from: file)
        } catch {
            return nil
        }
    }
}
