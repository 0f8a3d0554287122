public import Model

// A state in checkpoints and in the log: its number, then what is true in it.
extension AlertState: Archivable {
    /// To read into.
    public static let blank = AlertState.inactive

    /// The number of the case, then its times.
    public mutating func archive(_ archive: inout Archive) {
        var tag = number
        var since = activeAt ?? .distantPast
        var firedAt = firedAt ?? .distantPast
        var clearSince = keptSince ?? .distantPast
        var endedAt = resolvedAt ?? .distantPast
        var reason = ResolveReason.cleared
        if case .resolved(_, _, _, let why) = self { reason = why }
        archive.field(&tag)
        if tag >= 1 { archive.time(&since) }
        if tag >= 2 { archive.time(&firedAt) }
        if tag == 3 {
            archive.time(&endedAt)
            archive.word(&reason)
        }
        if tag == 4 { archive.time(&clearSince) }
        guard archive.isReading else { return }
        switch tag {
        case 0: self = .inactive
        case 1: self = .pending(since: since)
        case 2: self = .firing(since: since, firedAt: firedAt)
        case 3: self = .resolved(since: since, firedAt: firedAt, at: endedAt, reason: reason)
        case 4: self = .keptFiring(since: since, firedAt: firedAt, clearSince: clearSince)
        default: archive.fail()
        }
    }

    /// Never reused.
    private var number: UInt8 {
        switch self {
        case .inactive: 0
        case .pending: 1
        case .firing: 2
        case .resolved: 3
        case .keptFiring: 4
        }
    }
}
