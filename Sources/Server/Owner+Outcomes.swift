import Alerting

extension Owner {
    /// Says what went wrong with a notification; whereto is left out, for URLs may be secrets.
    func note(_ outcome: Outcome) {
        switch outcome {
        case .delivered, .posted: break
        case .rejected(let status, let word):
            logger.warn("notification rejected", ("status", String(status)), ("reason", word))
        case .refused(let status, _):
            logger.warn("notification refused", ("status", String(status)))
        case .failed(let reason):
            logger.warn("notification not delivered", ("reason", reason.rawValue))
        }
    }
}
