// What is missing from a recording, in sentences: said at the end once it is more than a hundredth.

internal import ControlProtocol
internal import Reports

/// What is missing, from a session's status or from the recording itself.
struct Missing {
    var samples: UInt64
    var lost: UInt64
    /// Lost samples by cause, `ring full 3`.
    var causes: String
    /// How long it was recorded.
    var elapsed: UInt64
    var throttles: UInt64
    var throttledNanoseconds: UInt64
    var gapNanoseconds: UInt64

    /// One sentence for each thing of which more than one per cent is missing.
    var sentences: [String] {
        var sentences: [String] = []
        // The counters are the daemon's, and their sum may be any.
        let share = Double(lost) / max(Double(samples) + Double(lost), 1) * 100
        if share > 1 {
            let why = causes.isEmpty ? "" : ": \(causes)"
            sentences.append(
                "\(lost) samples were lost beside \(samples) that were recorded "
                    + "(\(Int64(share.rounded())) %\(why)); record at a lower --frequency for a "
                    + "true picture.")
        }
        if isSaid(throttledNanoseconds) {
            sentences.append(
                "The kernel throttled the events \(throttles) times, for "
                    + "\(spanText(nanoseconds: throttledNanoseconds)): it took no samples then.")
        }
        if isSaid(gapNanoseconds) {
            sentences.append(
                "Nothing was recorded for \(spanText(nanoseconds: gapNanoseconds)) of "
                    + "\(elapsedText(nanoseconds: elapsed)).")
        }
        return sentences
    }

    private func isSaid(_ nanoseconds: UInt64) -> Bool {
        Double(nanoseconds) > Double(elapsed) / 100 && nanoseconds > 0
    }
}

extension Missing {
    init(_ status: SessionStatus) {
        let losses = status.losses
        self.init(
            samples: status.samples, lost: status.lost, causes: losses.causes,
            elapsed: status.elapsedNanoseconds, throttles: losses.throttles,
            throttledNanoseconds: losses.throttledNanoseconds,
            gapNanoseconds: losses.gapNanoseconds)
    }

    init(_ profile: Profile) {
        let losses = profile.losses
        self.init(
            samples: profile.samples.reduce(0) { $0 &+ $1.count }, lost: losses.count,
            causes: losses.causes, elapsed: profile.session.duration,
            throttles: losses.throttleCount, throttledNanoseconds: losses.throttledNanoseconds,
            gapNanoseconds: losses.gapNanoseconds)
    }
}

extension SessionLosses {
    /// The causes that lost something, in the words of the reports.
    var causes: String {
        [
            ("ring full", ring), ("dropped by the kernel", kernel),
            ("not recorded by the daemon", service),
        ].filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }

    /// All that is missing, for `status`; empty where nothing is.
    var summary: String {
        var parts = causes.isEmpty ? [] : ["lost: \(causes)"]
        if throttles > 0 {
            let time = spanText(nanoseconds: throttledNanoseconds)
            parts.append("throttled \(throttles) times for \(time)")
        }
        if gaps > 0 {
            let time = spanText(nanoseconds: gapNanoseconds)
            parts.append("nothing recorded for \(time) in \(gaps) \(gaps == 1 ? "gap" : "gaps")")
        }
        return parts.joined(separator: "; ")
    }
}

/// A time that may be short: in milliseconds below a second.
func spanText(nanoseconds: UInt64) -> String {
    if nanoseconds >= 1_000_000_000 { return elapsedText(nanoseconds: nanoseconds) }
    let milliseconds = nanoseconds / 1_000_000
    return milliseconds == 0 && nanoseconds > 0 ? "less than 1 ms" : "\(milliseconds) ms"
}
