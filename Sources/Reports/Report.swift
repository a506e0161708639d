// One entrance for the callers that do not care which writer it is.

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
