public import Model
import Wire

// When datasets were updated last: by what producers say (`lastUpdated`), and by runs that wrote
// them and completed. Both only go forward, so order does not matter. A run that wrote no rows has
// updated nothing.

/// One dataset.
public struct Dataset: Hashable, Sendable {
    static let blank = Dataset(namespace: "", name: "")

    public var namespace: String
    public var name: String
    public var updatedAt = Timestamp.distantPast
    public var rows: Int?
    public var version = ""
    /// When it was told of last, on the agent's clock.
    public var seenAt = Timestamp.distantPast

    mutating func archive(_ archive: inout Archive) {
        archive.field(&namespace)
        archive.field(&name)
        archive.field(&updatedAt)
        archive.optional(&rows, blank: 0) { $0.field(&$1) }
        archive.field(&version)
        archive.field(&seenAt)
    }
}

/// All datasets that were told of.
public struct DatasetBook: Sendable {
    private struct Key: Hashable {
        let namespace: String
        let name: String
    }

    /// By number; numbers stay.
    public private(set) var datasets: [Dataset] = []
    private var numbers: [Key: UInt32] = [:]
    /// Those for which there was no room.
    public private(set) var refused: UInt64 = 0

    init() {}

    /// Takes what was told of one in; nil when there is no room for it.
    mutating func take(_ use: DatasetUse, at now: Timestamp, _ most: Int) -> UInt32? {
        let key = Key(namespace: use.namespace, name: use.name)
        let number: UInt32
        if let known = numbers[key] {
            number = known
        } else {
            guard datasets.count < most else {
                refused += 1
                return nil
            }
            number = UInt32(datasets.count)
            datasets.append(Dataset(namespace: use.namespace, name: use.name))
            numbers[key] = number
        }
        let place = Int(number)
        datasets[place].seenAt = now
        if let at = use.updatedAt, at <= now + RunSettings.aheadMax, use.rows != 0 {
            datasets[place].updatedAt = max(datasets[place].updatedAt, at)
        }
        if let rows = use.rows { datasets[place].rows = rows }
        if !use.version.isEmpty { datasets[place].version = use.version }
        return number
    }

    /// Notes that a run that writes it has completed.
    mutating func complete(_ number: UInt32, at time: Timestamp) {
        guard datasets.indices.contains(Int(number)) else { return }
        datasets[Int(number)].updatedAt = max(datasets[Int(number)].updatedAt, time)
    }

    mutating func archive(_ archive: inout Archive) {
        archive.array(&datasets, blank: .blank) { $1.archive(&$0) }
        archive.field(&refused)
        guard archive.isReading else { return }
        numbers = [:]
        for (place, dataset) in datasets.enumerated() {
            let key = Key(namespace: dataset.namespace, name: dataset.name)
            if numbers.updateValue(UInt32(place), forKey: key) != nil { archive.fail() }
        }
    }
}
