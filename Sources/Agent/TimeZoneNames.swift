import Model
import SLO
import Text

// Time zones are files, and files are the shell's: it asks which ones the configuration names,
// reads them and adds them to the files that are logged. So a replay has the rules that held then,
// whatever tzdata has become. docs/decisions/0020-time-zones-are-files.md.

extension ConfigurationFiles {
    /// The zones that the files name, sorted: rules under `timeZone`, the configuration's time
    /// intervals under `location`. Names that cannot be one are left out.
    public var zoneNames: [String] {
        var names: Set<String> = []
        let keyed = rules.map { ($0, "timeZone") } + (config.map { [($0, "location")] } ?? [])
        for (file, key) in keyed where file.bytes.contains(sequence: Array(key.utf8)) {
            // What does not parse is reported when the configuration is read.
            guard let documents = try? YAML.parse(file.bytes, file: file.path) else { continue }
            for document in documents { collect(key, document, into: &names) }
        }
        return names.filter { $0 != "UTC" && TimeZoneRules.isName($0) }.sorted()
            .prefix(TimeZones.countMax).map { $0 }
    }

    private func collect(_ key: String, _ root: YAMLNode, into names: inout Set<String>) {
        var rest = [root]
        while let node = rest.popLast() {
            switch node.content {
            case .scalar: break
            case .sequence(let elements): rest += elements
            case .mapping(let pairs):
                for pair in pairs {
                    if pair.key.asString == key, let name = pair.value.asString {
                        names.insert(name)
                    }
                    rest.append(pair.value)
                }
            }
        }
    }

    /// The same files with those of time zones.
    public func adding(zones: [SourceFile]) -> ConfigurationFiles {
        ConfigurationFiles(
            config: config, rules: rules, zones: zones, baselines: baselines,
            templates: templates)
    }

    /// The zones' rules; files that are none are left out, and whoever names them is told.
    var timeZones: TimeZones {
        var found = TimeZones()
        for file in zones.prefix(TimeZones.countMax) {
            _ = found.add(name: file.path, tzif: file.bytes)
        }
        return found
    }
}

extension [UInt8] {
    /// Whether `other` stands in it. O(n) for the short texts it is asked for.
    fileprivate func contains(sequence other: [UInt8]) -> Bool {
        guard let first = other.first, count >= other.count else { return false }
        for start in 0...(count - other.count) where self[start] == first {
            if self[start..<start + other.count].elementsEqual(other) { return true }
        }
        return false
    }
}
