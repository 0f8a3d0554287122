extension WriteBatch {
    /// Whether it came by remote write 2.0.
    public var isSecond: Bool {
        switch labelForm {
        case .fields: false
        case .references: true
        }
    }
}
