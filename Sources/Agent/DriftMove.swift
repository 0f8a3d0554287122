import Drift
import Model
import Wire

/// A feature that moved, for people.
struct DriftMove: Hashable, Sendable, Archivable {
    static let blank = DriftMove(title: "", psi: 0, cells: [])
    static let featuresMax = 5
    static let cellsMax = 3

    var title: String
    var psi: Double
    var cells: [CellMove]

    init(title: String, psi: Double, cells: [CellMove]) {
        self.title = title
        self.psi = psi
        self.cells = cells
    }

    init(_ level: FeatureLevel) {
        title = level.title
        psi = level.figures[.psi]?.value ?? 0
        cells = Array(level.moves.prefix(Self.cellsMax))
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&title)
        archive.field(&psi)
        archive.field(&cells)
    }
}

/// A level that training did not have.
struct NewLevel: Hashable, Sendable, Archivable {
    static let blank = NewLevel(feature: "", level: "")
    /// Of one watch.
    static let most = 20
    private static let bytesMax = 128

    var feature: String
    var level: String

    private init(feature: String, level: String) {
        self.feature = feature
        self.level = level
    }

    /// The level at a place of a frame's words; nil for what is none.
    init?(_ feature: String, _ frame: FeatureFrame, _ place: Int) {
        self.feature = feature
        switch FeatureValue(frame.words[place], texts: frame.texts) {
        case .text(let text):
            level = text.utf8.count <= Self.bytesMax ? text : String(text.prefix(32))
        case .number(let number): level = FeatureValue.level(number)
        case .flag(let flag): level = flag ? "true" : "false"
        case .missing, nil: return nil
        }
    }

    mutating func archive(_ archive: inout Archive) {
        archive.field(&feature)
        archive.field(&level)
    }
}

extension FeatureValue {
    /// Whether a reward says that the answer was right: more than half.
    var isReward: Bool? {
        switch self {
        case .number(let number): number.isNaN ? nil : number > 0.5
        case .flag(let flag): flag
        case .missing, .text: nil
        }
    }
}
