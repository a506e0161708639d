// Who sent a message, as the kernel says it. A value of this type exists only where a complete
// item was decoded: there is no default and no zero-initialised one, so that "absent" can never be
// mistaken for root.

/// The identity that a socket carried: Linux `struct ucred` (unix(7)).
///
/// What the numbers mean depends on ``source``; they are kept apart and never mixed.
public struct Credentials: Hashable, Sendable {
    /// Where credentials were decoded from, and therefore what they prove.
    public enum Source: String, Hashable, Sendable {
        /// `SCM_CREDENTIALS`: attached to the very bytes of a message. `uid` is one that the sender
        /// *may become* (its real, effective or saved uid, or any with `CAP_SETUID`) where it was
        /// claimed, and the sender's real uid where the kernel filled it in. The receiver cannot
        /// tell the two apart. `pid` is a claim where the sender has `CAP_SYS_ADMIN`.
        case message
        /// `SO_PEERCRED`: the effective ids of whoever called connect(2), listen(2) or
        /// socketpair(2). Says nothing about who writes now.
        case connection
    }

    /// In the receiver's pid namespace; 0 where the kernel has no number for the sender there.
    public let pid: Int32
    /// In the receiver's user namespace; the overflow uid where it has no number there.
    public let uid: UInt32
    /// In the receiver's user namespace; the overflow gid where it has no number there.
    public let gid: UInt32
    public let source: Source

    public init(pid: Int32, uid: UInt32, gid: UInt32, source: Source) {
        self.pid = pid
        self.uid = uid
        self.gid = gid
        self.source = source
    }

    /// The overflow uid and gid of an unconfigured kernel (`/proc/sys/kernel/overflowuid`).
    public static let defaultOverflowID: UInt32 = 65534

    /// Whether these can name anybody at all.
    ///
    /// False for what Linux delivers where it recorded nobody: pid 0 (the end of a stream, bytes
    /// sent before `SO_PASSCRED`, a sender outside the pid namespace), uid 4294967295 (no peer)
    /// and the overflow uid (a sender without a number in this user namespace).
    public func namesSomebody(overflowID: UInt32 = Self.defaultOverflowID) -> Bool {
        pid > 0 && uid != UInt32.max && uid != overflowID
    }
}

extension Credentials: CustomStringConvertible {
    public var description: String { "pid \(pid), uid \(uid), gid \(gid)" }
}
