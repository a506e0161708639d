public import ControlProtocol
public import SocketCredentials

/// The policy of one daemon: (request, credentials, connection) -> allow or deny.
///
/// Its first rule cannot be configured away: the uid that the kernel verified with the very bytes
/// of the request is the daemon's own real uid. Then come the limits, then the configuration's
/// rules in their order, of which the first that matches decides; what none matches is denied.
/// Nothing is decided by pid, by path or by a number inside the request, and no decision is kept.
public struct Policy: Hashable, Sendable {
    public let ownUID: UInt32
    public let overflow: OverflowIDs
    public let limits: Limits
    public let rules: [PolicyRule]

    public init(
        ownUID: UInt32, overflow: OverflowIDs = .kernelDefault, limits: Limits = Limits(),
        rules: [PolicyRule] = Policy.builtInRules
    ) {
        self.ownUID = ownUID
        self.overflow = overflow
        self.limits = limits
        self.rules = rules
    }

    /// What holds where no configuration has a list of rules: whoever the kernel let claim the own
    /// uid may do everything that the interface has, and what it may come to have is denied.
    public static let builtInRules: [PolicyRule] = {
        var conditions = PolicyRule.Conditions()
        conditions.methods = [
            .getInfo, .getInterfaceDescription, .begin, .add, .commit, .list, .status, .monitor,
            .stop, .fetch,
        ]
        return [PolicyRule(RuleName(rawValue: "own-user"), .allow, conditions)]
    }()

    /// Decides one request.
    ///
    /// - Parameters:
    ///   - credentials: what the kernel attached to the request's bytes; nil where there was
    ///     none, more than one, an incomplete one, or the stream had ended.
    ///   - connection: what the kernel said of the connection.
    public func decide(
        _ request: Request, from credentials: Credentials?, over connection: ConnectionFacts
    ) -> Decision {
        if let denial = authenticate(credentials) ?? charge(request) { return .deny(denial) }
        let subject = Subject(credentials, connection, request, overflow)
        guard let rule = rules.first(where: { $0.matches(subject) }) else {
            return .deny(
                Denial(
                    .defaultDeny,
                    """
                    No rule of the daemon's configuration allows this \(request.method.rawValue). \
                    'profilerctl policy check' shows how a request is decided.
                    """))
        }
        switch rule.action {
        case .allow: return .allow(rule.name)
        case .deny:
            return .deny(
                Denial(
                    rule.name,
                    """
                    The rule '\(rule.name)' of the daemon's configuration denies this \
                    \(request.method.rawValue).
                    """))
        }
    }

    /// Says why these are not the credentials of the own user; nil where they are. It is the first
    /// step of every decision, and by itself the one about a message that was not yet looked at.
    public func authenticate(_ credentials: Credentials?) -> Denial? {
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
