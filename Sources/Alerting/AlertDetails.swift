/// One annotation of an alert: text for people, not part of the alert's identity.
public struct Annotation: Hashable, Sendable {
    /// The annotation's name, as the rule gives it.
    public let name: String
    /// Its text, templates expanded.
    public let value: String

    /// A pair as it stands; `AlertDetails` sorts.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// What an alert says besides its labels. Replaced by each breaching observation.
public struct AlertDetails: Hashable, Sendable {
    /// Sorted by name (byte order), each name once.
    public let annotations: [Annotation]
    /// Where a person reads more; may be empty.
    public let generatorURL: String
    /// The figure that broke the rule, as `GET /api/v1/alerts` shows it.
    public let value: Double

    /// Sorts the annotations; of equal names the last wins. O(n log n).
    public init(
        annotations: [(String, String)] = [], generatorURL: String = "", value: Double = 1
    ) {
        var byName: [String: String] = [:]
        for (name, text) in annotations { byName[name] = text }
        self.annotations = byName.map { Annotation($0.key, $0.value) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.generatorURL = generatorURL
        self.value = value
    }

    /// Annotations as another value's `annotations` had them.
    init(sorted annotations: [Annotation], generatorURL: String, value: Double) {
        self.annotations = annotations
        self.generatorURL = generatorURL
        self.value = value
    }

    /// These details with one annotation more.
    func adding(_ name: String, _ value: String) -> AlertDetails {
        AlertDetails(
            annotations: annotations.map { ($0.name, $0.value) } + [(name, value)],
            generatorURL: generatorURL, value: self.value)
    }
}
