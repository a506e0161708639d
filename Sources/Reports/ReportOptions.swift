/// What a reader can choose about a report.
public struct ReportOptions: Sendable, Equatable {
    /// The event that formats of one event show (folded stacks, table).
    public var event = 0
    /// The table's width in columns.
    public var width = 100
    /// The table's rows; nil is all.
    public var maximumRows: Int? = 40

    public init() {}
}
