import Model
import Runs
import Text

// `runs` and `webhooks` of pitot.yaml.

/// Who may send webhooks.
public struct IncomingSettings: Sendable {
    /// The secret that MLflow signs with, or the file that holds it; without one no signature is
    /// asked for.
    public var mlflowSecret = ""
    public var mlflowSecretFile = ""

    /// No secrets.
    public init() {}
}

extension FieldReader {
    mutating func readRuns(into settings: inout RunSettings) {
        settings.runsMax = limit("max", 100...5_000_000) ?? settings.runsMax
        settings.datasetsMax = limit("datasets", 0...100_000) ?? settings.datasetsMax
        settings.keep = span("keep", .minutes(1)) ?? settings.keep
        settings.liveFor = span("liveFor", .hours(1)) ?? settings.liveFor
    }

    private mutating func limit(_ key: String, _ range: ClosedRange<Int>) -> Int? {
        guard let number = optionalInteger(key) else { return nil }
        if !range.contains(number) {
            fail(
                at: position(of: key), "\(key) is \(number)",
                expected: "\(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private mutating func span(_ key: String, _ least: TimeSpan) -> TimeSpan? {
        guard let span = optionalDuration(key) else { return nil }
        if span < least || span > RunSettings.behindMax {
            fail(
                at: position(of: key), "\(key) is out of range",
                expected: "\(least) to \(RunSettings.behindMax)")
        }
        return span
    }

    mutating func readWebhooks(into settings: inout IncomingSettings) {
        guard let node = optionalNode("mlflow") else { return }
        var mlflow = FieldReader(node, of: "mlflow")
        settings.mlflowSecret = mlflow.optionalString("secret") ?? ""
        settings.mlflowSecretFile = mlflow.optionalString("secretFile") ?? ""
        if !settings.mlflowSecret.isEmpty && !settings.mlflowSecretFile.isEmpty {
            mlflow.fail(at: node, "both \"secret\" and \"secretFile\"", expected: "one of them")
        }
        add(mlflow.finish())
    }
}
