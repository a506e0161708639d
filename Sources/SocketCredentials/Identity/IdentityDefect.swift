/// Why credentials name nobody, though the kernel delivered them in full.
public enum IdentityDefect: String, Hashable, Sendable, CaseIterable {
    /// User id 4294967295: the socket has no peer.
    case noPeer
    /// The overflow user id: the sender's has no number in this user namespace, or nobody was
    /// recorded when the bytes were sent (user_namespaces(7), unix(7)).
    case userUnknown
    /// Process id 0 or less: the sender is outside this pid namespace, nobody was recorded, or a
    /// stream has ended.
    case processUnknown
}

/// The ids that stand for "has no number here" (`/proc/sys/kernel/overflowuid`, `overflowgid`).
public struct OverflowIDs: Hashable, Sendable {
    /// The user id that stands for every one without a number here.
    public var uid: UInt32
    /// The group id that stands for every one without a number here.
    public var gid: UInt32

    /// Such ids as an administrator set them.
    public init(uid: UInt32, gid: UInt32) {
        self.uid = uid
        self.gid = gid
    }

    /// What an unconfigured kernel has: 65534 for both.
    public static let kernelDefault = OverflowIDs(uid: 65534, gid: 65534)
}

extension Credentials {
    /// What keeps these from being an identity here; nil where nothing does.
    ///
    /// Looks at every user id and at the process id, where they are present.
    public func defect(overflow: OverflowIDs = .kernelDefault) -> IdentityDefect? {
        let users = [uid, euid].compactMap(\.self)
        if users.contains(.max) { return .noPeer }
        if users.contains(overflow.uid) { return .userUnknown }
        if let pid, pid <= 0 { return .processUnknown }
        return nil
    }
}
