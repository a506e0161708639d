extension Credentials {
    /// The structure that credentials were decoded from, and therefore what they prove.
    public enum Source: String, Hashable, Sendable, CaseIterable {
        /// Linux `struct ucred` of `SCM_CREDENTIALS`: attached to the very bytes of a message.
        case scmCredentials
        /// Linux `struct ucred` of `SO_PEERCRED`: whoever called connect(2), listen(2) or
        /// socketpair(2). Says nothing about who writes now.
        case peerCredentials
        /// This process, asked for its own ids (getpid(2), getresuid(2), getgroups(2)).
        case process
    }
}
