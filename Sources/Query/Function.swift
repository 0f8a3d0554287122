/// The functions of PromQL, named as in Prometheus 3.5.
public enum Function: String, Hashable, Sendable, CaseIterable {
    // Over the samples of a window.
    case absentOverTime = "absent_over_time"
    case avgOverTime = "avg_over_time"
    case changes
    case countOverTime = "count_over_time"
    case delta
    case deriv
    case doubleExponentialSmoothing = "double_exponential_smoothing"
    case idelta
    case increase
    case irate
    case lastOverTime = "last_over_time"
    case madOverTime = "mad_over_time"
    case maxOverTime = "max_over_time"
    case minOverTime = "min_over_time"
    case predictLinear = "predict_linear"
    case presentOverTime = "present_over_time"
    case quantileOverTime = "quantile_over_time"
    case rate
    case resets
    case stddevOverTime = "stddev_over_time"
    case stdvarOverTime = "stdvar_over_time"
    case sumOverTime = "sum_over_time"
    case tsOfLastOverTime = "ts_of_last_over_time"
    case tsOfMaxOverTime = "ts_of_max_over_time"
    case tsOfMinOverTime = "ts_of_min_over_time"
    // Of each value.
    case abs, acos, acosh, asin, asinh, atan, atanh, ceil, cos, cosh, deg, exp, floor, ln, log10
    case log2, rad, sgn, sin, sinh, sqrt, tan, tanh
    case clamp
    case clampMax = "clamp_max"
    case clampMin = "clamp_min"
    case round
    // Of times.
    case dayOfMonth = "day_of_month"
    case dayOfWeek = "day_of_week"
    case dayOfYear = "day_of_year"
    case daysInMonth = "days_in_month"
    case hour, minute, month, year
    case timestamp
    // Of histograms.
    case histogramAvg = "histogram_avg"
    case histogramCount = "histogram_count"
    case histogramFraction = "histogram_fraction"
    case histogramQuantile = "histogram_quantile"
    case histogramStddev = "histogram_stddev"
    case histogramStdvar = "histogram_stdvar"
    case histogramSum = "histogram_sum"
    // Of whole vectors.
    case absent
    case info
    case labelJoin = "label_join"
    case labelReplace = "label_replace"
    case scalar
    case sort
    case sortByLabel = "sort_by_label"
    case sortByLabelDesc = "sort_by_label_desc"
    case sortDesc = "sort_desc"
    case vector
    // Of nothing.
    case pi, time

    /// What a function takes and gives.
    public struct Signature: Sendable {
        public var required: [ValueType]
        public var optional: [ValueType] = []
        /// The type of any number of further arguments.
        public var repeated: ValueType?
        public var returns = ValueType.vector

        /// The type of the argument at an index.
        func type(at index: Int) -> ValueType? {
            if index < required.count { return required[index] }
            if index < required.count + optional.count { return optional[index - required.count] }
            return repeated
        }
    }

    /// What it takes and gives.
    public var signature: Signature {
        switch self {
        case .absentOverTime, .avgOverTime, .changes, .countOverTime, .delta, .deriv, .idelta,
            .increase, .irate, .lastOverTime, .madOverTime, .maxOverTime, .minOverTime,
            .presentOverTime, .rate, .resets, .stddevOverTime, .stdvarOverTime, .sumOverTime,
            .tsOfLastOverTime, .tsOfMaxOverTime, .tsOfMinOverTime:
            Signature(required: [.matrix])
        case .doubleExponentialSmoothing: Signature(required: [.matrix, .scalar, .scalar])
        case .predictLinear: Signature(required: [.matrix, .scalar])
        case .quantileOverTime: Signature(required: [.scalar, .matrix])
        case .abs, .acos, .acosh, .asin, .asinh, .atan, .atanh, .ceil, .cos, .cosh, .deg, .exp,
            .floor, .ln, .log10, .log2, .rad, .sgn, .sin, .sinh, .sqrt, .tan, .tanh, .timestamp,
            .histogramAvg, .histogramCount, .histogramStddev, .histogramStdvar, .histogramSum,
            .absent, .sort, .sortDesc:
            Signature(required: [.vector])
        case .clamp: Signature(required: [.vector, .scalar, .scalar])
        case .clampMax, .clampMin: Signature(required: [.vector, .scalar])
        case .round: Signature(required: [.vector], optional: [.scalar])
        case .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .hour, .minute, .month, .year:
            Signature(required: [], optional: [.vector])
        case .histogramFraction: Signature(required: [.scalar, .scalar, .vector])
        case .histogramQuantile: Signature(required: [.scalar, .vector])
        case .info: Signature(required: [.vector], optional: [.vector])
        case .labelJoin: Signature(required: [.vector, .string, .string], repeated: .string)
        case .labelReplace: Signature(required: [.vector, .string, .string, .string, .string])
        case .scalar: Signature(required: [.vector], returns: .scalar)
        case .sortByLabel, .sortByLabelDesc: Signature(required: [.vector], repeated: .string)
        case .vector: Signature(required: [.scalar])
        case .pi, .time: Signature(required: [], returns: .scalar)
        }
    }

    /// Behind `promql-experimental-functions`.
    public var isExperimental: Bool {
        switch self {
        case .doubleExponentialSmoothing, .info, .madOverTime, .sortByLabel, .sortByLabelDesc,
            .tsOfLastOverTime, .tsOfMaxOverTime, .tsOfMinOverTime:
            true
        default: false
        }
    }

    /// Whether its value depends on the time of evaluation though its arguments do not.
    var dependsOnTime: Bool {
        switch self {
        case .dayOfMonth, .dayOfWeek, .dayOfYear, .daysInMonth, .hour, .minute, .month, .year,
            .predictLinear, .time, .timestamp:
            true
        default: false
        }
    }
}

/// Which optional parts of the language are on; named as Prometheus' feature flags.
public struct QueryFeatures: Hashable, Sendable {
    /// `promql-experimental-functions`.
    public var experimentalFunctions = false
    /// `promql-duration-expr`.
    public var durationExpressions = false
    /// `promql-delayed-name-removal`.
    public var delayedNameRemoval = false
    /// `type-and-unit-labels`: the hint on counters looks at `__type__` instead of the name.
    public var typeAndUnitLabels = false

    public init() {}

    /// Everything, as the conformance scripts want it.
    public static var all: QueryFeatures {
        var features = QueryFeatures()
        features.experimentalFunctions = true
        features.durationExpressions = true
        features.delayedNameRemoval = true
        return features
    }

    /// The names that `enable` knows.
    public static let flags = [
        "promql-experimental-functions", "promql-duration-expr", "promql-delayed-name-removal",
        "type-and-unit-labels",
    ]

    /// Turns on what a flag's name says; false when there is no such flag.
    public mutating func enable(_ flag: String) -> Bool {
        switch flag {
        case "promql-experimental-functions": experimentalFunctions = true
        case "promql-duration-expr": durationExpressions = true
        case "promql-delayed-name-removal": delayedNameRemoval = true
        case "type-and-unit-labels": typeAndUnitLabels = true
        default: return false
        }
        return true
    }
}
