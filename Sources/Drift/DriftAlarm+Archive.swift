public import Model

// An alarm that has not been cleared is part of the agent's state: it is worded again.

extension DriftAlarm: Archivable {
    public static let blank = DriftAlarm(
        model: "", version: "", baselineID: "", time: .distantPast, row: 0, seed: 0, evidence: 0,
        limit: 0, isGuaranteed: false, guarantee: "", streams: [], level: nil)

    /// Everything but the level, which is measured again from the counts.
    public mutating func archive(_ archive: inout Archive) {
        var (model, version, baselineID) = (model, version, baselineID)
        var (time, row, seed, evidence, limit) = (time, row, seed, evidence, limit)
        var (isGuaranteed, guarantee, streams) = (isGuaranteed, guarantee, streams)
        archive.field(&model)
        archive.field(&version)
        archive.field(&baselineID)
        archive.field(&time)
        archive.field(&row)
        archive.field(&seed)
        archive.field(&evidence)
        archive.field(&limit)
        archive.field(&isGuaranteed)
        archive.field(&guarantee)
        archive.field(&streams)
        guard archive.isReading else { return }
        self = DriftAlarm(
            model: model, version: version, baselineID: baselineID, time: time, row: row,
            seed: seed, evidence: evidence, limit: limit, isGuaranteed: isGuaranteed,
            guarantee: guarantee, streams: streams, level: nil)
    }
}

extension StreamEvidence: Archivable {
    public static let blank = StreamEvidence(feature: "", part: "", share: 0)

    /// Feature, part and share.
    public mutating func archive(_ archive: inout Archive) {
        var (feature, part, share) = (feature, part, share)
        archive.field(&feature)
        archive.field(&part)
        archive.field(&share)
        if archive.isReading { self = StreamEvidence(feature: feature, part: part, share: share) }
    }
}

extension CellMove: Archivable {
    public static let blank = CellMove(label: "", before: 0, now: 0)

    /// The label and both shares.
    public mutating func archive(_ archive: inout Archive) {
        var (label, before, now) = (label, before, now)
        archive.field(&label)
        archive.field(&before)
        archive.field(&now)
        if archive.isReading { self = CellMove(label: label, before: before, now: now) }
    }
}

extension RefusalCounts: Archivable {
    public static let blank = RefusalCounts()

    /// A count for each reason.
    public mutating func archive(_ archive: inout Archive) {
        var all = FeatureRefusal.allCases.map { self[$0] }
        archive.array(&all, blank: 0) { $0.field(&$1) }
        guard archive.isReading else { return }
        self = RefusalCounts()
        guard all.count == FeatureRefusal.allCases.count else { return archive.fail() }
        for (refusal, count) in zip(FeatureRefusal.allCases, all) { add(refusal, times: count) }
    }
}
