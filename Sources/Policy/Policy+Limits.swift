// The limits, charged before anything is used. Each has its sentence: what was asked for, what the
// limit is, and which key of the configuration sets it.

internal import ControlProtocol

extension Policy {
    /// The first limit that the request would pass; nil where it passes none.
    func charge(_ request: Request) -> Denial? {
        switch request.demand {
        case .nothing: nil
        case .session(let running, let pending):
            chargeSession(running + pending)
                ?? request.session?.events.lazy.compactMap(frequencyDenial).first
        case .descriptors(let message, let total, let threads, let ringMemory):
            chargeDescriptors(message, total, threads)
                ?? over(
                    .ringMemoryLimit, ringMemory, limits.ringMemory,
                    """
                    The session's rings have \(ringMemory) bytes, and the limit is \
                    \(limits.ringMemory). Ask for smaller rings, or raise \(key("ring-memory")).
                    """)
        }
    }

    private func chargeSession(_ others: Int) -> Denial? {
        over(
            .sessionLimit, UInt64(others + 1), UInt64(limits.sessions),
            """
            \(others) sessions are recording or being opened, and the limit is \
            \(limits.sessions). Stop one, or raise \(key("sessions")).
            """)
    }

    private func chargeDescriptors(_ message: Int, _ total: Int, _ threads: Int) -> Denial? {
        let limit = limits.descriptorsPerSession
        return over(
            .messageLimit, UInt64(message), UInt64(limits.descriptorsPerMessage),
            """
            The message has \(message) descriptors, and the limit is \
            \(limits.descriptorsPerMessage). Send them in smaller messages, or raise \
            \(key("descriptors-per-message")).
            """)
            ?? over(
                .descriptorLimit, UInt64(total), UInt64(limit),
                """
                The session has \(total) descriptors, and the limit is \(limit). Profile fewer \
                events or threads, or raise \(key("descriptors-per-session")).
                """)
            ?? over(
                .descriptorLimit, UInt64(threads), UInt64(limit),
                """
                The session names \(threads) threads, and the limit of its descriptors is \
                \(limit): a thread has one at least. Raise \(key("descriptors-per-session")).
                """)
    }

    private func frequencyDenial(_ event: Event) -> Denial? {
        guard case .frequency(let frequency) = event.sampling else { return nil }
        return over(
            .frequencyLimit, frequency, limits.frequency,
            """
            The event \(event.name) asks for \(frequency) samples a second, and the limit is \
            \(limits.frequency). Ask for fewer, or raise \(key("frequency")).
            """)
    }

    private func key(_ name: String) -> String {
        "'\(name)' under [policy.limits] in the daemon's configuration"
    }

    private func over(
        _ rule: RuleName, _ value: UInt64, _ maximum: UInt64, _ reason: @autoclosure () -> String
    ) -> Denial? {
        value > maximum
            ? Denial(rule, reason(), excess: Denial.Excess(value: value, maximum: maximum)) : nil
    }
}
