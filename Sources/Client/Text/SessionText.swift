// Sessions and services as people and scripts read them.

internal import ControlProtocol
internal import LinuxSystem
internal import Reports
internal import Varlink

enum SessionText {
    /// The table that `list` prints.
    static func table(_ sessions: [SessionStatus]) -> String {
        var table = TextTable([
            ("SESSION", .left), ("UID", .right), ("PID", .right), ("COMMAND", .left),
            ("STATE", .left), ("ELAPSED", .right), ("SAMPLES", .right), ("LOST", .right),
            ("EVENTS", .left),
        ])
        for session in sessions {
            table.add([
                session.session, "\(session.uid)", session.pid.map { "\($0)" } ?? "-",
                session.command,
                state(of: session), elapsedText(nanoseconds: session.elapsedNanoseconds),
                "\(session.samples)", "\(session.lost)",
                session.events.map(\.name).joined(separator: ","),
            ])
        }
        return table.text
    }

    /// A line for each session that lacks something, below the table of `status`.
    static func losses(_ sessions: [SessionStatus]) -> String {
        sessions.map { ($0.session, $0.losses.summary) }.filter { !$0.1.isEmpty }
            .map { visibleText("\($0.0) \($0.1)") + "\n" }.joined()
    }

    /// `recording`, or `ended` and why; of what keeps only its last time how much, `last 30 s`.
    static func state(of session: SessionStatus) -> String {
        guard session.state == .ended else {
            let last = session.lastNanoseconds.map { "last " + elapsedText(nanoseconds: $0) }
            return session.isPaused ? "paused" : last ?? session.state.rawValue
        }
        return session.endReason.map { "ended: \(words(for: $0))" } ?? "ended"
    }

    static func words(for reason: EndReason) -> String {
        switch reason {
        case .stopped: "stopped"
        case .durationOver: "duration over"
        case .targetGone: "target gone"
        case .connectionClosed: "client gone"
        case .serviceStopping: "daemon stopped"
        case .failed: "failed"
        }
    }

    /// What `status` prints for one service.
    static func paragraph(_ service: ServiceStatus, socket: String) -> String {
        let running = service.sessions == 1 ? "1 session" : "\(service.sessions) sessions"
        let age = max(0, Int64(KernelClock.realtime() / 1_000_000_000) - service.startedAt)
        return """
            profilerd \(service.version) of uid \(service.uid), pid \(service.pid), at \(socket)
              up for \(elapsedText(nanoseconds: UInt64(age) * 1_000_000_000)); \
            \(running) recording (limit \(service.limits.sessions)); \
            \(service.samples) samples, \(service.lost) lost
              \(load(service.load))

            """
    }

    /// What the service uses, and of what.
    private static func load(_ load: ServiceLoad) -> String {
        let cpu = load.budget.cpu.map { " (budget \(Double($0) / 10_000) % of a core)" } ?? ""
        let memory = load.budget.memory.map { " (budget \($0 >> 20) MiB)" } ?? ""
        let total = load.retention.totalSize.map { " (limit \($0 >> 20) MiB)" } ?? ""
        return "\(elapsedText(nanoseconds: load.drainNanoseconds)) of CPU time for samples\(cpu), "
            + "\(load.memory >> 10) KiB of memory\(memory), "
            + "\(load.recordings >> 10) KiB of recordings\(total)"
    }

    /// What the sessions had to be told, a line each.
    static func notices(_ sessions: [SessionStatus]) -> String {
        sessions.map { session in
            let notices = session.notices + (session.error.map { [$0] } ?? [])
            return notices.map { "\(session.session): \($0)\n" }.joined()
        }.joined()
    }

    /// JSON for a script. A terminal is safe from it: what could act on one is escaped.
    static func json(_ value: JSONValue) -> String {
        var text = ""
        for scalar in String(decoding: value.encoded(), as: UTF8.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                text += escaped(scalar)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\n"
    }

    /// `\uXXXX`, twice for a scalar beyond U+FFFF (RFC 8259, section 7).
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        Array(String(scalar).utf16).map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }
}
