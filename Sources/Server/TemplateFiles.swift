public import Agent
import Glibc

extension ConfigurationFiles {
    /// Of all template files, in bytes.
    private static let bytesMax = 4 << 20
    private static let filesMax = 100

    /// The files with those of notification templates that the configuration names. They are part
    /// of the configuration: a replay has the words that held then.
    public func addingTemplates() throws(FileFault) -> ConfigurationFiles {
        guard config != nil else { return self }
        let patterns = Configuration.read(
            ConfigurationFiles(config: config, rules: [])
        ).templatePaths
        var found: [SourceFile] = []
        var bytes = 0
        for pattern in patterns {
            // A path without a pattern must be there; a pattern may match nothing.
            let isPattern = pattern.contains { "*?[".contains($0) }
            for path in isPattern ? matches(pattern) : [pattern] {
                guard found.count < Self.filesMax,
                    let read = readFile(path, limit: Self.bytesMax - bytes)
                else { throw FileFault(path) }
                bytes += read.count
                found.append(SourceFile(path: path, bytes: read))
            }
        }
        return ConfigurationFiles(
            config: config, rules: rules, zones: zones, baselines: baselines, templates: found)
    }

    /// The paths that a shell's pattern matches, sorted.
    private func matches(_ pattern: String) -> [String] {
        var result = glob_t()
        defer { globfree(&result) }
        guard glob(pattern, 0, nil, &result) == 0 else { return [] }
        return (0..<Int(result.gl_pathc)).compactMap { place in
            result.gl_pathv[place].map { String(cString: $0) }
        }
    }
}
