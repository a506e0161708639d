// Who sent a message or holds the other end, as the kernel says it. A value of this type exists
// only where a complete structure was decoded: there is no default and no zero-initialised one, so
// that "absent" can never be mistaken for root.

/// An identity that a socket carried, in the kernel's numbers.
///
/// A number that the source does not supply is absent (nil), never zero. What each number means
/// depends on ``source``: see ``Source-swift.enum/userIDMeaning``.
public struct Credentials: Hashable, Sendable {
    /// Which structure this was decoded from.
    public let source: Source
    /// In the receiver's pid namespace; 0 where the kernel has no number for the process there.
    public let pid: Int32?
    /// The real user id; of `SCM_CREDENTIALS` one that the sender may become.
    public let uid: UInt32?
    /// The real group id; of `SCM_CREDENTIALS` one that the sender may become.
    public let gid: UInt32?
    /// The effective user id.
    public let euid: UInt32?
    /// The effective group id.
    public let egid: UInt32?
    /// The groups as the structure lists them; nil where it has no list. `cmsgcred` and `xucred`
    /// list the effective group first, FreeBSD's `sockcred` does so before 15, the others do not.
    public let groups: [UInt32]?

    /// Credentials with the given numbers; those left out are absent.
    public init(
        source: Source, pid: Int32? = nil, uid: UInt32? = nil, gid: UInt32? = nil,
        euid: UInt32? = nil, egid: UInt32? = nil, groups: [UInt32]? = nil
    ) {
        self.source = source
        self.pid = pid
        self.uid = uid
        self.gid = gid
        self.euid = euid
        self.egid = egid
        self.groups = groups
    }
}
