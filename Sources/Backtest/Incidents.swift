public import Model
public import Text

/// Something that really went wrong, as people wrote it down.
public struct Incident: Hashable, Sendable {
    public let name: String
    public let start: Timestamp
    public let end: Timestamp
    /// Labels that an alert of it has; `service` and `slo` among them.
    public let labels: Labels

    /// A page later than this after the end is not of the incident.
    static let lateMax = TimeSpan.minutes(5)

    /// Whether an alert belongs to it: it fires while the incident lasts, and has its labels.
    func owns(_ alert: BacktestAlert) -> Bool {
        alert.overlaps(from: start, to: end + Self.lateMax)
            && labels.pairs.allSatisfy { alert.labels[$0.name] == $0.value }
    }
}

/// A list of incidents, from YAML or JSON. docs/formats/backtest.md.
public struct IncidentFile: Sendable {
    public private(set) var incidents: [Incident] = []
    public private(set) var diagnostics: [Diagnostic] = []

    /// The most incidents of a file.
    public static let incidentsMax = 10_000

    /// Reads a file strictly.
    public init(_ bytes: [UInt8], file: String) {
        do throws(Diagnostic) {
            guard let document = try YAML.parse(bytes, file: file).first else { return }
            read(document)
        } catch {
            diagnostics.append(error)
        }
    }

    private mutating func read(_ document: YAMLNode) {
        var fields = FieldReader(document, of: "list of incidents")
        let elements = fields.sequence("incidents")
        if elements.count > Self.incidentsMax {
            fields.fail(at: document, "more than \(Self.incidentsMax) incidents")
        }
        for element in elements.prefix(Self.incidentsMax) {
            var incident = FieldReader(element, of: "incident")
            let name = incident.optionalString("name") ?? ""
            let start = time(&incident, "start")
            let end = time(&incident, "end")
            var pairs = incident.pairs("labels").map { ($0.name, $0.value) }
            for key in ["service", "slo"] {
                if let value = incident.optionalString(key) { pairs.append((key, value)) }
            }
            if let start, let end {
                if end < start {
                    incident.fail(
                        at: incident.position(of: "end"), "the incident ends before it starts",
                        expected: "a time after \(start.rfc3339)")
                }
                incidents.append(
                    Incident(name: name, start: start, end: end, labels: Labels(pairs)))
            }
            diagnostics += incident.finish()
        }
        incidents.sort { ($0.start, $0.end, $0.name) < ($1.start, $1.end, $1.name) }
        diagnostics += fields.finish()
    }

    private func time(_ fields: inout FieldReader, _ key: String) -> Timestamp? {
        guard let text = fields.string(key) else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            fields.fail(
                at: fields.position(of: key), "\"\(text)\" is no time",
                expected: "RFC 3339, such as 2026-11-02T10:00:00Z")
            return nil
        }
        return time
    }
}

/// How a rule set did with the known incidents.
public struct IncidentScore: Sendable {
    /// One incident's.
    public struct Entry: Sendable {
        public let incident: Incident
        /// The first page of it, and the first ticket.
        public let page: BacktestAlert?
        public let ticket: BacktestAlert?

        /// From the incident's start to the page; zero when it fired already.
        public var delay: TimeSpan? { page.map { max(.zero, $0.firedAt - incident.start) } }
    }

    public let entries: [Entry]
    /// Pages that no incident explains.
    public let falsePages: [BacktestAlert]

    /// O(incidents x alerts).
    public init(_ incidents: [Incident], _ result: RuleSetResult) {
        let (pages, tickets) = (result.pages, result.tickets)
        entries = incidents.map { incident in
            Entry(
                incident: incident, page: pages.first(where: incident.owns),
                ticket: tickets.first(where: incident.owns))
        }
        falsePages = pages.filter { page in !incidents.contains { $0.owns(page) } }
    }

    /// Incidents that paged.
    public var detected: Int { entries.count { $0.page != nil } }
    /// The longest delay of those that paged.
    public var delayMax: TimeSpan? { entries.compactMap(\.delay).max() }
}
