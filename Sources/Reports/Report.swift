// One entrance for the callers that do not care which writer it is.

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

/// A report in one of the formats.
public enum Report {
    /// The whole report as the file's bytes.
    public static func render(
        _ profile: Profile, as format: ReportFormat, options: ReportOptions = ReportOptions()
    ) throws(ReportError) -> [UInt8] {
        switch format {
        case .flameGraph: FlameGraph.render(profile)
        case .pprof: try Pprof.render(profile)
        case .folded: FoldedStacks.render(profile, event: options.event)
        case .table: HotFunctions.render(profile, options: options)
        case .recording: throw .notWrittenFromProfile
        }
    }
}
