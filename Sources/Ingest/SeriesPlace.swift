import Model
import Storage

/// Where a series belongs. 20 bytes a series, beside the store's own.
struct SeriesPlace: Sendable {
    enum Role: UInt8, Sendable {
        case plain, up, processStart
        /// A rule of our own makes it; it has no target.
        case made
    }

    /// Where a series is in its life.
    enum State: UInt8, Sendable {
        case live
        /// It fell silent and was given a stale marker; another sample brings it back.
        case marked
        /// Nothing came for so long that it no longer counts against limits.
        case idle
        /// Forgotten; its number stays used up.
        case dead
    }

    static let noFeed = UInt32.max
    static let noTarget = UInt32.max

    var target: UInt32
    var metric: UInt32
    var feed: UInt32
    /// The series under which its samples are stored: itself, or for a replica the shared one.
    var stored: UInt32
    var role: Role
    /// Of the target's replicas the one that sends it; of a shared series the one stored last.
    var replica: UInt8
    var state = State.live
}

/// A series that was added.
struct AddedSeries {
    let id: SeriesID
    /// What consumers are to be asked about: the series, or the new one that replicas share.
    let routable: SeriesID?
}
