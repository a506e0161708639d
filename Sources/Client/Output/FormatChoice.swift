// Which format a report gets: what --format says, else what the file's name says, else the table.

public import Reports

extension ReportFormat {
    /// The word for it on the command line.
    public var word: String {
        switch self {
        case .flameGraph: "html"
        case .pprof: "pprof"
        case .folded: "folded"
        case .table: "table"
        case .recording: "recording"
        }
    }

    /// Whether it is nothing to read on a terminal.
    var isBinary: Bool { self == .pprof || self == .recording }
}

/// Chooses a report's format.
///
/// - Parameters:
///   - word: `--format`.
///   - output: `--output`; nil or `-` is standard output.
/// - Throws: `ClientError` of status `usage`.
public func reportFormat(
    word: String?, output: String?, standardOutputIsTerminal: Bool
) throws(ClientError) -> ReportFormat {
    let isStandardOutput = output == nil || output == "-"
    let format: ReportFormat
    if let word {
        guard let named = ReportFormat.allCases.first(where: { $0.word == word }) else {
            let words = ReportFormat.allCases.map(\.word).joined(separator: ", ")
            throw ClientError(.usage, "There is no format '\(word)'; there are \(words).")
        }
        format = named
    } else if let output, !isStandardOutput {
        do throws(ReportError) {
            format = try ReportFormat(fileName: output)
        } catch {
            throw ClientError(.usage, "\(error) Or give --format.")
        }
    } else {
        format = .table
    }
    if format.isBinary, isStandardOutput, standardOutputIsTerminal {
        throw ClientError(
            .usage,
            "A terminal cannot show the format '\(format.word)': give --output FILE or a pipe.")
    }
    return format
}
