public import Model

// Rows of features as they come in, whatever brought them: names once, then the values row by row,
// eight bytes each. Texts stand in a table of their own.

/// Caps on what brings features.
public struct FeatureLimits: Sendable {
    /// Columns of a frame, and bytes of a name.
    public var columns = 10_000
    public var nameBytes = 1024
    /// Values of a body, those of missing ones included.
    public var values = 2_000_000
    /// Bytes of a text value.
    public var textBytes = 4096
    /// Events of a batch.
    public var events = 10_000
    /// Bytes of a body.
    public var bodyBytes = 32 << 20

    /// The values above.
    public init() {}
}

/// Why a body, an event or a row was not taken.
public enum PayloadFault: UInt8, CaseIterable, Hashable, Sendable {
    case malformedJSON = 0
    case tooDeep = 1
    case tooLarge = 2
    case notUTF8 = 3
    /// No CloudEvent: an attribute is missing, or a header is malformed.
    case notAnEvent = 4
    /// A type of event that says nothing about a model.
    case unknownType = 5
    /// A body that is none of the known forms.
    case unknownBody = 6
    /// A length-prefixed protobuf message.
    case grpc = 7
    /// Rows of different widths, or a tensor whose shape is not that of its data.
    case wrongShape = 8
    case tooManyColumns = 9
    case tooManyValues = 10
    /// A row that is no object.
    case notARow = 11
    case unknownDatatype = 12
    case nameTooLong = 13
    /// A number that no Double holds.
    case badNumber = 14

    /// For metrics.
    public var label: String {
        switch self {
        case .malformedJSON: "malformed_json"
        case .tooDeep: "too_deep"
        case .tooLarge: "too_large"
        case .notUTF8: "not_utf8"
        case .notAnEvent: "not_an_event"
        case .unknownType: "unknown_type"
        case .unknownBody: "unknown_body"
        case .grpc: "grpc"
        case .wrongShape: "wrong_shape"
        case .tooManyColumns: "too_many_columns"
        case .tooManyValues: "too_many_values"
        case .notARow: "not_a_row"
        case .unknownDatatype: "unknown_datatype"
        case .nameTooLong: "name_too_long"
        case .badNumber: "bad_number"
        }
    }

    init(_ fault: JSONFault) {
        switch fault {
        case .malformed: self = .malformedJSON
        case .tooDeep: self = .tooDeep
        case .tooLarge: self = .tooLarge
        case .notUTF8: self = .notUTF8
        case .badNumber: self = .badNumber
        }
    }
}

/// Rows of the same columns.
public struct FeatureFrame: Hashable, Sendable {
    /// The columns' names; places ("0", "1", ...) where the body has none.
    public var columns: [String] = []
    /// Whether the columns have no names: what they mean is a matter of their order.
    public var isPositional = false
    /// Row by row, as many as columns each.
    public var words: [FeatureWord] = []
    /// What text words point at.
    public var texts: [String] = []
    /// When each row was seen, where the rows say so.
    public var times: [Timestamp] = []

    /// No rows.
    public init() {}

    /// Rows.
    public var rows: Int { columns.isEmpty ? 0 : words.count / columns.count }
}

/// What came about a model.
public struct FeatureEvent: Hashable, Sendable {
    /// What brought it.
    public enum Kind: UInt8, Hashable, Sendable {
        /// Rows on their own.
        case rows = 0
        /// A request to a model, and what it was answered.
        case request = 1
        case response = 2
        /// What the answer should have been.
        case feedback = 3
    }

    public var kind: Kind
    /// What a request and its response share; empty for rows.
    public var id = ""
    /// Of the model, as its sender calls it.
    public var namespace = ""
    public var model = ""
    public var endpoint = ""
    public var version = ""
    /// When it happened, in nanoseconds since the epoch; 0 when it does not say.
    public var nanos: Int64 = 0
    /// The HTTP status of a response; 0 when it does not say.
    public var status = 0
    /// Events of its kind that it stands for, itself among them: its sender passes on one in so
    /// many.
    public var sampledRate: UInt32 = 1
    /// Headers that the sender passed on.
    public var headers: [FeatureHeader] = []
    public var frame = FeatureFrame()
    /// What was wrong in it: rows refused, or a body that is none.
    public var faults: [PayloadFault] = []

    /// An event that says nothing yet.
    public init(_ kind: Kind) { self.kind = kind }
}

/// A header of the request that a sender passed on.
public struct FeatureHeader: Hashable, Sendable {
    /// In lower case.
    public var name: String
    public var value: String

    /// A header and its value.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }
}
