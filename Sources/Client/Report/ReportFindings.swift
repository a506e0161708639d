// What the child that makes a report (ReportMaker.swift) has to say about the recording, in lines
// of its own with a word in front. The parent never reads the recording: it passes these on.

/// What is to be said of a recording beside its report, which is whole.
struct ReportFindings: Equatable {
    /// The end of the recording is missing.
    var cut: String?
    /// What the recording lacks, where it is much.
    var missing: [String] = []
    /// The recording cannot be read to its end. It has the report of what comes before.
    var damage: String?

    private static let cutPrefix = "cut: "
    private static let missingPrefix = "missing: "
    private static let damagePrefix = "damaged: "
    /// More lines than a child that is sound has.
    private static let mostLines = 8

    init() {}

    /// Finds them among the child's lines.
    init(_ lines: [String]) {
        for line in lines.prefix(Self.mostLines) {
            if line.hasPrefix(Self.cutPrefix) {
                cut = String(line.dropFirst(Self.cutPrefix.count))
            } else if line.hasPrefix(Self.missingPrefix) {
                missing.append(String(line.dropFirst(Self.missingPrefix.count)))
            } else if line.hasPrefix(Self.damagePrefix) {
                damage = String(line.dropFirst(Self.damagePrefix.count))
            }
        }
    }

    /// The lines that the other end finds them in.
    var lines: [String] {
        (cut.map { [Self.cutPrefix + $0] } ?? []) + missing.map { Self.missingPrefix + $0 }
            + (damage.map { [Self.damagePrefix + $0] } ?? [])
    }

    /// What is said of a file that was cut.
    static let cutSentence = """
        The end of the recording is missing: the file was cut. What is there counts up to its last \
        whole entry.
        """
}

extension ReportFindings {
    /// Fails where the recording is damaged; the report of what comes before has been written.
    func requireSoundness() throws(ClientError) {
        guard let damage else { return }
        throw ClientError(.badData, "\(damage) The report has what comes before that.")
    }
}
