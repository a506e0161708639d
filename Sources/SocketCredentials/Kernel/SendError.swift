#if os(Linux)
public import SystemPackage

/// Why a message was not sent. Nothing of it was.
public enum SendError: Error, Hashable, Sendable {
    /// A message carries at most 253 descriptors (`SCM_MAX_FD`). The kernel was not asked.
    case tooManyDescriptors(count: Int)
    /// A stream carries ancillary data with its bytes only: without any, the kernel would drop the
    /// claim and the descriptors and report success. The kernel was not asked.
    case noBytesToCarryIt
    /// The kernel does not let this process claim these ids (`EPERM`); each part says which
    /// capability it needs.
    case claimRefused([Claim.Part])
    /// No process has the claimed pid (`ESRCH`).
    case claimedProcessMissing(pid: Int32)
    /// These ids have no number in this user namespace, or are 4294967295 (`EINVAL`).
    case claimedIDUnmapped([Claim.Part])
    /// The receiver takes no descriptors: it has cleared `SO_PASSRIGHTS` (`EPERM`, Linux 6.16).
    case descriptorsRefused
    /// More descriptors of this user are under way between processes than its `RLIMIT_NOFILE`
    /// (`ETOOMANYREFS`).
    case tooManyInFlight
    /// The peer has closed its end (`EPIPE`, `ECONNRESET`, `ECONNREFUSED`).
    case peerGone(Errno)
    /// A message must go in one piece, and this one is longer than the socket's buffer
    /// (`EMSGSIZE`).
    case messageTooLong(byteCount: Int)
    /// Anything else.
    case system(SystemCallError)

    /// What the kernel said; nil where it was not asked.
    public var errno: Errno? {
        switch self {
        case .tooManyDescriptors, .noBytesToCarryIt: nil
        case .claimRefused, .descriptorsRefused: .notPermitted
        case .claimedProcessMissing: .noSuchProcess
        case .claimedIDUnmapped: .invalidArgument
        case .tooManyInFlight: .tooManyReferences
        case .peerGone(let errno): errno
        case .messageTooLong: .messageTooLong
        case .system(let error): error.errno
        }
    }
}

extension SendError: CustomStringConvertible {
    /// A full sentence: what happened, and what to do where something can be done.
    public var description: String {
        switch self {
        case .tooManyDescriptors(let count):
            """
            A message carries at most \(AncillaryData.maximumRights) descriptors (SCM_MAX_FD), and \
            \(count) were to go. Send them in several messages.
            """
        case .noBytesToCarryIt:
            """
            A stream socket carries claims and descriptors with its bytes only, and there were \
            none. Send at least one byte with them.
            """
        case .claimRefused(let parts): Self.refusal(of: parts)
        case .claimedProcessMissing(let pid):
            "No process has pid \(pid), which was to be claimed (ESRCH)."
        case .claimedIDUnmapped(let parts):
            """
            \(Self.list(parts.map(\.description))) cannot be claimed: this user namespace has no \
            such id (EINVAL, user_namespaces(7)).
            """
        case .descriptorsRefused:
            "The receiver takes no descriptors: it has cleared SO_PASSRIGHTS (EPERM)."
        case .tooManyInFlight:
            """
            Too many descriptors of this user are under way between processes (ETOOMANYREFS). \
            Raise RLIMIT_NOFILE, or wait until the receivers have taken them.
            """
        case .peerGone(let errno): "The peer has closed its end of the socket (\(errno))."
        case .messageTooLong(let byteCount):
            """
            A message of \(byteCount) bytes is longer than the socket's send buffer takes \
            (EMSGSIZE, SO_SNDBUF).
            """
        case .system(let error): "\(error)."
        }
    }

    private static func refusal(of parts: [Claim.Part]) -> String {
        let needs = parts.map { part in
            switch part {
            case .uid, .gid: "\(part) needs \(part.capability)"
            case .pid:
                "\(part) needs \(part.capability) in the user namespace that owns the pid namespace"
            }
        }
        return """
            The kernel does not let this process claim \(list(parts.map(\.description))) (EPERM): \
            \(needs.joined(separator: ", ")).
            """
    }

    private static func list(_ items: [String]) -> String {
        guard let last = items.last, items.count > 1 else { return items.first ?? "" }
        return "\(items.dropLast().joined(separator: ", ")) and \(last)"
    }
}
#endif
