// Decides; does nothing else. Everything that a decision depends on is an argument, and every
// request gets an answer, so that the whole engine is tested by a table.

/// The name of a rule, as it is in replies and in the journal: one of those that are built in, or
/// of the configuration.
public struct RuleName: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    public var description: String { rawValue }

    /// The message carried no complete credentials, or those that the kernel gives to nobody.
    public static let credentialsPresent = RuleName(rawValue: "credentials-present")
    /// The message's uid is the daemon's own.
    public static let uidIsOwn = RuleName(rawValue: "uid-is-own")
    /// Sessions that record at the same time.
    public static let sessionLimit = RuleName(rawValue: "limit-sessions")
    /// Perf descriptors of one session.
    public static let descriptorLimit = RuleName(rawValue: "limit-descriptors-per-session")
    /// Descriptors of one message.
    public static let messageLimit = RuleName(rawValue: "limit-descriptors-per-message")
    /// Bytes of all rings of one session.
    public static let ringMemoryLimit = RuleName(rawValue: "limit-ring-memory")
    /// Samples per second of one event on one CPU.
    public static let frequencyLimit = RuleName(rawValue: "limit-frequency")
    /// Connections of one peer uid at the same time.
    public static let connectionLimit = RuleName(rawValue: "limit-connections-per-uid")
    /// Requests a second of one peer uid.
    public static let requestLimit = RuleName(rawValue: "limit-requests-per-second-per-uid")
    /// How long a connection may stay without an authenticated frame.
    public static let deadlineLimit = RuleName(rawValue: "limit-authentication-deadline")
    /// No rule of the list has matched.
    public static let defaultDeny = RuleName(rawValue: "default-deny")

    /// The names that no rule of a configuration can have.
    public static let reserved: Set<RuleName> = [
        credentialsPresent, uidIsOwn, sessionLimit, descriptorLimit, messageLimit,
        ringMemoryLimit, frequencyLimit, connectionLimit, requestLimit, deadlineLimit, defaultDeny,
    ]
}

/// A denial: the rule that made it and a sentence that says what to do.
public struct Denial: Error, Hashable, Sendable {
    /// A limit that would be passed.
    public struct Excess: Hashable, Sendable {
        public let value: UInt64
        public let maximum: UInt64
    }

    public let rule: RuleName
    public let reason: String
    /// Set where a limit denied.
    public let excess: Excess?

    init(_ rule: RuleName, _ reason: String, excess: Excess? = nil) {
        self.rule = rule
        self.reason = reason
        self.excess = excess
    }
}

/// What the engine says to one request.
public enum Decision: Hashable, Sendable {
    case allow(RuleName)
    case deny(Denial)

    /// The rule that made it.
    public var rule: RuleName {
        switch self {
        case .allow(let rule): rule
        case .deny(let denial): denial.rule
        }
    }
}
