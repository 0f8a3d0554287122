import Model
import Text

// What the importers make and the writer writes: a native SLO (DESIGN §4.6) before it is text.
// It is not `SLODefinition`: that is what a native file means once it is read, without the words a
// person would write, and without what the peer did differently.

/// An SLO on its way from a peer's notation to ours.
struct NativeSLO {
    var service: String
    var name: String
    /// In percent, as a decimal.
    var objective: String
    var period = NativePeriod.rolling(.days(30))
    var by: [String] = []
    var sli: NativeSLI
    var tiers: [NativeTier] = [NativeTier(.page), NativeTier(.ticket)]
    var description: String?
    /// What will be another number than the peer's, or is written differently.
    var differences: [Difference] = []
    /// Where the peer's SLO stands.
    var position: SourcePosition
}

/// The budget's period.
enum NativePeriod: Equatable {
    case rolling(TimeSpan)
    /// `week`, `month` or `quarter`, in a time zone.
    case calendar(String, timeZone: String)
}

/// What is counted.
enum NativeSLI: Equatable {
    case events(counted: String, selector: String, total: String)
    /// `below` as a duration when the name says the unit, else a number. A total that selects more
    /// makes the rest bad.
    case latency(histogram: String, total: String?, below: String)
    /// A gauge that must be `op` `value` in each minute.
    case threshold(metric: String, op: String, value: String)
    /// PromQL of the bad events and all, evaluated each interval.
    case query(bad: String, total: String)
}

/// Alerts of one severity.
struct NativeTier: Equatable {
    enum Name: String { case page, ticket }

    var name: Name
    var isEnabled = true
    var labels: [TextPair] = []
    var annotations: [TextPair] = []
    /// Windows of its own; none: those that the period gives.
    var pairs: [PeerPair] = []

    init(_ name: Name) { self.name = name }
}

/// A label or an annotation.
struct TextPair: Equatable {
    var name: String
    var value: String
}

/// A number that will differ from the peer's, or a word that had to change.
struct Difference: Equatable {
    /// What it is about, in the order in which a person wants to know.
    enum Topic: String, CaseIterable {
        case sli, grouping, budget, noTraffic, births, pairs, evidence, dataLoss, labels, notes
    }

    var topic: Topic
    var text: String

    init(_ topic: Topic, _ text: String) {
        self.topic = topic
        self.text = text
    }
}
