import Model
import Text

/// What says whose counts a ledger holds (DESIGN §4.6): service, name, period, `by` and `sli`. A
/// checkpoint carries it so that a removed SLO, which no file defines any more, finds its history
/// when it comes back.
struct SLOIdentity {
    private var service = ""
    private var name = ""
    private var period = TimeSpan.zero
    /// Of calendar periods, whose span is zero.
    private var unit = ""
    private(set) var zone = ""
    private var by: [String] = []
    private var sli = SLIFields()

    init(_ definition: SLODefinition) {
        service = definition.service
        name = definition.name
        switch definition.period {
        case .rolling(let span): period = span
        case .calendar(let calendar):
            unit = calendar.unit.rawValue
            zone = calendar.zone.name
        }
        by = definition.by
        sli = SLIFields(definition.sli)
    }

    /// Reads what `bytes` wrote; nil when they are malformed.
    init?(_ bytes: [UInt8]) {
        var archive = Archive(reading: bytes)
        self.archive(&archive)
        let isRolling = period >= Period.rollingMin && period <= Period.rollingMax
        guard archive.isComplete, CalendarUnit(rawValue: unit) == nil ? isRolling : true else {
            return nil
        }
    }

    var bytes: [UInt8] {
        var archive = Archive()
        var copy = self
        copy.archive(&archive)
        return archive.bytes
    }

    private mutating func archive(_ archive: inout Archive) {
        archive.field(&service)
        archive.field(&name)
        archive.field(&period)
        archive.field(&unit)
        archive.field(&zone)
        archive.field(&by)
        sli.archive(&archive)
    }

    /// A definition that counts the same and judges nothing; nil when a selector does not parse, or
    /// the bytes are no file of the time zone.
    func definition(zone bytes: [UInt8]) -> SLODefinition? {
        var period = Period.rolling(period)
        if let unit = CalendarUnit(rawValue: unit) {
            let rules = zone == "UTC" ? .utc : TimeZoneRules(name: zone, tzif: bytes)
            guard let rules else { return nil }
            period = .calendar(CalendarPeriod(unit: unit, zone: rules))
        }
        guard let sli = sli.sli else { return nil }
        return SLODefinition(
            service: service, name: name, objective: .none, period: period, by: by, sli: sli,
            alerts: AlertPolicy(), position: SourcePosition(file: "", line: 1, column: 1))
    }
}
