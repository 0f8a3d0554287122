public import Query

/// The columns that queries read. `Storage` has a type of the same name, and `Query` is also a
/// type, so no file that imports both can tell them apart without this.
public typealias QueryColumns = SampleColumns
