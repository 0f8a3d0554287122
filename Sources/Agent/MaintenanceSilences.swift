import Alerting
import Model
import SLO

// A maintenance window is a silence that stands in a file: shown with the others, in force while
// the window is, ended only by changing the file. An SLO's alerts are known by their labels.

enum MaintenanceSilences {
    /// How often the windows are looked at.
    static let planEvery = TimeSpan.hours(1)
    /// How far ahead they are shown. More than `planEvery`, so that none begins unknown.
    static let ahead = TimeSpan.hours(25)
    /// The most silences of windows at a time; those that begin first.
    static let silencesMax = 2_000

    /// The silences of all windows that have not ended and begin soon, by their beginnings.
    static func planned(_ windows: [MaintenanceWindow], at now: Timestamp) -> [Silence] {
        var silences: [Silence] = []
        for window in windows where window.isSilencing {
            for occurrence in window.occurrences(from: now, to: now + ahead) {
                for (place, selection) in window.selections.enumerated() {
                    silences.append(silence(window, occurrence, selection, place))
                }
            }
        }
        silences.sort { ($0.startsAt, $0.id) < ($1.startsAt, $1.id) }
        return Array(silences.prefix(silencesMax))
    }

    private static func silence(
        _ window: MaintenanceWindow, _ occurrence: MaintenanceWindow.Occurrence,
        _ selection: SLOSelection, _ place: Int
    ) -> Silence {
        var matchers = [
            Matcher("alertname", .matches, "SLOBurn|SLODataLoss|SLONoTraffic"),
            Matcher("service", .equal, selection.service),
        ]
        if let name = selection.name { matchers.append(Matcher("slo", .equal, name)) }
        matchers += selection.labels.pairs.map { Matcher($0.name, .equal, $0.value) }
        return Silence(
            id: identity("\(window.name) \(place) \(occurrence.from.millis)"), matchers: matchers,
            startsAt: occurrence.from, endsAt: occurrence.to, updatedAt: occurrence.from,
            createdBy: window.who, comment: "maintenance \(window.name): \(window.why)")
    }

    /// The same for the same window each time, in the form of a UUID (RFC 9562 §5.8).
    private static func identity(_ text: String) -> String {
        var digits = Array(SHA256.hexadecimal(Array(text.utf8)).prefix(32))
        digits[12] = "8"
        digits[16] = "8"
        var id = ""
        for (place, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(place) { id += "-" }
            id.append(digit)
        }
        return id
    }
}
