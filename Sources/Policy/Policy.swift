public import ControlProtocol
public import SocketCredentials

/// What a request asks for beyond an answer.
public enum Demand: Hashable, Sendable {
    /// Only an answer, or the end of a session.
    case nothing
    /// A session more than `running` and `pending` ones, with these events.
    case session(running: Int, pending: Int, events: [Event])
    /// That a session has this many descriptors, names this many threads, and has rings of this
    /// many bytes together.
    case descriptors(total: Int, threads: Int, ringMemory: UInt64)
}

/// The policy of one daemon: (request, credentials, own uid, limits) -> allow or deny.
///
/// Its first rule cannot be configured away: the uid that the kernel verified with the very bytes
/// of the request is the daemon's own real uid. Nothing is decided by pid, by path or by a number
/// inside the request, and no decision is kept.
public struct Policy: Hashable, Sendable {
    public let ownUID: UInt32
    public let overflow: OverflowIDs
    public let limits: Limits

    public init(
        ownUID: UInt32, overflow: OverflowIDs = .kernelDefault, limits: Limits = Limits()
    ) {
        self.ownUID = ownUID
        self.overflow = overflow
        self.limits = limits
    }

    /// Decides one request.
    ///
    /// - Parameter credentials: what the kernel attached to the request's bytes; nil where there
    ///   was none, more than one, an incomplete one, or the stream had ended.
    public func decide(_ demand: Demand, from credentials: Credentials?) -> Decision {
        if let denial = authenticate(credentials) ?? charge(demand) { return .deny(denial) }
        return .allow(.ownUIDAllowed)
    }

    private func authenticate(_ credentials: Credentials?) -> Denial? {
        guard let credentials, credentials.source == .scmCredentials, let uid = credentials.uid
        else {
            return Denial(
                .credentialsPresent,
                "The request carried no credentials. Send SCM_CREDENTIALS with uid \(ownUID).")
        }
        guard credentials.defect(overflow: overflow) == nil else {
            return Denial(
                .credentialsPresent,
                """
                The request's credentials name nobody (\(credentials)): the sender is outside the \
                daemon's user or pid namespace, or wrote before the kernel recorded it.
                """)
        }
        guard uid == ownUID else {
            return Denial(
                .uidIsOwn,
                """
                The request's uid is \(uid), and the daemon profiles processes of uid \
                \(ownUID) only. Claim uid \(ownUID) with SCM_CREDENTIALS, or talk to the daemon of \
                uid \(uid).
                """)
        }
        return nil
    }

    private func charge(_ demand: Demand) -> Denial? {
        switch demand {
        case .nothing: nil
        case .session(let running, let pending, let events):
            over(
                .sessionLimit, UInt64(running + pending + 1), UInt64(limits.sessions),
                """
                \(running + pending) sessions are recording or being opened, and the limit is \
                \(limits.sessions). Stop one, or raise 'sessions' under [limits] in the daemon's \
                configuration.
                """) ?? events.lazy.compactMap(frequencyDenial).first
        case .descriptors(let total, let threads, let ringMemory):
            over(
                .descriptorLimit, UInt64(total), UInt64(limits.descriptorsPerSession),
                """
                The session has \(total) descriptors, and the limit is \
                \(limits.descriptorsPerSession). Profile fewer events or threads, or raise \
                'descriptors-per-session' under [limits] in the daemon's configuration.
                """)
                ?? over(
                    .descriptorLimit, UInt64(threads), UInt64(limits.descriptorsPerSession),
                    """
                    The session names \(threads) threads, and the limit of its descriptors is \
                    \(limits.descriptorsPerSession): a thread has one at least. Raise \
                    'descriptors-per-session' under [limits] in the daemon's configuration.
                    """)
                ?? over(
                    .ringMemoryLimit, ringMemory, limits.ringMemory,
                    """
                    The session's rings have \(ringMemory) bytes, and the limit is \
                    \(limits.ringMemory). Ask for smaller rings, or raise 'ring-memory' under \
                    [limits] in the daemon's configuration.
                    """)
        }
    }

    private func frequencyDenial(_ event: Event) -> Denial? {
        guard case .frequency(let frequency) = event.sampling else { return nil }
        return over(
            .frequencyLimit, frequency, limits.frequency,
            """
            The event \(event.name) asks for \(frequency) samples a second, and the limit is \
            \(limits.frequency). Ask for fewer, or raise 'frequency' under [limits] in the \
            daemon's configuration.
            """)
    }

    private func over(_ rule: Rule, _ value: UInt64, _ maximum: UInt64, _ reason: String)
        -> Denial?
    {
        value > maximum
            ? Denial(rule, reason, excess: Denial.Excess(value: value, maximum: maximum)) : nil
    }
}

extension Denial {
    /// The error that a client gets.
    public func error(credentials: Credentials?, ownUID: UInt32) -> ControlError {
        guard let excess else {
            return .permissionDenied(
                rule: rule.rawValue, reason: reason, claimedUID: credentials?.uid, ownUID: ownUID)
        }
        return .limitExceeded(
            limit: rule.rawValue, value: excess.value, maximum: excess.maximum, reason: reason)
    }
}
