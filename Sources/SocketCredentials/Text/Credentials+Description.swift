// Identities in words. A number never stands there without the kind of id that it is, since that
// is what a reader of a log gets wrong.

extension Credentials: CustomStringConvertible {
    /// Every number that is there, in the order pid, uid, euid, gid, egid, groups, each with what
    /// it is to the process; then what it was read from.
    public var description: String {
        let numbers = [
            pid.map { "pid \($0)" + source.text(ofProcessID: $0) },
            uid.map { "uid \($0)" + Self.text(of: $0, source.userIDMeaning) },
            euid.map { "euid \($0)" + Self.text(of: $0, nil) },
            gid.map { "gid \($0)" + Self.text(of: $0, source.groupIDMeaning) },
            egid.map { "egid \($0)" + Self.text(of: $0, nil) },
            groups.map(Self.text(of:)),
        ]
        let present = numbers.compactMap(\.self)
        return (present + ["from \(source)"]).joined(separator: ", ")
    }

    private static func text(of id: UInt32, _ meaning: IDMeaning?) -> String {
        if id == .max { return " (nobody)" }
        return switch meaning {
        case .mayBecome: " (one that the sender may become)"
        case .realAndEffective: " (the real one)"
        case .effective, nil: ""
        }
    }

    private static func text(of groups: [UInt32]) -> String {
        switch groups.count {
        case 0: "no groups"
        case 1: "group \(groups[0])"
        default: "groups " + groups.map { "\($0)" }.joined(separator: " ")
        }
    }
}

extension Credentials.Source: CustomStringConvertible {
    /// The structure and the constant that it comes with: `ucred of SCM_CREDENTIALS`.
    public var description: String {
        switch self {
        case .scmCredentials: "ucred of SCM_CREDENTIALS"
        case .peerCredentials: "ucred of SO_PEERCRED"
        case .process: "this process"
        case .sockpeercred: "sockpeercred of SO_PEERCRED"
        case .cmsgcred: "cmsgcred of SCM_CREDS"
        case .sockcred, .netBSDSockcred: "sockcred of SCM_CREDS"
        case .sockcred2: "sockcred2 of SCM_CREDS2"
        case .netBSDSockcred70: "sockcred70 of SCM_OCREDS"
        case .xucred, .darwinXucred: "xucred of LOCAL_PEERCRED"
        case .peerPID: "LOCAL_PEERPID"
        case .peerEPID: "LOCAL_PEEREPID"
        case .unpcbid: "unpcbid of LOCAL_PEEREID"
        case .ucred: "ucred_t of SCM_UCRED"
        }
    }

    fileprivate func text(ofProcessID pid: Int32) -> String {
        if pid <= 0 { return " (no process of this pid namespace)" }
        return switch processIDMeaning {
        case .claim: " (as the sender says)"
        case .sender: " (the sender)"
        case .atConnect: " (who connected, listened or made the pair)"
        case .lastUser: " (who used the peer's socket last)"
        case .own, nil: ""
        }
    }
}

extension IdentityDefect: CustomStringConvertible {
    /// Why this is nobody, as the end of a sentence.
    public var description: String {
        switch self {
        case .noPeer: "user id 4294967295, which is nobody's: the socket has no peer"
        case .userUnknown:
            "the overflow user id: the sender's has no number in this user namespace, or nobody "
                + "was recorded when the bytes were sent"
        case .processUnknown:
            "no process id: the sender is outside this pid namespace, nobody was recorded, or the "
                + "stream has ended"
        }
    }
}
