/// What could not be used and why, for the user to read; each line once, and not without bound.
final class DiagnosticLog {
    static let limit = 256

    private(set) var lines: [String] = []
    private var seen: Set<String> = []

    func append(_ line: String) {
        guard lines.count < Self.limit, seen.insert(line).inserted else { return }
        lines.append(line)
    }
}
