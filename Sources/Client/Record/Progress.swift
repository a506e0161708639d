// The line on a terminal while a recording goes on. In a pipe there is none, nor where a command
// shares the terminal.

internal import ControlProtocol
internal import LinuxSystem

struct Progress {
    private let isShown: Bool
    private var last: (samples: UInt64, nanoseconds: UInt64) = (0, 0)

    init(isShown: Bool) { self.isShown = isShown }

    mutating func show(_ status: SessionStatus) {
        guard isShown else { return }
        Console.replaceLine(line(for: status))
        last = (status.samples, status.elapsedNanoseconds)
    }

    /// Elapsed time, samples, their rate since the last line, and what was lost.
    func line(for status: SessionStatus) -> String {
        let time = status.elapsedNanoseconds.subtractingReportingOverflow(last.nanoseconds)
        let count = status.samples.subtractingReportingOverflow(last.samples)
        let isRate = !time.overflow && !count.overflow && time.partialValue > 0
        let rate =
            isRate ? Double(count.partialValue) / (Double(time.partialValue) / 1e9) : 0
        var elapsed = elapsedText(nanoseconds: status.elapsedNanoseconds)
        if let whole = status.durationNanoseconds {
            elapsed += " of \(elapsedText(nanoseconds: whole))"
        }
        return "\(elapsed), \(status.samples) samples, \(Int64(rate.rounded()))/s, "
            + "\(status.lost) lost\(status.isPaused ? ", paused" : ""); Ctrl-C ends"
    }

    func clear() {
        if isShown { Console.clearLine() }
    }
}

/// What is to be said of a recording that is over, where something is.
func closingNotes(_ status: SessionStatus) -> [String] {
    var notes = Missing(status).sentences
    notes += status.notices
    if status.samples == 0, status.lost == 0 {
        notes.append(
            "There is no sample: the program used no CPU time, or none of its events happened.")
    }
    if status.endReason == .serviceStopping {
        notes.append("The recording ended because its daemon stopped.")
    }
    return notes
}
