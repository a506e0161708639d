// What the numbers of each structure are. Two structures with the same fields prove different
// things; code that decides by a number should be able to ask which kind it is.

/// What a user id or group id was to the process it belongs to.
public enum IDMeaning: String, Hashable, Sendable, CaseIterable {
    /// `uid` or `gid` is the real one, and `euid` or `egid` the effective one.
    case realAndEffective
    /// `euid` or `egid` is the effective one; the real one is not told.
    case effective
    /// `uid` or `gid` is one that the sender may become: its real, effective or saved one, or any
    /// where it has CAP_SETUID or CAP_SETGID. The real one where the sender said nothing (unix(7)).
    case mayBecome
}

/// Which process a process id names.
public enum ProcessIDMeaning: String, Hashable, Sendable, CaseIterable {
    /// The sender, or what a sender with CAP_SYS_ADMIN says it is (unix(7)).
    case claim
    /// The sender, as the kernel wrote it down when the message was sent.
    case sender
    /// Who called connect(2), listen(2) or socketpair(2), which need not be who has the socket now.
    case atConnect
    /// Who used the peer's socket last, which changes while it is open.
    case lastUser
    /// This process.
    case own
}

extension Credentials.Source {
    /// What carries a structure from the kernel to a process.
    public enum Carrier: String, Hashable, Sendable, CaseIterable {
        /// A control message of recvmsg(2), with the bytes it is about.
        case message
        /// A socket option of getsockopt(2), about the connection as a whole.
        case connection
        /// Nothing: a process asked for its own.
        case process
    }

    /// How the structure comes.
    public var carrier: Carrier {
        switch self {
        case .scmCredentials, .cmsgcred, .sockcred, .sockcred2, .netBSDSockcred,
            .netBSDSockcred70, .ucred:
            .message
        case .peerCredentials, .sockpeercred, .xucred, .darwinXucred, .peerPID, .peerEPID,
            .unpcbid:
            .connection
        case .process: .process
        }
    }

    /// What the user ids are; nil where the structure has none.
    public var userIDMeaning: IDMeaning? {
        switch self {
        case .scmCredentials: .mayBecome
        case .peerCredentials, .sockpeercred, .unpcbid, .xucred, .darwinXucred: .effective
        case .process, .cmsgcred, .sockcred, .sockcred2, .netBSDSockcred, .netBSDSockcred70,
            .ucred:
            .realAndEffective
        case .peerPID, .peerEPID: nil
        }
    }

    /// What the group ids are; nil where the structure has none.
    public var groupIDMeaning: IDMeaning? { userIDMeaning }

    /// Which process the pid names; nil where the structure has none.
    public var processIDMeaning: ProcessIDMeaning? {
        switch self {
        case .scmCredentials: .claim
        case .cmsgcred, .sockcred2, .netBSDSockcred, .ucred: .sender
        case .peerCredentials, .sockpeercred, .xucred, .unpcbid: .atConnect
        case .peerPID, .peerEPID: .lastUser
        case .process: .own
        case .sockcred, .netBSDSockcred70, .darwinXucred: nil
        }
    }
}
