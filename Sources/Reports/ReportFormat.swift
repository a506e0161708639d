/// The formats a profile can be written in, chosen by the output file's name.
public enum ReportFormat: String, CaseIterable, Sendable {
    case flameGraph = "flame graph"
    case pprof
    case folded = "folded stacks"
    case table
    /// The recording as it is.
    case recording

    /// How the format's file names end.
    public var ending: String {
        switch self {
        case .flameGraph: ".html"
        case .pprof: ".pb.gz"
        case .folded: ".folded"
        case .table: ".txt"
        case .recording: ".recording"
        }
    }

    /// The format of a file of this name.
    ///
    /// - Throws: `ReportError.unknownEnding`.
    public init(fileName: String) throws(ReportError) {
        let lowercased = fileName.lowercased()
        guard let format = Self.allCases.first(where: { lowercased.hasSuffix($0.ending) }) else {
            throw .unknownEnding(fileName: fileName)
        }
        self = format
    }
}

/// Why a report could not be made.
public enum ReportError: Error, Equatable, Sendable, CustomStringConvertible {
    case unknownEnding(fileName: String)
    /// A recording is copied, not written from a profile.
    case notWrittenFromProfile
    case compression(code: Int32)
    case encoding(String)

    public var description: String {
        switch self {
        case .unknownEnding(let fileName):
            let known = ReportFormat.allCases.map { "\($0.ending) (\($0.rawValue))" }
            return "The name \(visibleText(fileName)) does not tell the report's format; "
                + "names end in " + known.joined(separator: ", ") + "."
        case .notWrittenFromProfile:
            return "A recording cannot be written from a profile; copy the recording instead."
        case .compression(let code):
            return "zlib could not compress the report (error \(code))."
        case .encoding(let reason):
            return "The profile could not be encoded: \(reason)."
        }
    }
}
