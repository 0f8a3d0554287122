public import Text

extension SLODefinition {
    /// The series it counts, for those who fetch them somewhere.
    public var selectors: [Selector] {
        switch sli {
        case .events(let sli): [sli.total, sli.selector]
        }
    }
}
