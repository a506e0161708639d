// Decides; does nothing else. Everything that a decision depends on is an argument, and every
// request gets an answer, so that the whole engine is tested by a table.

/// The name of a rule, as it is in replies and in the journal.
public enum Rule: String, Hashable, Sendable, CaseIterable {
    /// The message carried no complete credentials, or those that the kernel gives to nobody.
    case credentialsPresent = "credentials-present"
    /// The message's uid is the daemon's own.
    case uidIsOwn = "uid-is-own"
    /// Sessions that record at the same time.
    case sessionLimit = "limit-sessions"
    /// Perf descriptors of one session.
    case descriptorLimit = "limit-descriptors-per-session"
    /// Bytes of all rings of one session.
    case ringMemoryLimit = "limit-ring-memory"
    /// Samples per second of one event on one CPU.
    case frequencyLimit = "limit-frequency"
    /// What no rule denies is allowed to the own uid.
    case ownUIDAllowed = "own-uid-allowed"
}

/// A denial: the rule that made it and a sentence that says what to do.
public struct Denial: Error, Hashable, Sendable {
    /// A limit that would be passed.
    public struct Excess: Hashable, Sendable {
        public let value: UInt64
        public let maximum: UInt64
    }

    public let rule: Rule
    public let reason: String
    /// Set where a limit denied.
    public let excess: Excess?

    init(_ rule: Rule, _ reason: String, excess: Excess? = nil) {
        self.rule = rule
        self.reason = reason
        self.excess = excess
    }
}

/// What the engine says to one request.
public enum Decision: Hashable, Sendable {
    case allow(Rule)
    case deny(Denial)
}
