public import Agent

extension ConfigurationFiles {
    /// Of all baselines, in bytes.
    private static let bytesMax = 64 << 20

    /// The files with the baselines that the rules name. They are part of the configuration: what
    /// a detector compares with must not depend on what becomes of a file.
    public func addingBaselines() throws(FileFault) -> ConfigurationFiles {
        let named = Configuration.read(self).baselinePaths
        guard !named.isEmpty else { return self }
        var baselines: [SourceFile] = []
        var bytes = 0
        for path in Set(named).sorted() {
            guard let read = readFile(path, limit: Self.bytesMax - bytes) else {
                throw FileFault(path)
            }
            bytes += read.count
            baselines.append(SourceFile(path: path, bytes: read))
        }
        return ConfigurationFiles(
            config: config, rules: rules, zones: zones, baselines: baselines,
            templates: templates)
    }
}
